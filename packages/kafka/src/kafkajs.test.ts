import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { type KafkaConnection, openKafka } from "./connection.ts";
import { type Encoded, openCluster, type ProtocolRequest } from "./kafkajs.ts";

/** A broker that takes connections and never answers. */
const mute = async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const connection: KafkaConnection = {
    brokers: [`127.0.0.1:${address.port}`],
    clientId: "mute",
    tls: null,
    sasl: null,
  };
  return { sockets, connection };
};

type Connection = {
  connect(): Promise<unknown>;
  disconnect(): Promise<unknown>;
  chunks: Buffer[];
  bytesBuffered: number;
  send(request: Pick<ProtocolRequest<object>, "request" | "response">): Promise<object>;
  readonly requestQueue: { checkPendingRequests(): void; push(request: object): void };
};
type Inside = {
  connectionPoolBuilder: { build(args?: object): Promise<{ pool: Connection[] }> };
};

const connectionTo = async (settings: KafkaConnection, requestTimeoutMs = 10_000): Promise<Connection> => {
  const cluster = openCluster(openKafka(settings, () => {}, { requestTimeoutMs })) as unknown as Inside;
  const [connection] = (await cluster.connectionPoolBuilder.build()).pool;
  if (connection === undefined) throw new Error("no connection in the pool");
  return connection;
};

test("two calls of connect at once open one socket", async () => {
  const { sockets, connection } = await mute();
  const one = await connectionTo(connection);
  await Promise.all([one.connect(), one.connect()]);
  await one.connect();
  await vi.waitFor(() => expect(sockets).toHaveLength(1));
  await one.disconnect();
});

test("half a response from a socket that broke is not the beginning of the next socket's", async () => {
  const { sockets, connection } = await mute();
  const one = await connectionTo(connection);
  await one.connect();
  await vi.waitFor(() => expect(sockets).toHaveLength(1));
  sockets[0]?.write(Buffer.from([0, 0, 1, 0, 1, 2, 3]));
  await vi.waitFor(() => expect(one.bytesBuffered).toBe(7));
  await one.disconnect();
  await one.connect();
  expect(one.bytesBuffered).toBe(0);
  sockets[0]?.write(Buffer.from([9, 9, 9]));
  await vi.waitFor(() => expect(sockets).toHaveLength(2));
  sockets[1]?.write(Buffer.from([0, 0]));
  await vi.waitFor(() => expect(one.bytesBuffered).toBe(2));
  expect(Buffer.concat(one.chunks)).toEqual(Buffer.from([0, 0]));
  await one.disconnect();
});

test("an idle connection arms no timer and warns of none", async () => {
  const { connection } = await mute();
  const one = await connectionTo(connection);
  await one.connect();
  const timeouts = vi.spyOn(globalThis, "setTimeout");
  onTestFinished(() => timeouts.mockRestore());
  one.requestQueue.checkPendingRequests();
  expect(timeouts).not.toHaveBeenCalled();
  await one.disconnect();
});

test("requests without an answer time out on every connection, and one timer sees to it until the last is closed", async () => {
  const { connection } = await mute();
  const timers = vi.spyOn(globalThis, "setInterval");
  const cleared = vi.spyOn(globalThis, "clearInterval");
  onTestFinished(() => void [timers.mockRestore(), cleared.mockRestore()]);
  const both = [await connectionTo(connection, 150), await connectionTo(connection, 150)] as const;
  await Promise.all(both.map((one) => one.connect()));
  const sends = both.map(({ requestQueue }, index) => {
    const answered = Promise.withResolvers<void>();
    const entry = { correlationId: index, apiName: "Metadata", apiKey: 3, apiVersion: 0, ...answered };
    requestQueue.push({ entry, expectResponse: true, sendRequest: () => {} });
    return answered.promise;
  });
  for (const sent of sends) await expect(sent).rejects.toThrow("timed out");
  expect(timers).toHaveBeenCalledTimes(1);
  const [timer] = timers.mock.results.map(({ value }) => value);
  await both[0].disconnect();
  expect(cleared).not.toHaveBeenCalledWith(timer);
  await both[1].disconnect();
  expect(cleared).toHaveBeenCalledWith(timer);
});

test("a request goes out as one frame, its large pieces after its beginning", async () => {
  const { sockets, connection } = await mute();
  const one = await connectionTo(connection, 500);
  await one.connect();
  await vi.waitFor(() => expect(sockets).toHaveLength(1));
  const got: Buffer[] = [];
  sockets[0]?.on("data", (bytes) => got.push(bytes));
  const pieces = [Buffer.from("a"), Buffer.alloc(100_000, 1), Buffer.alloc(100_000, 2)] as const;
  const [buffer, ...rest] = pieces;
  const send = (encode: () => Promise<Encoded>) => {
    const request = { apiKey: 0, apiVersion: 7, apiName: "Produce", encode };
    one.send({ request, response: { decode: async () => ({}), parse: async () => ({}) } }).catch(() => {});
  };
  send(async () => ({ buffer, rest }));
  send(async () => ({ buffer: Buffer.from("another") }));
  const name = Buffer.from("mute");
  const frame = (correlation: number, body: Buffer): Buffer => {
    const head = Buffer.from([0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, correlation, 0, name.length]);
    head.writeInt32BE(head.length - 4 + name.length + body.length);
    return Buffer.concat([head, name, body]);
  };
  const wanted = Buffer.concat([frame(0, Buffer.concat(pieces)), frame(1, Buffer.from("another"))]);
  await vi.waitFor(() => expect(Buffer.concat(got).length).toBe(wanted.length));
  expect(Buffer.concat(got).equals(wanted)).toBe(true);
  await one.disconnect();
});

test("letting go of a dead socket again and again leaves no listeners on it", async () => {
  const { sockets, connection } = await mute();
  const one = await connectionTo(connection);
  await one.connect();
  await vi.waitFor(() => expect(sockets).toHaveLength(1));
  const { socket } = one as unknown as { socket: Socket };
  sockets[0]?.destroy();
  await vi.waitFor(() => expect(socket.destroyed).toBe(true));
  const before = socket.listenerCount("connect");
  for (let turn = 0; turn < 20; turn++) await one.disconnect();
  expect(socket.listenerCount("connect")).toBe(before);
});

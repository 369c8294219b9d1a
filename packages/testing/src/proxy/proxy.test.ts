import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "../processes.ts";
import { Frames } from "./frames.ts";
import { startProxy, type TcpProxy } from "./proxy.ts";

const END_TRANSACTION = 26;
const FETCH = 1;

/** Length, kind, version, number, and something more. */
function request(apiKey: number, correlationId: number, more = "payload"): Buffer {
  const bytes = Buffer.alloc(12 + more.length);
  bytes.writeUInt32BE(8 + more.length, 0);
  bytes.writeInt16BE(apiKey, 4);
  bytes.writeInt32BE(correlationId, 8);
  bytes.write(more, 12);
  return bytes;
}

/** Answers each request with its number, and remembers it. */
class Answering {
  readonly server = createServer((socket) => {
    const frames = new Frames();
    socket.on("error", () => {});
    socket.on("data", (bytes: Buffer) => {
      for (const frame of frames.push(bytes)) {
        this.seen.push(frame.readInt32BE(8));
        const answer = Buffer.alloc(8);
        answer.writeUInt32BE(4, 0);
        frame.copy(answer, 4, 8, 12);
        socket.write(answer);
      }
    });
  });
  readonly seen: number[] = [];
}

class Client {
  readonly socket: Socket;
  readonly answers: number[] = [];
  ended = false;

  constructor(port: number) {
    this.socket = connect(port, "127.0.0.1");
    const frames = new Frames();
    this.socket.on("data", (bytes: Buffer) => {
      for (const frame of frames.push(bytes)) this.answers.push(frame.readInt32BE(4));
    });
    this.socket.on("error", () => {});
    this.socket.on("close", () => {
      this.ended = true;
    });
  }

  async asks(apiKey: number, correlationId: number): Promise<void> {
    this.socket.write(request(apiKey, correlationId));
    await until(() => this.answers.includes(correlationId) || this.ended, 5_000, 1);
  }
}

let broker: Answering;
let proxy: TcpProxy;

beforeEach(async () => {
  broker = new Answering();
  broker.server.listen(0, "127.0.0.1");
  await once(broker.server, "listening");
  const address = broker.server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  proxy = await startProxy({ host: "127.0.0.1", port });
});

afterEach(async () => {
  await proxy.close();
  broker.server.close();
});

test("all goes through whole and in order, however it was cut into pieces", async () => {
  const client = new Client(proxy.port);
  const bytes = Buffer.concat([1, 2, 3].map((number) => request(FETCH, number, "x".repeat(number * 100))));
  for (let at = 0; at < bytes.length; at += 7) client.socket.write(bytes.subarray(at, at + 7));
  expect(await until(() => client.answers.length === 3, 5_000, 1)).toBe(true);
  expect([broker.seen, client.answers]).toEqual([
    [1, 2, 3],
    [1, 2, 3],
  ]);
});

test("the reply to the end of a transaction is lost after the broker took it, and its connection with it", async () => {
  const client = new Client(proxy.port);
  const lost = proxy.lose("reply", 5_000);
  await client.asks(FETCH, 1);
  await client.asks(END_TRANSACTION, 2);
  expect(await lost).toBe(true);
  expect([broker.seen, client.answers]).toEqual([[1, 2], [1]]);
  expect(await until(() => client.ended, 5_000, 1)).toBe(true);
});

test("the end of a transaction is lost before the broker has it", async () => {
  const client = new Client(proxy.port);
  const lost = proxy.lose("request", 5_000);
  await client.asks(END_TRANSACTION, 1);
  expect(await lost).toBe(true);
  expect([broker.seen, client.answers, client.ended]).toEqual([[], [], true]);
  const next = new Client(proxy.port);
  await next.asks(END_TRANSACTION, 2);
  expect([broker.seen, next.answers]).toEqual([[2], [2]]);
});

test("what does not come is not lost", async () => {
  expect(await proxy.lose("reply", 1)).toBe(false);
});

test("a cut resets who is there and who comes, and heals", async () => {
  const client = new Client(proxy.port);
  await client.asks(FETCH, 1);
  const healed = proxy.cut(50);
  const other = new Client(proxy.port);
  expect(await until(() => client.ended && other.ended, 5_000, 1)).toBe(true);
  await healed;
  const next = new Client(proxy.port);
  await next.asks(FETCH, 2);
  expect([broker.seen, next.answers]).toEqual([[1, 2], [2]]);
});

test("half open, the broker hears but is not heard; what it said then never arrives", async () => {
  const client = new Client(proxy.port);
  await client.asks(FETCH, 1);
  const healed = proxy.deafen("replies", 100);
  client.socket.write(request(FETCH, 2));
  expect(await until(() => broker.seen.includes(2), 5_000, 1)).toBe(true);
  await healed;
  expect([client.answers, await until(() => client.ended, 5_000, 1)]).toEqual([[1], true]);
});

test("a delay keeps the order", async () => {
  const client = new Client(proxy.port);
  await client.asks(FETCH, 0);
  const over = proxy.delay(20, 100);
  const numbers = Array.from({ length: 20 }, (_, at) => at + 1);
  for (const number of numbers) client.socket.write(request(FETCH, number));
  await over;
  expect(await until(() => client.answers.length === 21, 5_000, 1)).toBe(true);
  expect(client.answers).toEqual([0, ...numbers]);
});

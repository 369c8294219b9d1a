import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { boundConnections } from "./bound-connections.ts";

test("whoever came first makes room for whoever comes when it is full", async () => {
  const server = createServer();
  boundConnections(server, 3);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const clients: Socket[] = [];
  onTestFinished(() => {
    for (const client of clients) client.destroy();
    server.close();
  });
  const closed: number[] = [];
  const come = async (): Promise<void> => {
    const number = clients.length;
    const client = connect((server.address() as { port: number }).port, "127.0.0.1");
    client.on("error", () => {});
    client.on("close", () => closed.push(number));
    client.resume();
    clients.push(client);
    await once(server, "connection");
  };
  for (let count = 0; count < 3; count += 1) await come();
  expect(closed).toEqual([]);
  await come();
  await until(() => closed.length === 1);
  clients[1]?.destroy();
  await until(() => closed.length === 2);
  await come();
  await come();
  await until(() => closed.length === 3);
  expect(closed).toEqual([0, 1, 2]);
});

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 5));
}

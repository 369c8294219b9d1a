import { REPLAY_HEADER, rejectedHeaders, TOPICS } from "@weir/schema";
import { createLogger, Routes } from "@weir/service";
import { type Interfere, MemoryBroker, MemoryLog, RetryLater } from "@weir/stream";
import { expect, test } from "vitest";
import { answerRejected, REJECTED_ROUTES } from "./rejected-routes.ts";

const [LIST, SHOW, REPLAY] = REJECTED_ROUTES;
const LEDGER = "weir.rejected.ledger";
const ORIGIN = `${TOPICS.transactions}/0/3`;

/** With a letter at offset 3 and a duplicate at offset 4 of the input. */
function aDetector(interfere: Interfere = () => undefined) {
  const broker = new MemoryBroker();
  for (const topic of [TOPICS.transactions, TOPICS.rejected, LEDGER]) broker.createTopic(topic, 1);
  for (const [reason, offset] of [
    ["internal", 3],
    ["duplicate", 4],
  ] as const) {
    const origin = `${TOPICS.transactions}/0/${offset}`;
    const headers = rejectedHeaders({ reason, origin, faults: [], engine: "0.1.0" });
    const value = Buffer.from('{"source":"secret","target":"b","amount":1,"currency":"EUR"}');
    broker.produce({
      topic: TOPICS.rejected,
      partition: 0,
      key: Buffer.from("secret"),
      value,
      headers,
      timestampMs: 1,
    });
  }
  const routes = new Routes(REJECTED_ROUTES);
  const lines: string[] = [];
  answerRejected(routes, {
    log: new MemoryLog(broker, { interfere }),
    appId: "weir",
    topics: TOPICS,
    retentionOf: async () => null,
    clock: { now: () => 0, sleep: async () => {}, turn: async () => {} },
    logger: createLogger({
      level: "info",
      service: "test",
      instance: "1",
      destination: { write: (line: string) => void lines.push(line) },
    }),
    nextRun: () => "run",
    nowMs: () => 5_000,
  });
  const ask = async (spec: (typeof REJECTED_ROUTES)[number], { origin = ORIGIN, query = {} } = {}) =>
    await routes.answer(spec, { params: { origin }, query });
  const sent = () => broker.partitions(TOPICS.transactions).flatMap((one) => one.slice(0, one.end, 100).records);
  return { ask, sent, lines };
}

test("a list has the newest, by reason if asked, and totals", async () => {
  const { ask } = aDetector();
  const all = await ask(LIST, { query: { limit: "1" } });
  expect(all).toMatchObject({
    status: 200,
    body: { totals: { internal: 1, duplicate: 1 }, rejected: [{ reason: "duplicate" }] },
  });
  const some = await ask(LIST, { query: { reason: "internal" } });
  expect(some.body).toMatchObject({ totals: { internal: 1 }, rejected: [{ origin: ORIGIN }] });
});

test.each([
  { limit: "0" },
  { limit: "1001" },
  { limit: "x" },
  { limit: ["1", "2"] },
  { reason: ["a", "b"] },
  { since: "1" },
])("%j is refused", async (query) => {
  expect((await aDetector().ask(LIST, { query })).status).toBe(400);
});

test("one that is shown or listed is masked, and its payload is in no log line", async () => {
  const { ask, lines } = aDetector();
  const answers = [await ask(SHOW), await ask(LIST), await ask(REPLAY)];
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(JSON.stringify([answers, lines])).not.toContain("secret");
});

test("one is sent in once, and the second time says so", async () => {
  const { ask, sent } = aDetector();
  expect(await ask(REPLAY)).toMatchObject({ status: 200, body: { origin: ORIGIN, result: "sent", atMs: 5_000 } });
  expect(await ask(REPLAY)).toMatchObject({ status: 409, body: { result: "already" } });
  expect(sent().map(({ headers }) => String(headers))).toEqual([String([[REPLAY_HEADER, ORIGIN]])]);
  expect((await ask(SHOW)).body).toMatchObject({ replayed: { bytes: "original" } });
});

test.each(["", "x", `${TOPICS.transactions}/0/99`, "../../etc/passwd"])("%j is not there", async (origin) => {
  const { ask } = aDetector();
  expect((await ask(SHOW, { origin })).status).toBe(404);
  expect((await ask(REPLAY, { origin })).status).toBe(404);
});

test("what must not be sent is refused with its reason", async () => {
  const { ask, sent } = aDetector();
  const answer = await ask(REPLAY, { origin: `${TOPICS.transactions}/0/4` });
  expect(answer).toMatchObject({ status: 409, body: { error: expect.stringContaining("its id was decided before") } });
  expect(sent()).toEqual([]);
});

test("while one request is under way another is refused", async () => {
  const { ask } = aDetector();
  const [first, second] = await Promise.all([ask(LIST), ask(LIST)]);
  expect([first.status, second.status]).toEqual([200, 429]);
  expect((await ask(LIST)).status).toBe(200);
});

test("a log that does not answer is 503", async () => {
  const { ask } = aDetector(() => Promise.reject(new RetryLater("no broker")));
  expect(await ask(LIST)).toMatchObject({ status: 503 });
});

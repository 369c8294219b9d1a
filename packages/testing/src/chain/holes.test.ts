/** A chunk that is gone from the middle of a key's, each of the others whole. */
import { isMarkerKey, parseChunkKey } from "@weir/stream";
import { expect, test } from "vitest";
import { CHAIN_TOPICS, tryChain } from "./chain-run.ts";
import type { Input } from "./payments.ts";
import { planOf } from "./rulesets.fixture.ts";

const BUSY = `
name: busy
version: 1
features: { sent_1h: { by: source, count: true, over: 1h } }
rules: [{ id: busy, when: sent_1h > 1000, score: 0.7 }]
thresholds: { review: 0.6, decline: 0.9 }
`;

const STATE = { topic: "weir.state.weir.by-source", partition: 0 };

const paymentsFrom = (first: number, count: number): Input[] =>
  Array.from({ length: count }, (_, at) => ({
    ...{ topic: CHAIN_TOPICS.transactions, partition: 0, key: null, headers: [], timestampMs: 1_700_000_000_000 },
    value: Buffer.from(`{"source":"s","target":"t","amount":1,"currency":"EUR","id":"i${first + at}"}`),
  }));

test("is found out, and the state rebuilt from the log, which is said", async () => {
  const run = await tryChain({ plan: planOf(BUSY), partitions: 1 }, paymentsFrom(0, 1_200));
  const log = run.broker.partition(STATE);
  const ordinalOf = (key: Buffer): number => key.readUInt32BE(key.length - 4);
  const isSecond = (key: Buffer | null): boolean =>
    key !== null && !isMarkerKey(key) && ordinalOf(parseChunkKey(key).key) === 1;
  const kept = log.entries.filter(({ control, record: { key } }) => control || !isSecond(key));
  expect(kept.length).toBeLessThan(log.entries.length);
  log.entries.splice(0, log.entries.length, ...kept);
  expect(run.verdict().state.join()).toContain("chunk 1 of a key is missing");
  const process = run.start();
  run.produce(paymentsFrom(1_200, 50));
  await run.drain();
  await run.stop(process);
  expect(run.rebuilt.join()).toMatch(/does not fit together: .*chunk 1 of a key is missing/);
  expect(run.differences()).toEqual([]);
});

/** What a state topic holds: markers and chunks. Their checksums are made right again, so that what lies behind is reached. */
import { crc32 } from "node:zlib";
import {
  type ChainStage,
  CorruptChunk,
  compileRuleset,
  createChain,
  type EntityState,
  formatFaults,
} from "@weir/engine";
import type { LogRecord } from "@weir/schema";
import { decodeMarker, encodeMarker } from "@weir/stream";
import { Chance } from "@weir/testing";
import { damaged } from "./damage.ts";
import { goodMessage } from "./messages.ts";
import { must, type Target } from "./target.ts";

const CHECKSUM_HEX = 8;

export const markers: Target = {
  name: "marker",
  share: 60,
  draw(chance) {
    const marker = encodeMarker({
      position: chance.of(0, 5, 2 ** 40),
      replayFrom: { offset: chance.below(9), streamTimeMs: chance.of(-1, 1_700_000_000_000) },
      identity: "source@1",
      epoch: chance.below(3),
      tag: chance.of(null, "a;b"),
      snapshotFrom: chance.of(null, 0),
      historySinceMs: chance.of(0, 1_600_000_000_000),
      feeds: chance.of(null, [], ["weir.by-target"]),
    });
    const body = spoilt(chance, marker.subarray(CHECKSUM_HEX));
    const checksum = chance.below(10) === 0 ? "00000000" : crc32(body).toString(16).padStart(CHECKSUM_HEX, "0");
    return Buffer.from(`${checksum}${body}`);
  },
  take(input) {
    let marker: ReturnType<typeof decodeMarker>;
    try {
      marker = decodeMarker(input);
    } catch (error) {
      must(error instanceof Error, "what is thrown is an Error");
      return error instanceof SyntaxError ? "no JSON" : error.message.replace(/version .*/, "version");
    }
    must(JSON.stringify(decodeMarker(encodeMarker(marker))) === JSON.stringify(marker), "it is read as it is written");
    return "read";
  },
};

const ODD = [null, -1, 1.5, "0", "", {}, [], true, 2 ** 60, undefined];

/** JSON whose members are not what they should be, or bytes that are no JSON. */
function spoilt(chance: Chance, body: Buffer): string {
  if (chance.below(3) === 0) return damaged(chance, body).toString();
  const marker = JSON.parse(String(body)) as Record<string, unknown>;
  marker[chance.of(...Object.keys(marker))] = chance.of(...ODD);
  return JSON.stringify(marker);
}

const RULESET = `
name: f
version: 1
features:
  count_1h: { by: source, count: true, over: 1h }
  usual: { by: source, mean: amount, over: 1d, before: true, otherwise: 0 }
  targets: { by: source, distinct: target, over: 1d }
  frauds: { by: source, fraud_count: true, over: 1d }
rules:
  - { id: a, when: count_1h > 2 && usual > 1 && targets > 1 && frauds == 0, score: 0.7 }
thresholds: { review: 0.6, decline: 0.9 }
`;

/** The stage that keeps a state by source. */
function sourceStage(): ChainStage {
  const compiled = compileRuleset(RULESET, { file: "f" });
  if (!compiled.ok) throw new Error(formatFaults(compiled.faults));
  const topics = { transactions: "in", labels: "labels", legit: "legit", fraud: "fraud", rejected: "rejected" };
  const chain = createChain({
    plan: compiled.plan,
    inputKeyed: false,
    appId: "weir",
    topics,
    partitions: new Map([
      ["in", 1],
      ["weir.by-source", 1],
    ]),
    explain: "none",
    maxRecordBytes: 65_536,
    maxFutureMs: 300_000,
  });
  const stage = chain.find(({ name }) => name === "source");
  const gate = chain.find(({ name }) => name === "gate");
  if (stage === undefined || gate === undefined) throw new Error("the chain has a gate and a source's stage");
  const chance = new Chance(1);
  for (let offset = 0; offset < 400; offset += 1) {
    const value = goodMessage(chance, offset);
    const record: LogRecord = { offset, timestampMs: 1_700_000_000_000, key: null, value, headers: [] };
    const [passed] = gate.step(gate.createState(), record, 0).outputs;
    if (passed !== undefined) log.push({ ...passed, offset });
  }
  return stage;
}

const log: LogRecord[] = [];
const stage = sourceStage();
const chunks = filled().takeSnapshot(Number.MAX_SAFE_INTEGER, log.length);

function filled(): EntityState {
  const state = stage.createState() as EntityState;
  state.loaded(-1);
  for (const record of log) {
    const { event } = stage.step(state, record, 0);
    if (event !== null) state.apply(event, record.offset);
  }
  return state;
}

const CRC_BYTES = 4;

/** A key's length, the key, the value. */
export const chunkLoads: Target = {
  name: "chunk",
  share: 80,
  draw(chance) {
    const { key, value } = chance.of(...chunks);
    const name = chance.below(5) === 0 ? damaged(chance, key) : key;
    const body = damaged(chance, (value ?? Buffer.alloc(0)).subarray(0, -CRC_BYTES));
    const checksum = Buffer.alloc(CRC_BYTES);
    if (chance.below(10) > 0) checksum.writeUInt32BE(crc32(body, crc32(name)));
    const length = Buffer.alloc(2);
    length.writeUInt16BE(Math.min(name.length, 65_535));
    return Buffer.concat([length, name, body, checksum]);
  },
  take(input) {
    const end = Math.min(input.length, 2 + (input.length < 2 ? 0 : input.readUInt16BE(0)));
    const state = stage.createState() as EntityState;
    let outcome = "loaded";
    try {
      state.load(input.subarray(2, end), input.subarray(end));
    } catch (error) {
      must(error instanceof CorruptChunk, `a chunk that is refused is corrupt, not ${String(error)}`);
      outcome = error.message.replace(/-?\d+/g, "N");
    }
    try {
      state.loaded(1_700_000_000_000);
    } catch (error) {
      must(error instanceof CorruptChunk, `chunks that do not fit are corrupt, not ${String(error)}`);
      return error.message.replace(/-?\d+/g, "N");
    }
    // What was loaded can be asked, changed and written again.
    for (const record of log.slice(0, 3)) {
      const { event } = stage.step(state, record, 0);
      if (event !== null) state.apply(event, log.length + record.offset);
    }
    state.canonical();
    state.takeSnapshot(10, 2 * log.length);
    return outcome;
  },
};

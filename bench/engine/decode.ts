/** What decoding costs, per message, beside a bare JSON.parse of the same bytes. Good messages should stay below 1.5 us, bad ones below 5 us. */
import { decodeTransaction } from "@weir/schema";
import type { Part } from "./main.ts";
import { printTable } from "./measure.ts";

const ROUNDS = 7;
const MESSAGES_PER_ROUND = 300_000;

const good = { source: "KQWLZTBMXAPE", target: "RUVYHNDGOCSF", amount: 899.99, currency: "EUR" };
const ours = { id: "01HV3K9T2M8Q", ...good, timestamp: 1_700_000_000_000 };
const uuid = "7f1c2f7e-3b0a-4f4e-9a55-0d6b1f2f9c11";

const cases: readonly (readonly [name: string, text: string])[] = [
  ["four fields", JSON.stringify(good)],
  ["with id and timestamp", JSON.stringify(ours)],
  ["ids of 36 characters", JSON.stringify({ ...ours, source: uuid, target: uuid })],
  ["ids beyond ASCII", JSON.stringify({ ...ours, source: "Zoë", target: "Łódź" })],
  [
    "all fields, six unknown",
    JSON.stringify({
      ...ours,
      channel: "web",
      country: "DE",
      category: "5411",
      device: "d1",
      location: { latitude: 52.5, longitude: 13.4 },
      a: 1,
      b: [1, 2],
      c: { d: 1 },
      e: "text",
      f: null,
      g: true,
    }),
  ],
  ["bad: not JSON", "this is not JSON at all"],
  ["bad: cut off", JSON.stringify(ours).slice(0, -9)],
  ["bad: every field", '{"source":"","target":1,"amount":"1","currency":"eur","id":"","timestamp":"now"}'],
];

let sink = 0;

/** Best of the rounds, in ns a message: the least disturbed one. */
function nsPerMessage(work: (value: Buffer) => number, values: readonly Buffer[]): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < MESSAGES_PER_ROUND; i++) sink += work(values[i & 1023] as Buffer);
    best = Math.min(best, Number(process.hrtime.bigint() - start) / MESSAGES_PER_ROUND);
  }
  return best;
}

const decode = (value: Buffer) => (decodeTransaction(value).ok ? 1 : 0);
const parse = (value: Buffer) => (JSON.parse(value.toString()) === null ? 1 : 0);

export const decodePart: Part = {
  name: "decode",
  async run() {
    const rows = [["message", "bytes", "decode ns", "JSON.parse ns", "ratio"]];
    for (const [name, text] of cases) {
      // Views of one large buffer, as a reader hands them out.
      const size = Buffer.byteLength(text);
      const response = Buffer.from(text.repeat(1024));
      const values = Array.from({ length: 1024 }, (_, i) => response.subarray(i * size, (i + 1) * size));
      const decodeNs = nsPerMessage(decode, values);
      const parses = !name.startsWith("bad: not") && !name.startsWith("bad: cut");
      const parseNs = parses ? nsPerMessage(parse, values) : Number.NaN;
      const peer = parses ? [parseNs.toFixed(0), (decodeNs / parseNs).toFixed(2)] : ["throws", ""];
      rows.push([name, String(size), decodeNs.toFixed(0), ...peer]);
    }
    printTable(`Best of ${ROUNDS} rounds of ${MESSAGES_PER_ROUND.toLocaleString("en")} messages`, rows);
    if (sink < 0) throw new Error("unreachable");
  },
};

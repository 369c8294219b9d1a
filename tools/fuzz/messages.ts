/** What producers send: transactions and labels. */
import { isDeepStrictEqual } from "node:util";
import { decodeLabel, decodeTransaction, replaceIds } from "@weir/schema";
import { type Chance, hostileTransaction } from "@weir/testing";
import { damaged } from "./damage.ts";
import { must, type Target } from "./target.ts";

const GOOD = Buffer.from('{"source":"a","target":"b","amount":9.5,"currency":"EUR"}');

export const transactions: Target = {
  name: "transaction",
  share: 500,
  draw: (chance) => hostileTransaction(chance) ?? Buffer.alloc(0),
  take(input) {
    const result = decodeTransaction(input);
    const outcome = result.ok ? "decoded" : judgeFaults(result.faults);
    if (result.ok) {
      const { source, amountMinor } = result.transaction;
      const parsed = JSON.parse(String(input)) as { source: unknown };
      must(parsed.source === source, "its source is what JSON.parse reads");
      must(Number.isSafeInteger(amountMinor) && amountMinor > 0, `${amountMinor} minor units are an amount`);
      const { target, device } = result.transaction;
      const renamed = { source: other(source), target: other(target), device: device && other(device) };
      const again = decodeTransaction(replaceIds(input, "transaction", other));
      const same = again.ok && isDeepStrictEqual(again.transaction, { ...result.transaction, ...renamed });
      must(same, "with other ids it is the same but for them");
    }
    const next = decodeTransaction(GOOD);
    must(next.ok && next.transaction.amountMinor === 950, "the next message is read as ever");
    return outcome;
  },
};

const other = (id: string): string => `<${id}>`;

const MEMBERS = ["transaction", "source", "target", "timestamp", "fraud", "labelledAt", "decision", "__proto__"];
const VALUES = [
  '"a"',
  '""',
  "true",
  "false",
  "null",
  "1700000000000",
  "-1",
  "1e400",
  "{}",
  "[]",
  '"2023-11-14T22:13:20Z"',
];

export const labels: Target = {
  name: "label",
  share: 120,
  draw(chance) {
    const members = new Map([
      ["transaction", '"t1"'],
      ["source", '"a"'],
      ["target", '"b"'],
      ["timestamp", "1700000000000"],
      ["fraud", "true"],
      ["labelledAt", "1700000060000"],
    ]);
    for (let wrong = chance.below(3); wrong > 0; wrong -= 1) members.set(chance.of(...MEMBERS), chance.of(...VALUES));
    const text = Buffer.from(`{${[...members].map(([name, value]) => `"${name}":${value}`).join(",")}}`);
    return chance.below(3) === 0 ? damaged(chance, text) : text;
  },
  take(input) {
    const result = decodeLabel(input);
    if (!result.ok) return judgeFaults(result.faults);
    const { fraud } = JSON.parse(String(input)) as { fraud: unknown };
    must(result.label.fraud === fraud, "its truth is what JSON.parse reads");
    const { source, target } = result.label;
    const again = decodeLabel(replaceIds(input, "label", other));
    const same =
      again.ok && isDeepStrictEqual(again.label, { ...result.label, source: other(source), target: other(target) });
    must(same, "with other ids it is the same but for them");
    return "decoded";
  },
};

/** Which members have faults. */
function judgeFaults(faults: readonly { readonly field: string }[]): string {
  must(faults.length > 0, "what is refused has a fault");
  return `refused for ${[...new Set(faults.map(({ field }) => field))].sort().join(", ")}`;
}

/** For other targets: a message that is right. */
export function goodMessage(chance: Chance, index: number): Buffer {
  const members = {
    source: chance.of("a", "b", "Zoë"),
    target: chance.of("x", "y", "z"),
    amount: 1 + chance.below(1_000),
    currency: chance.of("EUR", "JPY"),
    id: `i${index}`,
    timestamp: 1_700_000_000_000 + chance.below(10_000_000),
  };
  return Buffer.from(JSON.stringify(members));
}

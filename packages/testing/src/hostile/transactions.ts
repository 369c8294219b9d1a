/** Messages that no well-meaning producer sends, and some that one does, drawn from one seed. */
import { Chance } from "../windows/world.ts";

const FIELDS = [
  ..."id source target amount currency timestamp channel country category device location decision".split(" "),
  ..."__proto__ constructor toString extra".split(" "),
];

const VALUES = [
  ..."null true false 0 1 -1 12.5 0.001 1e3 1e400 -0 999999999999.99 1000000000000000000000 [] {} [1] NaN 01 1.".split(
    " ",
  ),
  '{"latitude":91,"longitude":0}',
  '{"latitude":1,"longitude":2}',
  '{"__proto__":{"polluted":true}}',
  '"EUR"',
  '"XXX"',
  '"eur"',
  '""',
  '"alice"',
  '"a\\u0000b"',
  '"\\ud800"',
  '"__proto__"',
  '"constructor"',
  '"2024-02-30T00:00:00Z"',
  '"2023-11-14T22:13:20Z"',
  "1700000000000",
  "1800000000000",
  JSON.stringify("x".repeat(5_000)),
];

const SOURCES = ["alice", "bob", "__proto__", "constructor", "hasOwnProperty", "é💶", "\u0000", "0", "-1"];

export function* hostileTransactions(seed: number, count: number): Generator<Buffer | null> {
  const chance = new Chance(seed);
  for (let index = 0; index < count; index += 1) yield hostileTransaction(chance);
}

/** UTF-8 for the most part; null: a tombstone. */
export function hostileTransaction(chance: Chance): Buffer | null {
  const kind = chance.below(10);
  if (kind === 0) return Buffer.from(Array.from({ length: chance.below(200) }, () => chance.below(256)));
  if (kind === 1) return damaged(chance, message(chance));
  if (kind === 2) return Buffer.from(`${"[".repeat(chance.below(5_000))}${message(chance)}`);
  if (kind === 3 && chance.below(20) === 0) return null;
  return Buffer.from(message(chance));
}

/** Right in all members but a few. */
function message(chance: Chance): string {
  const members = new Map<string, string>([
    ["source", JSON.stringify(chance.of(...SOURCES))],
    ["target", JSON.stringify(chance.of(...SOURCES))],
    ["amount", String(chance.of(0.01, 1, 10, 899.99, 900, 5_000, 9_999_999_999))],
    ["currency", chance.of('"EUR"', '"JPY"', '"KWD"', '"ZZZ"')],
    ["timestamp", String(1_700_000_000_000 + chance.below(100_000_000))],
    ["id", JSON.stringify(`t${chance.below(500)}`)],
  ]);
  const order = [...members].map(([name, value]) => `${JSON.stringify(name)}:${value}`);
  for (let wrong = chance.below(3); wrong > 0; wrong -= 1) {
    const member = `${JSON.stringify(chance.of(...FIELDS))}:${chance.of(...VALUES)}`;
    if (chance.below(2) === 0) order.push(member);
    else order[chance.below(order.length)] = member;
  }
  return `{${order.join(",")}}`;
}

function damaged(chance: Chance, text: string): Buffer {
  const bytes = Buffer.from(text);
  for (let times = 1 + chance.below(3); times > 0; times -= 1) bytes[chance.below(bytes.length)] = chance.below(256);
  return bytes.subarray(0, chance.below(4) === 0 ? chance.below(bytes.length) : bytes.length);
}

/** Messages that are no transactions, in the ways in which producers break. */
import type { Random } from "./random.ts";

type Breaker = (text: string, random: Random) => string;

const BREAKERS: readonly Breaker[] = [
  () => "",
  () => "null",
  () => "<transaction/>",
  (text, random) => text.slice(0, 1 + random.below(text.length - 1)),
  (text) => text.replace(/"amount":[^,]+,/, ""),
  (text) => text.replace(/"amount":([^,]+)/, '"amount":"$1"'),
  (text) => text.replace(/"amount":/, '"amount":-'),
  (text) => text.replace(/"currency":"EUR"/, '"currency":"euro"'),
  (text) => text.replace(/"source":"[^"]+"/, '"source":""'),
  (text) => text.replace(/"timestamp":\d+/, '"timestamp":"yesterday"'),
];

/** `message` made into something that no detector can decide. */
export function garbageOf(message: Buffer, random: Random): Buffer {
  const breaker = BREAKERS[random.below(BREAKERS.length)] as Breaker;
  return Buffer.from(breaker(message.toString("latin1"), random), "latin1");
}

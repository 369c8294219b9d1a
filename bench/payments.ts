/** Payments of a Zipf population, 1000 a second, in one partition: what several benchmarks decide on. */
import { Random } from "@weir/generator";
import type { LogRecord } from "@weir/schema";

const CUSTOMERS = 50_000;
const START_MS = 1_700_000_000_000;

/** Ranks 0 to n - 1, the r-th as likely as 1 / (r + 1): inverse of the cumulated weights. */
function zipf(n: number, random: Random): () => number {
  const cumulated = new Float64Array(n);
  let sum = 0;
  for (let rank = 0; rank < n; rank += 1) cumulated[rank] = sum += 1 / (rank + 1);
  return () => {
    const wanted = random.unit() * sum;
    let [low, high] = [0, n - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((cumulated[middle] as number) <= wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

export function payments(count: number): LogRecord[] {
  const random = new Random(1, 0);
  const customer = zipf(CUSTOMERS, random);
  const id = (number: number): string => `customer${String(number).padStart(5, "0")}`;
  return Array.from({ length: count }, (_, offset) => {
    const timestampMs = START_MS + offset;
    const source = id(customer());
    const amount = (1 + random.unit() * 999).toFixed(2);
    const value = `{"source":"${source}","target":"${id(customer())}","amount":${amount},"currency":"EUR","id":"${offset}","timestamp":${timestampMs}}`;
    return { offset, timestampMs, key: Buffer.from(source), value: Buffer.from(value), headers: [] };
  });
}

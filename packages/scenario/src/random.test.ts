import { expect, test } from "vitest";
import { letters, Random } from "./random.ts";

/** sfc32 written anew on BigInt, as an oracle for the 32-bit arithmetic. */
function* oracle(seed: number, stream: number): Generator<number> {
  const mask = 0xffff_ffffn;
  let [a, b, c, counter] = [BigInt(seed), BigInt(stream), 0n, 1n];
  for (let round = 0; ; round++) {
    const sum = (a + b + counter) & mask;
    counter = (counter + 1n) & mask;
    a = b ^ (b >> 9n);
    b = (c + ((c << 3n) & mask)) & mask;
    c = ((((c << 21n) & mask) | (c >> 11n)) + sum) & mask;
    if (round >= 15) yield Number(sum);
  }
}

test.each([
  [0, 0],
  [1, 0xffff_ffff],
  [0xdead_beef, 49_999],
])("the sequence of seed %i and stream %i is that of sfc32", (seed, stream) => {
  const random = new Random(seed, stream);
  const expected = oracle(seed, stream).take(10_000).toArray();
  expect(Array.from({ length: 10_000 }, () => random.uint32())).toEqual(expected);
});

test("numbers below a bound take every value about as often", () => {
  const random = new Random(7, 7);
  const counts = new Array<number>(10).fill(0);
  for (let draw = 0; draw < 100_000; draw++) {
    const value = random.below(10);
    counts[value] = (counts[value] ?? 0) + 1;
  }
  // 10,000 expected with a standard deviation of 95: six of them on either side.
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(570);
});

test("letters are small letters, as many as were asked for", () => {
  expect(letters(new Random(1, 1), 12)).toMatch(/^[a-z]{12}$/);
});

import { expect, test } from "vitest";
import { DecisionTail } from "./decision-tail.ts";

const text = (n: number, source = "alice", pad = 0): Buffer =>
  Buffer.from(
    `{"source":${JSON.stringify(source)},"target":"t${n}","pad":"${"x".repeat(pad)}","decision":{"order":${n}}}`,
  );

const orders = (tail: DecisionTail, key = "alice", limit = 1_000): number[] =>
  tail.about("source", key, limit).map(({ order }) => order);

test("the newest come first, of the one who is asked about, no more than asked for", () => {
  const tail = new DecisionTail({ most: 10, mostBytes: 10_000 });
  for (const [n, source] of ["alice", "bob", "alice", "alic", "alice"].entries()) tail.add(text(n, source));
  expect(orders(tail)).toEqual([4, 2, 0]);
  expect(orders(tail, "alice", 2)).toEqual([4, 2]);
  expect(tail.about("target", "t1", 9)).toEqual([{ order: 1 }]);
  expect(tail.about("target", "alice", 9)).toEqual([]);
  expect(tail.about("device", "d", 9)).toEqual([]);
});

test("a key is found however the producer wrote it", () => {
  const tail = new DecisionTail({ most: 10, mostBytes: 10_000 });
  tail.add(Buffer.from('{"source":"\\u0061lice","decision":{"order":1}}'));
  tail.add(text(2, 'é💶"\\'));
  expect(orders(tail)).toEqual([1]);
  expect(orders(tail, 'é💶"\\')).toEqual([2]);
});

test.each([
  [7, 1_000_000, 0],
  [1_000, 700, 0],
  [1_000, 700, 300],
  [5, 500, 60],
  [1, 200, 10],
])("of %i decisions and %i bytes at most, what is held is the newest and whole", (most, mostBytes, pad) => {
  const tail = new DecisionTail({ most, mostBytes });
  for (let n = 0; n < 200; n += 1) {
    tail.add(text(n, "alice", pad === 0 ? 0 : (n * 37) % pad));
    const held = orders(tail);
    expect(held).toEqual(Array.from({ length: tail.size }, (_, index) => n - index));
    expect(tail.size).toBeGreaterThan(0);
    expect(tail.size).toBeLessThanOrEqual(most);
  }
});

test("one that is larger than the tail is passed over", () => {
  const tail = new DecisionTail({ most: 10, mostBytes: 200 });
  tail.add(text(1));
  tail.add(text(2, "alice", 500));
  expect(orders(tail)).toEqual([1]);
});

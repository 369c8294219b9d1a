import { expect, test } from "vitest";
import { DecisionTail } from "./decision-tail.ts";

const text = (n: number, source = "alice", pad = 0): Buffer =>
  Buffer.from(
    `{"source":${JSON.stringify(source)},"target":"t${n}","pad":"${"x".repeat(pad)}","decision":{"order":${n}}}`,
  );

const orders = (tail: DecisionTail, key = "alice", limit = 1_000): Promise<number[]> =>
  tail.about("source", key, limit).then((found) => found.map(({ order }) => order));

test("the newest come first, of the one who is asked about, no more than asked for", async () => {
  const tail = new DecisionTail({ most: 10, mostBytes: 10_000 });
  for (const [n, source] of ["alice", "bob", "alice", "alic", "alice"].entries()) tail.add(text(n, source));
  expect(await orders(tail)).toEqual([4, 2, 0]);
  expect(await orders(tail, "alice", 2)).toEqual([4, 2]);
  expect(await tail.about("target", "t1", 9)).toEqual([{ order: 1 }]);
  expect(await tail.about("target", "alice", 9)).toEqual([]);
  expect(await tail.about("device", "d", 9)).toEqual([]);
});

test("a key is found however the producer wrote it", async () => {
  const tail = new DecisionTail({ most: 10, mostBytes: 10_000 });
  tail.add(Buffer.from('{"source":"\\u0061lice","decision":{"order":1}}'));
  tail.add(text(2, 'é💶"\\'));
  expect(await orders(tail)).toEqual([1]);
  expect(await orders(tail, 'é💶"\\')).toEqual([2]);
});

test.each([
  [7, 1_000_000, 0],
  [1_000, 700, 0],
  [1_000, 700, 300],
  [1_000, 2_000, 900],
  [5, 500, 60],
  [1, 200, 10],
])("of %i decisions and %i bytes at most, what is held is the newest and whole", async (most, mostBytes, pad) => {
  const tail = new DecisionTail({ most, mostBytes });
  for (let n = 0; n < 200; n += 1) {
    tail.add(text(n, "alice", pad === 0 ? 0 : (n * n * 31) % pad));
    const held = await orders(tail);
    expect(held).toEqual(Array.from({ length: tail.size }, (_, index) => n - index));
    expect(tail.size).toBeGreaterThan(0);
    expect(tail.size).toBeLessThanOrEqual(most);
  }
});

test("one that is larger than the tail is passed over", async () => {
  const tail = new DecisionTail({ most: 10, mostBytes: 200 });
  tail.add(text(1));
  tail.add(text(2, "alice", 500));
  expect(await orders(tail)).toEqual([1]);
});

test("what is overwritten while it is looked for is not found, and what comes meanwhile is not either", async () => {
  const tail = new DecisionTail({ most: 1_000, mostBytes: 1_000_000 });
  for (let n = 0; n < 1_000; n += 1) tail.add(text(n));
  const asked = orders(tail);
  for (let n = 1_000; n < 1_600; n += 1) tail.add(text(n));
  const found = await asked;
  expect(found.slice(0, 250)).toEqual(Array.from({ length: 250 }, (_, index) => 999 - index));
  expect(found.length).toBeLessThanOrEqual(400);
});

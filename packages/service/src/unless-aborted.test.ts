import { expect, test } from "vitest";
import { unlessAborted } from "./unless-aborted.ts";

const never = new Promise<never>(() => {});

test("what settles first is what comes of it", async () => {
  const { signal } = new AbortController();
  expect(await unlessAborted(Promise.resolve(7), signal)).toBe(7);
  await expect(unlessAborted(Promise.reject(new Error("no")), signal)).rejects.toThrow("no");
});

test("a stop ends the wait for an answer that does not come, and so does one from before", async () => {
  const stop = new AbortController();
  const waiting = unlessAborted(never, stop.signal);
  stop.abort();
  await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
  await expect(unlessAborted(never, stop.signal)).rejects.toMatchObject({ name: "AbortError" });
  // Its error is no one's then.
  await expect(unlessAborted(Promise.reject(new Error("no")), stop.signal)).rejects.toThrow();
});

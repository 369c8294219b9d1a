import { expect, test } from "vitest";
import { decodeMarker, encodeMarker, type Marker } from "./marker.ts";

const replayFrom = { offset: 4000, streamTimeMs: 1_700_000_000_000 };
const marker: Marker = {
  position: 4711,
  replayFrom,
  identity: "events@1 by=source",
  epoch: 3,
  tag: "p1/1/7;p1",
  snapshotFrom: 12,
  historySinceMs: 1_699_999_999_999,
  feeds: ["weir.by-source"],
};

/** As each version wrote it. Every later engine has to read them. */
const BODY =
  '"position":4711,"replayFrom":{"offset":4000,"streamTimeMs":1700000000000},"identity":"events@1 by=source","epoch":3';
const GOLDEN_1 = `ab7314d1{"version":1,${BODY}}`;
const GOLDEN_2 = `48ef65d1{"version":2,${BODY},"tag":"p1/1/7;p1"}`;
const GOLDEN_2_LATER = `6863cc86{"version":2,${BODY},"tag":"p1/1/7;p1","snapshotFrom":12}`;
const GOLDEN_2_TO_DATE = `3f8774df{"version":2,${BODY},"tag":"p1/1/7;p1","snapshotFrom":12,"historySinceMs":1699999999999,"feeds":["weir.by-source"]}`;

test("markers of version 1 and 2 are read for ever, and still written byte by byte", () => {
  const older = { ...marker, historySinceMs: 0, feeds: null };
  expect(decodeMarker(Buffer.from(GOLDEN_1))).toEqual({ ...older, tag: null, snapshotFrom: null });
  expect(decodeMarker(Buffer.from(GOLDEN_2))).toEqual({ ...older, snapshotFrom: null });
  expect(decodeMarker(Buffer.from(GOLDEN_2_LATER))).toEqual(older);
  expect(decodeMarker(Buffer.from(GOLDEN_2_TO_DATE))).toEqual(marker);
  expect(String(encodeMarker(marker))).toBe(GOLDEN_2_TO_DATE);
});

test("a member that this engine does not know is passed over, as one of a neighbouring version", () => {
  const later = { ...marker, later: true };
  expect(decodeMarker(encodeMarker(later))).toEqual(marker);
});

test("what ids are is kept, and nothing is written where they are as they came", () => {
  expect(decodeMarker(encodeMarker({ ...marker, ids: "abcdefgh" })).ids).toBe("abcdefgh");
  expect(encodeMarker({ ...marker, ids: undefined })).toEqual(encodeMarker(marker));
});

test("the id of the input is kept", () => {
  expect(decodeMarker(encodeMarker({ ...marker, inputId: "b1dsLsocSyC1fySPwlSdeg" })).inputId).toBe(
    "b1dsLsocSyC1fySPwlSdeg",
  );
});

test("any bit flipped and any end cut off is found out", () => {
  const whole = encodeMarker(marker);
  for (let bit = 0; bit < whole.length * 8; bit += 1) {
    const damaged = Buffer.from(whole);
    damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
    expect(() => decodeMarker(damaged)).toThrow();
  }
  for (let length = 0; length < whole.length; length += 1)
    expect(() => decodeMarker(whole.subarray(0, length))).toThrow();
});

test("an unknown version is named", () => {
  expect(() => decodeMarker(Buffer.from(`cf9e6cf3{"version":3,${BODY}}`))).toThrow("version 3 is unknown");
});

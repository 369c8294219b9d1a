import { describe, expect, test } from "vitest";
import type { Marker } from "./marker.ts";
import { agrees, decidedUpTo, standingOf, tagOf } from "./standing.ts";

describe("a tag", () => {
  for (const standing of [
    { batch: "b1", owner: "p" },
    { batch: "b1", owner: null },
    { batch: null, owner: "p" },
    { batch: null, owner: null },
  ])
    test(`of ${JSON.stringify(standing)} is read as it was written`, () => {
      expect(standingOf({ offset: 3, tag: tagOf(standing) })).toEqual({ offset: 3, ...standing });
    });

  test("of somebody else's making still says up to where was decided", () => {
    expect(decidedUpTo(standingOf({ offset: 3, tag: "" }))).toBe(3);
    expect(decidedUpTo(standingOf({ offset: 3, tag: "by hand" }))).toBe(3);
  });

  test("of a partition that was only taken says that nothing was decided", () => {
    expect(decidedUpTo(standingOf({ offset: 3, tag: tagOf({ batch: null, owner: "p" }) }))).toBeNull();
    expect(decidedUpTo(null)).toBeNull();
  });
});

describe("committed offset and marker", () => {
  const tag = tagOf({ batch: "b1", owner: "p" });
  const marker: Marker = {
    position: 3,
    replayFrom: { offset: 1, streamTimeMs: 0 },
    identity: "i",
    epoch: 0,
    tag,
    snapshotFrom: 0,
    historySinceMs: 0,
    feeds: null,
  };
  for (const [what, committed, other, expected] of [
    ["of one commit agree", { offset: 3, tag }, marker, true],
    ["agree when there is no marker", { offset: 3, tag }, null, true],
    ["disagree when the offset is missing", null, marker, false],
    ["disagree when the offset is older", { offset: 2, tag }, marker, false],
    ["disagree when only the owner is another", { offset: 3, tag: tagOf({ batch: "b1", owner: "q" }) }, marker, false],
    ["agree when the offset was set to the marker's by hand", { offset: 3, tag: "" }, marker, true],
    ["disagree when the offset was set to another by hand", { offset: 4, tag: "" }, marker, false],
    [
      "agree by the offset alone when the marker is older than tags",
      { offset: 3, tag },
      { ...marker, tag: null },
      true,
    ],
  ] as const)
    test(what, () => expect(agrees(committed, other)).toBe(expected));
});

// kafka-consumer-groups --reset-offsets writes an empty tag, other tools one of their own.
test.each(["", "tool"])(
  "an offset set by hand with the tag %j stays decided when a detector takes it and leaves",
  (tag) => {
    const found = standingOf({ offset: 500, tag });
    const taken = standingOf({ offset: 500, tag: tagOf({ batch: found?.batch ?? null, owner: "a" }) });
    expect(decidedUpTo(taken)).toBe(500);
    const left = standingOf({ offset: 500, tag: tagOf({ batch: taken?.batch ?? null, owner: null }) });
    expect(decidedUpTo(left)).toBe(500);
  },
);

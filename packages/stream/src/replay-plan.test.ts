import { expect, test } from "vitest";
import type { Marker } from "./marker.ts";
import { Unrecoverable } from "./port.ts";
import { planReplay } from "./replay-plan.ts";
import type { Stage } from "./stage.ts";

const marker: Marker = {
  position: 7,
  replayFrom: { offset: 3, streamTimeMs: 5 },
  identity: "i",
  epoch: 0,
  tag: null,
  snapshotFrom: 0,
  historySinceMs: 0,
  feeds: [],
};

function planned(had: string | undefined, here: string | undefined) {
  const stage = { input: "in", stateTopic: "state", identity: "i", needsHistory: true, ids: here } as Stage;
  const found = { start: 0, marker: { ...marker, ids: had }, corrupt: null };
  return planReplay({ stage, partition: 2, group: "g", allowPartialHistory: true }, found, 7, 0);
}

test.each(["a", undefined])("a partition whose ids are those of the stage goes on: %s", (ids) => {
  expect(planned(ids, ids)).toMatchObject({ from: 3, position: 7, rebuilt: null });
});

test.each([
  ["a", "b", "in in/2 ids are tokens of the key a, here they are tokens of the key b"],
  ["a", undefined, "in in/2 ids are tokens of the key a, here they are as they came"],
  [undefined, "b", "in in/2 ids are as they came, here they are tokens of the key b"],
])("one with other ids is refused, and not rebuilt from its log: %s, %s", (had, here, said) => {
  expect(() => planned(had, here)).toThrow(Unrecoverable);
  expect(() => planned(had, here)).toThrow(said);
});

/** Two detectors of neighbouring versions in one group, as while a new one is rolled out: each goes on from what the other left. */
import { crc32 } from "node:zlib";
import { decodeMarker, isMarkerKey, type Log, type OutputRecord } from "@weir/stream";
import { expect, test } from "vitest";
import { forward } from "../forward.ts";
import { CHAIN_TOPICS, ChainRun } from "./chain-run.ts";
import { paymentsOf } from "./payments.ts";
import { planOf, SOURCE_AND_TARGET } from "./rulesets.fixture.ts";

/** Its markers say what those of the version before said, and nothing else. */
function asBefore(log: Log): Log {
  const older = (output: OutputRecord): OutputRecord => {
    if (output.key === null || output.value === null || !isMarkerKey(output.key)) return output;
    if (!output.topic.startsWith("weir.state.")) return output;
    const { position, replayFrom, identity, epoch, tag } = decodeMarker(output.value);
    const body = JSON.stringify({ version: 2, position, replayFrom, identity, epoch, tag });
    return { ...output, value: Buffer.from(`${crc32(body).toString(16).padStart(8, "0")}${body}`) };
  };
  return {
    ...forward(log),
    async openWriter(id, group) {
      const writer = await log.openWriter(id, group);
      return {
        commit: (parts) => writer.commit(parts.map((part) => ({ ...part, outputs: [...part.outputs].map(older) }))),
        close: () => writer.close(),
      };
    },
  };
}

test("two detectors of neighbouring versions take over from each other, and decide as one does", async () => {
  const partitions = 4;
  const plan = planOf(SOURCE_AND_TARGET);
  const run = new ChainRun({ plan, partitions });
  const inputs = [...paymentsOf({ seed: 7, count: 1_500, partitions, topics: CHAIN_TOPICS })];
  const portion = Math.ceil(inputs.length / 6);
  let older = run.start(asBefore);
  let newer = run.start();
  for (let part = 0; part < 6; part++) {
    run.produce(inputs.slice(part * portion, (part + 1) * portion));
    await run.until(portion >> 1);
    if (part % 2 === 0) {
      run.kill(older);
      older = run.start(asBefore);
    } else {
      await run.stop(newer);
      newer = run.start();
    }
  }
  await run.drain();
  for (const process of [older, newer]) await run.stop(process);
  expect(run.restores).toBeGreaterThan(4 * partitions);
  expect(run.rebuilt).toEqual([]);
  expect(run.differences()).toEqual([]);
});

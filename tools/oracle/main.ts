/** npm run oracle: made-up logs through the windows and through a brute-force recount. Exit 1 on any difference. */
import { runWorld } from "@weir/testing";
import { integer, type OptionValues } from "../cli/arguments.ts";
import { runCommand } from "../cli/command.ts";

/** Transactions and labels of one world; the last has what is left. */
const WORLD_EVENTS = 20_000;
const PROGRESS_MS = 5_000;

const options = {
  events: integer({ about: "transactions and labels in all", min: 1, max: 1e12, fallback: 1_000_000 }),
  seed: integer({ about: "of the first world; each next has the next", min: 0, max: 2 ** 31 - 1, fallback: 1 }),
};

process.exitCode = await runCommand(
  {
    name: "npm run oracle",
    about: [
      "Draws logs with disorder, ties, duplicates, labels and hot keys, and features of every kind. Asks the state of an",
      "entity and an oracle that shares no code with it, and compares every answer; in between the state is snapshotted,",
      "thrown away and restored.",
    ],
    options,
  },
  main,
);

function main(values: OptionValues<typeof options>): number {
  const [startMs, differences]: [number, string[]] = [performance.now(), []];
  let [done, questions, restores, saidMs, worlds] = [0, 0, 0, startMs, 0];
  while (done < values.events) {
    const seed = values.seed + worlds;
    const result = runWorld(seed, Math.min(WORLD_EVENTS, values.events - done));
    worlds += 1;
    done += Math.min(WORLD_EVENTS, values.events - done);
    questions += result.questions;
    restores += result.restores;
    if (result.difference !== null) {
      differences.push(result.difference);
      console.log(`${result.difference}\nrepeat: npm run oracle -- --events ${result.events} --seed ${seed}`);
    }
    const nowMs = performance.now();
    if (nowMs - saidMs < PROGRESS_MS) continue;
    saidMs = nowMs;
    const leftS = ((nowMs - startMs) / done) * (values.events - done) * 1e-3;
    console.log(`${done} of ${values.events} events, ${differences.length} differences, ${leftS.toFixed(0)} s left`);
  }
  console.log(
    `${done} events in ${worlds} worlds, ${questions} feature values, ${restores} restores: ${differences.length} differences`,
  );
  return differences.length > 0 ? 1 : 0;
}

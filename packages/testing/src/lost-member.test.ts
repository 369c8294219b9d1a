/** A member that the group does not answer leaves partitions to whoever has them by now. */
import {
  type JoinRequest,
  type Membership,
  MemoryBroker,
  MemoryLog,
  noEvents,
  runStage,
  VirtualClock,
} from "@weir/stream";
import { expect, test } from "vitest";
import { COUNTING_TOPICS, countingStage } from "./counting-stage.ts";

const GROUP = "g";
const INPUT = { topic: COUNTING_TOPICS.input, partition: 0 };

class SilentGroup extends MemoryLog {
  isSilent = false;

  override async join(request: JoinRequest): Promise<Membership> {
    const membership = await super.join(request);
    const isLost = (): boolean => this.isSilent;
    return {
      get isLost() {
        return isLost();
      },
      leave: () => membership.leave(),
    };
  }
}

test("a zombie whose group is silent takes nothing back from who has it by now, and goes on once the group answers", async () => {
  const broker = new MemoryBroker();
  for (const topic of Object.values(COUNTING_TOPICS)) broker.createTopic(topic, 1);
  const clock = new VirtualClock();
  const reasons = { zombie: [] as string[], other: [] as string[] };
  const start = (name: keyof typeof reasons, log: MemoryLog) =>
    runStage({
      stage: countingStage(),
      log,
      clock,
      events: { ...noEvents, retrying: ({ error }) => reasons[name].push(String(error)) },
      group: GROUP,
      processId: name,
      allowPartialHistory: false,
    });
  const produce = (): void => void broker.produce({ ...INPUT, key: Buffer.from("k"), value: Buffer.from("pay") });
  const decided = (): number => broker.committed(GROUP, INPUT)?.offset ?? 0;
  const log = new SilentGroup(broker);
  const zombie = await start("zombie", log);
  produce();
  await clock.runUntil("the first decision", () => decided() === 1);

  log.isSilent = true;
  log.expire();
  const other = await start("other", new MemoryLog(broker));
  await clock.runUntil("the other to take over", () => other.status()?.[0]?.phase === "running");
  for (let count = 2; count < 20; count += 1) {
    produce();
    await clock.runUntil(`decision ${count}`, () => decided() === count);
  }
  await clock.runUntil("some tries", () => reasons.zombie.length > 20);
  expect(reasons.zombie.at(-1)).toContain("the group is silent");
  expect(reasons.other).toEqual([]);

  let stopped = false;
  void other.stop().then(() => {
    stopped = true;
  });
  await clock.runUntil("the other to stop", () => stopped);
  log.rejoin();
  log.isSilent = false;
  produce();
  await clock.runUntil("the last decision", () => decided() === 20);
  stopped = false;
  void zombie.stop().then(() => {
    stopped = true;
  });
  await clock.runUntil("the zombie to stop", () => stopped);
});

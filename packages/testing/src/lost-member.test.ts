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

test("who is fenced while the group is silent takes nothing back, and goes on once the group answers", async () => {
  const broker = new MemoryBroker();
  for (const topic of Object.values(COUNTING_TOPICS)) broker.createTopic(topic, 1);
  const clock = new VirtualClock();
  const log = new SilentGroup(broker);
  const reasons: string[] = [];
  const running = await runStage({
    stage: countingStage(),
    log,
    clock,
    events: { ...noEvents, retrying: ({ error }) => reasons.push(String(error)) },
    group: GROUP,
    processId: "zombie",
    allowPartialHistory: false,
  });
  const produce = (): void => void broker.produce({ ...INPUT, key: Buffer.from("k"), value: Buffer.from("pay") });
  const decided = (): number => broker.committed(GROUP, INPUT)?.offset ?? 0;
  produce();
  await clock.runUntil("the first decision", () => decided() === 1);

  log.isSilent = true;
  const epochs = broker.fence("g-zombie");
  produce();
  await clock.runUntil("some tries", () => reasons.length > 20);
  expect(decided()).toBe(1);
  expect(reasons.at(-1)).toContain("the group is silent");
  // It has fenced nobody meanwhile.
  expect(broker.fence("g-zombie")).toBe(epochs + 1);

  log.isSilent = false;
  await clock.runUntil("the second decision", () => decided() === 2);
  const ended = running.stop();
  await clock.runUntil("the stop", () => running.status() !== null);
  await ended;
});

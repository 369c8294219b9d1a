import { REJECTED_HEADERS } from "@weir/schema";
import { MemoryBroker, MemoryLog } from "@weir/stream";
import { expect, onTestFinished, test } from "vitest";
import { MemoryAudit } from "./audit.ts";

const NAMES = { transactions: "in", labels: "labels", legit: "legit", fraud: "fraud", rejected: "rejected" };
const STAGE = { name: "decide", group: "g", topic: "in", stateTopic: "state" };
const ALL = [...Object.values(NAMES), "state"];

function aWorld() {
  const broker = new MemoryBroker();
  for (const topic of ALL) broker.createTopic(topic, 2);
  const audit = new MemoryAudit(new MemoryLog(broker), broker, NAMES, [STAGE]);
  onTestFinished(() => audit.close());
  const input = (partition: number): string => {
    const offset = broker.produce({ topic: "in", partition, key: null, value: Buffer.from("{}") });
    return `in/${partition}/${offset}`;
  };
  const output = (topic: string, id: string, partition = 0): void => {
    const headers = topic === "rejected" ? [[REJECTED_HEADERS.origin, Buffer.from(id)] as const] : [];
    const value = Buffer.from(topic === "rejected" ? "{" : JSON.stringify({ decision: { id } }));
    broker.produce({ topic, partition, key: null, value, headers });
  };
  return { broker, audit, input, output };
}

test("one output for each input, in whichever topic and partition, is exact", async () => {
  const { audit, input, output } = aWorld();
  for (const topic of ["legit", "fraud", "rejected"]) output(topic, input(1), 0);
  output("fraud", input(0), 1);
  expect(await audit.result()).toMatchObject({ inputs: 4, once: 4, missing: 0, doubled: 0, foreign: 0, anonymous: 0 });
  expect(await audit.inputs()).toBe(4);
});

test("a missing output and one that comes again long after are found", async () => {
  const { audit, input, output } = aWorld();
  const again = input(0);
  output("legit", again);
  expect(await audit.result()).toMatchObject({ inputs: 1, once: 1 });
  input(1);
  output("rejected", again);
  const result = await audit.result();
  expect(result).toMatchObject({ inputs: 2, once: 0, missing: 1, doubled: 1 });
  expect(result.examples).toEqual(["in/0/0 has more than one output", "in/1/0 has no output"]);
});

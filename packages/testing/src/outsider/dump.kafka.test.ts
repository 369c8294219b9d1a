/** What the outsider reads of a real broker: whole topics as committed, offsets with what stands beside them. */
import { randomUUID } from "node:crypto";
import { KafkaLog, openAdmin } from "@weir/kafka";
import type { OutputRecord } from "@weir/stream";
import { expect, inject, test } from "vitest";
import { dumpTopics } from "./dump.ts";

test("committed records come whole and in order, aborted ones do not, and offsets have their tags", async () => {
  const brokers = inject("kafkaBrokers");
  const connection = { brokers: brokers.split(","), clientId: "outsider", tls: null, sasl: null };
  const [input, output] = [`in-${randomUUID()}`, `out-${randomUUID()}`];
  const admin = openAdmin(connection);
  await admin.create([input, output].map((name) => ({ name, partitions: 2, replication: 1, config: {} })));
  await admin.close();
  const log = new KafkaLog({ connection, log: () => {} });
  const record = (partition: number, value: string): OutputRecord => ({
    ...{ topic: output, partition, key: Buffer.from("k"), value: Buffer.from(value), timestampMs: 1_700_000_000_000 },
    headers: [
      ["a", Buffer.from("b")],
      ["none", null],
    ],
  });
  const part = (next: number, outputs: readonly OutputRecord[]) => ({
    ...{ input: { topic: input, partition: 1 }, next, tag: `tag;${next}`, outputs },
  });
  const writer = await log.openWriter(`${output}-w`, output);
  expect((await writer.commit([part(3, [record(1, "one"), record(1, "two")])])).result).toBe("committed");
  expect((await writer.commit([part(9, [record(1, "aborted"), record(7, "nowhere")])])).result).toBe("failed");
  const next = await log.openWriter(`${output}-w`, output);
  expect(
    (await next.commit([part(4, [record(1, "three"), { ...record(0, ""), key: null, value: null }])])).result,
  ).toBe("committed");
  const dump = await dumpTopics(brokers, [input, output], [output, "nobody"]);
  expect(dump.topics).toEqual(
    new Map([
      [input, 2],
      [output, 2],
    ]),
  );
  expect(dump.offsets).toEqual([{ group: output, topic: input, partition: 1, offset: 4, tag: "tag;4" }]);
  const texts = (partition: number) =>
    dump.records.filter((one) => one.partition === partition).map(({ value }) => value?.toString() ?? null);
  expect([texts(0), texts(1)]).toEqual([[null], ["one", "two", "three"]]);
  expect(dump.records.find(({ partition }) => partition === 1)).toMatchObject({ ...record(1, "one"), offset: 0 });
  await Promise.all([writer, next].map((one) => one.close()));
  await log.close();
});

test("a topic that is missing is an error with the outsider's own words", async () => {
  const dumping = dumpTopics(inject("kafkaBrokers"), [`missing-${randomUUID()}`]);
  await expect(dumping).rejects.toThrow(/could not read missing-\S+: exit code 1, missing-\S+ is missing/);
});

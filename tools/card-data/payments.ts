/** What is sent in a run that is scanned: card numbers and secrets wherever a producer can put them, each another one, and each record traced. */

import type { ProducerRecord } from "@weir/kafka";
import { formatTraceparent, type Header, TRACEPARENT_HEADER } from "@weir/schema";
import { madeUpCard } from "@weir/testing";

export type Sent = { readonly topic: "transactions" | "labels" } & ProducerRecord;

export type Planted = {
  readonly records: readonly Sent[];
  /** What must be nowhere but in the inputs, by where it was. */
  readonly hidden: ReadonlyMap<string, string>;
  /** What goes with a payment that is decided, by where it was. */
  readonly passed: ReadonlyMap<string, string>;
  /** One of the sources, and in the ruleset's list of those that are watched. */
  readonly source: string;
  /** Ids of the traces that the records ask for, one each. */
  readonly traces: readonly string[];
};

const EVER_SINCE = { currency: "EUR", amount: 12.5 };

/** `nowMs`: of the first payment. */
export function plantedPayments(nowMs: number): Planted {
  const [hidden, passed] = [new Map<string, string>(), new Map<string, string>()];
  const plant = (into: Map<string, string>, where: string): string => {
    const text = where.includes("secret")
      ? `sk_live_${where.replaceAll(/\W/g, "")}_51H8xQ2eZvKYlo2C0aB`
      : madeUpCard(1_000 + hidden.size + passed.size);
    into.set(where, text);
    return text;
  };
  const hide = (where: string): string => plant(hidden, where);
  const pass = (where: string): string => plant(passed, where);

  const records: Sent[] = [];
  const traces: string[] = [];
  const send = (value: object | string, { key = null, headers = [], topic = "transactions" }: Extra = {}): void => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    const bytes = { key: key === null ? null : Buffer.from(key), value: Buffer.from(text) };
    const trace = records.length.toString(16).padStart(32, "f");
    traces.push(trace);
    const context = { traceId: trace, spanId: "00f067aa0ba902b7", sampled: true };
    const asked: Header = [TRACEPARENT_HEADER, formatTraceparent(context)];
    records.push({
      topic,
      partition: null,
      timestampMs: nowMs + records.length,
      headers: [...headers, asked],
      ...bytes,
    });
  };
  type Extra = { readonly key?: string | null; readonly headers?: readonly Header[]; readonly topic?: Sent["topic"] };
  const header = (text: string): readonly Header[] => [["x-card", Buffer.from(text)]];

  const source = hide("source");
  const ids = { source, target: hide("target"), device: hide("device") };
  const good = { ...ids, ...EVER_SINCE };
  for (let index = 0; index < 6; index += 1) send({ ...good, id: `paid-${index}` }, { key: source });
  send(good, { key: hide("key") });
  send({ ...good, id: "paid-1" });
  send({ ...good, id: "paid-1", amount: 13 });
  send({ ...good, source: hide("source in another currency"), currency: "CHF" });
  send({ ...good, source: hide("source of a large payment"), amount: 999 });
  send({ ...good, source: hide("secret as a source") });
  // With escapes, space, and other members between.
  send(
    `{ "device" : "${hide("device with space")}" , "amount":1 , "t\\u0061rget":"${hide("target by an escape")}",\n"currency":"EUR","source":"x" }`,
  );

  send({ ...good, amount: hide("amount") });
  send({ ...good, currency: hide("currency") });
  send({ ...good, timestamp: hide("timestamp") });
  send({ ...good, source: Number(hide("source as a number")) });
  send({ ...good, source: "", pan: hide("member of a malformed one") });
  send(
    `{"source":"${hide("source of two")}","source":"${hide("second source")}","target":"t","amount":1,"currency":"EUR"}`,
  );
  send(`{"source":"${hide("source of broken JSON")}"`, {
    key: hide("key of broken JSON"),
    headers: header(hide("header of broken JSON")),
  });
  send(`${hide("bare number")} ${hide("secret as text")}`);
  send([hide("list")]);
  send(
    { ...good, pan: hide("member of a large one"), pad: "x".repeat(70_000) },
    { key: hide("key of a large one"), headers: header(hide("header of a large one")) },
  );
  send(
    { ...good, timestamp: nowMs + 86_400_000, pan: hide("member of a future one") },
    { headers: header(hide("header of a future one")) },
  );

  send(
    {
      ...EVER_SINCE,
      source: "somebody",
      target: "someone",
      id: pass("id"),
      pan: pass("unknown member"),
      category: pass("category"),
      [pass("name of a member")]: 1,
    },
    { headers: header(pass("header")) },
  );

  const told = { timestamp: nowMs, labelledAt: nowMs + 1, fraud: true };
  send(
    { ...told, transaction: "paid-0", source, target: ids.target },
    { topic: "labels", key: hide("key of a label") },
  );
  send(
    { ...told, transaction: "paid-2", source: hide("source of a label"), target: hide("target of a label") },
    { topic: "labels" },
  );
  send({ ...told, transaction: hide("transaction of a malformed label"), source, target: 1 }, { topic: "labels" });
  send(hide("bare label"), { topic: "labels" });
  return { records, hidden, passed, source, traces };
}

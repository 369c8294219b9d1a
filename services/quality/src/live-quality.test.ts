import type { DecodedLabel } from "@weir/schema";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LiveQuality, type LiveQualityOptions } from "./live-quality.ts";
import { aLabel, aPayment, T0 } from "./payment.fixture.ts";
import type { Payment } from "./payment.ts";
import { binOf, SCORE_EDGES } from "./scores.ts";
import type { ByTruth, TRUTHS } from "./tally.ts";

const NONE: ByTruth = { open: 0, fraud: 0, genuine: 0, unlabelled: 0 };

const aJoin = (options: Partial<LiveQualityOptions> = {}) =>
  new LiveQuality({ waitMs: 100, periodMs: 1000, periods: 10, mostKept: 1000, ...options });

const paymentsOf = (join: LiveQuality, outcome: Payment["outcome"] = "approve") =>
  join.figures().all.payments.of(outcome);

describe("a label", () => {
  test("counts from its labelledAt on and not before, however long ago it was published", () => {
    const join = aJoin();
    join.decided(aPayment());
    join.labelled(aLabel({ afterMs: 50 }));
    join.decided(aPayment({ id: "q", atMs: 49 }));
    expect(paymentsOf(join)).toEqual({ ...NONE, open: 2 });
    join.decided(aPayment({ id: "r", atMs: 50 }));
    expect(paymentsOf(join)).toEqual({ ...NONE, open: 2, fraud: 1 });
  });

  test("gives way to one that counts later, whichever came first", () => {
    const join = aJoin();
    join.decided(aPayment());
    join.labelled(aLabel({ afterMs: 20, fraud: false }));
    join.labelled(aLabel({ afterMs: 10 }));
    join.decided(aPayment({ id: "q", atMs: 10 }));
    expect(paymentsOf(join)).toEqual({ ...NONE, open: 1, fraud: 1 });
    join.decided(aPayment({ id: "r", atMs: 20 }));
    expect(paymentsOf(join)).toEqual({ ...NONE, open: 2, genuine: 1 });
  });

  test("that is ahead of its payment waits for it, and for none for ever", () => {
    const join = aJoin();
    join.decided(aPayment({ id: "q", atMs: 10 }));
    join.labelled(aLabel({ atMs: 5 }));
    join.labelled(aLabel({ id: "nobody", atMs: 5 }));
    join.decided(aPayment({ atMs: 5 }));
    expect(paymentsOf(join)).toEqual({ ...NONE, open: 1, fraud: 1 });
    join.decided(aPayment({ id: "r", atMs: 11_000 }));
    expect(join.counts.labels).toEqual({ counted: 1, unmatched: 1, tooLate: 0, forgotten: 0 });
    expect(join.waitingLabels).toBe(0);
  });

  test("known at the end of the wait counts, later it is too late", () => {
    const join = aJoin();
    for (const id of ["p", "q"]) join.decided(aPayment({ id }));
    join.labelled(aLabel({ id: "p", afterMs: 100 }));
    join.labelled(aLabel({ id: "q", afterMs: 101 }));
    join.decided(aPayment({ id: "r", atMs: 5000 }));
    expect(paymentsOf(join)).toEqual({ ...NONE, fraud: 1, unlabelled: 1, open: 1 });
    expect(join.counts.labels).toMatchObject({ counted: 1, tooLate: 1 });
    expect(join.counts.unlabelled).toBe(1);
  });

  test("of another source is none, be the id the same", () => {
    const join = aJoin();
    join.decided(aPayment());
    join.labelled({ ...aLabel(), source: "other" });
    expect(paymentsOf(join)).toEqual({ ...NONE, open: 1 });
  });

  test("that is about a far future is not kept for it", () => {
    const join = aJoin();
    join.decided(aPayment());
    join.labelled(aLabel({ atMs: 10_001 }));
    expect(join.waitingLabels).toBe(0);
    expect(join.counts.labels.unmatched).toBe(1);
  });
});

describe("what is kept", () => {
  test("is bounded: the oldest payment is given up, as unlabelled, and counted", () => {
    const join = aJoin({ mostKept: 2 });
    for (const atMs of [1, 0, 2]) join.decided(aPayment({ id: `p${atMs}`, atMs }));
    expect(join.kept).toBe(2);
    expect(join.counts).toMatchObject({ forgotten: 1, unlabelled: 1 });
    for (const atMs of [0, 1]) join.labelled(aLabel({ id: `p${atMs}`, atMs, afterMs: 1 }));
    expect(paymentsOf(join)).toEqual({ ...NONE, open: 1, fraud: 1, unlabelled: 1 });
  });

  test("is bounded: of labels the oldest without a payment makes room, and where there is none the new one is not taken", () => {
    const join = aJoin({ mostKept: 2 });
    join.decided(aPayment());
    for (const id of ["a", "b", "c"]) join.labelled(aLabel({ id, afterMs: 50 }));
    expect(join.waitingLabels).toBe(2);
    expect(join.counts.labels.forgotten).toBe(1);
    join.decided(aPayment({ id: "q", atMs: 50 }));
    join.labelled(aLabel({ id: "d" }));
    expect(join.waitingLabels).toBe(2);
    expect(join.counts.labels.forgotten).toBe(2);
    for (const id of ["a", "b", "d"]) join.decided(aPayment({ id }));
    expect(paymentsOf(join)).toMatchObject({ fraud: 2 });
  });

  test("leaves with the end of its wait", () => {
    const join = aJoin();
    for (let n = 0; n < 1000; n += 1) {
      join.decided(aPayment({ id: `p${n}`, atMs: n * 10 }));
      if (n % 3 === 0) join.labelled(aLabel({ id: `p${n}`, atMs: n * 10, afterMs: 30 }));
    }
    expect(join.kept).toBe(10);
    expect(join.waitingLabels).toBeLessThan(4);
  });
});

describe("figures", () => {
  test("are of the last periods: older ones leave, and what is older still when it comes is told apart", () => {
    const join = aJoin({ periods: 2 });
    for (const atMs of [0, 1000, 2000]) join.decided(aPayment({ id: `p${atMs}`, atMs }));
    join.decided(aPayment({ id: "late", atMs: 0 }));
    expect(paymentsOf(join)).toEqual({ ...NONE, open: 1, unlabelled: 1 });
    expect(join.counts).toMatchObject({ decisions: 4, late: 1 });
  });

  test("that wait for labels leave out a period of which some may still come", () => {
    const join = aJoin();
    const ripe = () => join.figures().ripe.hits.of("r");
    join.decided(aPayment({ outcome: "decline", rules: ["r"] }));
    join.labelled(aLabel({ afterMs: 10 }));
    const overMs = 1000 - (T0 % 1000);
    join.decided(aPayment({ id: "q", atMs: overMs + 99 }));
    expect(ripe()).toEqual(NONE);
    join.decided(aPayment({ id: "r", atMs: overMs + 100 }));
    expect(ripe()).toEqual({ ...NONE, fraud: 1 });
  });

  test("of scores compare the last period with those before it, and a new ruleset with none", () => {
    const join = aJoin();
    const day = (period: number, score: number, ruleset = "r@1#0") => {
      for (let n = 0; n < 50; n += 1)
        join.decided(
          aPayment({ id: `${period} ${n}`, atMs: period * 1000 + n, score: n % 2 === 0 ? score : 0, ruleset }),
        );
    };
    expect(join.figures().shift).toBeNaN();
    for (const period of [0, 1, 2]) day(period, 0.3);
    expect(join.figures().shift).toBe(0);
    day(3, 0.7);
    day(4, 0.7);
    const { scores, shift } = join.figures();
    expect(scores.last[binOf(0.7)]).toBe(25);
    expect(scores.before[binOf(0.3)]).toBe(75);
    expect(shift).toBeGreaterThan(0.25);
    day(5, 0.7, "r@2#0");
    expect(join.figures().scores.before).toEqual(SCORE_EDGES.map(() => 0));
    expect(join.figures().shift).toBeNaN();
  });
});

describe("every stream", () => {
  const event = fc.record({
    id: fc.integer({ min: 0, max: 12 }),
    gapMs: fc.integer({ min: 0, max: 60 }),
    lateMs: fc.constantFrom(0, 0, 20, 90, 400),
    outcome: fc.constantFrom("approve" as const, "review" as const, "decline" as const),
    rules: fc.subarray(["a", "b"]),
    amountMinor: fc.integer({ min: 1, max: 999 }),
    labels: fc.array(fc.record({ afterMs: fc.integer({ min: 0, max: 130 }), fraud: fc.boolean() }), { maxLength: 3 }),
  });

  test("gives what a recount of all of it gives", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const join = aJoin({ periods: 1000 });
        const all: { payment: Payment; labels: DecodedLabel[] }[] = [];
        const coming: { readonly atMs: number; readonly come: () => void }[] = [];
        let atMs = 0;
        for (const [n, { id, gapMs, lateMs, labels, ...rest }] of events.entries()) {
          atMs += gapMs;
          const named = { id: `${n} ${id}`, atMs };
          const payment = aPayment({ ...named, ...rest });
          const known = labels.map((one) => aLabel({ ...named, ...one }));
          all.push({ payment, labels: known });
          coming.push({ atMs: atMs + lateMs, come: () => join.decided(payment) });
          for (const one of known) coming.push({ atMs, come: () => join.labelled(one) });
        }
        for (const { come } of coming.toSorted((a, b) => a.atMs - b.atMs)) come();
        const streamMs = T0 + atMs;
        const wanted = { hits: { ...NONE }, stopped: { ...NONE }, money: { ...NONE } };
        for (const { payment, labels } of all) {
          const truth = truthOf(payment, labels, streamMs);
          if (payment.outcome === "decline") wanted.stopped[truth] += 1;
          if (payment.outcome === "decline") wanted.money[truth] += payment.amountMinor;
          if (payment.rules.includes("a")) wanted.hits[truth] += 1;
        }
        const figures = join.figures().all;
        expect(figures.payments.of("decline")).toEqual(wanted.stopped);
        expect(figures.money.of("decline", "EUR")).toEqual(wanted.money);
        expect(figures.hits.of("a")).toEqual(wanted.hits);
      }),
    );
  });

  function truthOf({ timeMs }: Payment, labels: readonly DecodedLabel[], streamMs: number): (typeof TRUTHS)[number] {
    const knownMs = Math.min(streamMs, timeMs + 100);
    const counting = labels.filter(({ labelledAtMs }) => labelledAtMs <= knownMs);
    const last = counting.toSorted((a, b) => a.labelledAtMs - b.labelledAtMs).at(-1);
    if (last !== undefined) return last.fraud ? "fraud" : "genuine";
    return streamMs >= timeMs + 100 ? "unlabelled" : "open";
  }
});

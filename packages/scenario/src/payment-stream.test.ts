import { decodeTransaction } from "@weir/schema";
import { describe, expect, test } from "vitest";
import { DAY_MS } from "./event-clock.ts";
import { type Message, PaymentStream } from "./payment-stream.ts";
import { aScenario } from "./scenario.fixture.ts";

type Options = Partial<ConstructorParameters<typeof PaymentStream>[0]>;

const quiet = aScenario({ attacks: {} });
const held = (share: number, byMs: number) => ({ share, byMs });
const noNoise = quiet.noise;

/** One message for each step of event time from 0 on; 2,000 customers make 4,500 payments a day, one in 19.2 s. */
function messagesOf(options: Options, count: number, stepMs = 19_200): Message[] {
  const stream = new PaymentStream({ scenario: quiet, seed: 1, customers: 2_000, run: "r", ...options });
  return Array.from({ length: count }, (_, place) => stream.next(place * stepMs));
}

const texts = (messages: readonly Message[]): string[] => messages.map(({ value }) => value.toString());
const attacksOf = (messages: readonly Message[], attack: string) =>
  messages.flatMap(({ payment }) => (payment.fraud?.attack === attack ? [payment] : []));

/** Payments of each episode. */
function episodesOf(messages: readonly Message[], attack: string) {
  const episodes = new Map<number, Message["payment"][]>();
  for (const payment of attacksOf(messages, attack)) {
    const episode = payment.fraud?.episode ?? -1;
    episodes.set(episode, [...(episodes.get(episode) ?? []), payment]);
  }
  return [...episodes.values()];
}

test("the same seed, customers, run and times give the same bytes; each of them changes them", () => {
  const some = texts(messagesOf({}, 500));
  expect(texts(messagesOf({}, 500))).toEqual(some);
  for (const other of [{ seed: 2 }, { customers: 3_000 }, { run: "s" }])
    expect(texts(messagesOf(other, 500))).not.toEqual(some);
  expect(texts(messagesOf({}, 500, 19_201))).not.toEqual(some);
});

test("what customers pay is the same with and without attacks, noise and labels", () => {
  const paid = (messages: readonly Message[]) =>
    messages.flatMap(({ payment: { source, target, amountMinor, fraud } }) =>
      fraud === null ? [`${source} ${target} ${amountMinor}`] : [],
    );
  const plain = paid(messagesOf({}, 3_000));
  const labels = { share: 1, delayMs: { from: 1, to: DAY_MS } };
  const noise = { ...noNoise, garbage: 0.1, duplicates: held(0.1, 1) };
  const structuring = { share: 0.1, payments: { from: 3, to: 8 }, below: 2500 };
  const attacked = paid(messagesOf({ scenario: aScenario({ attacks: { structuring }, labels }) }, 3_000));
  expect(attacked.length).toBeLessThan(2_950);
  expect(plain.slice(0, attacked.length)).toEqual(attacked);
  const noisy = messagesOf({ scenario: { ...quiet, noise } }, 3_000).filter(({ kind }) => kind !== "duplicate");
  expect(paid(noisy)).toEqual(plain.slice(0, noisy.length));
});

test("messages are valid, say nothing of the truth, and have rising times", () => {
  const messages = messagesOf({ scenario: aScenario() }, 3_000);
  let before = 0;
  for (const { id, source, value } of messages) {
    const decoded = decodeTransaction(value);
    if (!decoded.ok) throw new Error(JSON.stringify(decoded.faults));
    const { transaction } = decoded;
    expect(transaction).toMatchObject({ id, source, currency: "EUR", country: "DE" });
    expect(transaction.timestampMs).toBeGreaterThanOrEqual(before);
    before = transaction.timestampMs ?? 0;
    expect(Object.keys(JSON.parse(value.toString())).join()).toMatch(
      /^source,target,amount,currency,id,timestamp,country(,device)?$/,
    );
  }
  expect(new Set(messages.map(({ id }) => id)).size).toBe(3_000);
});

describe("an attack that adds payments", () => {
  const few = { from: 3, to: 5 };
  const amount = { from: 300, to: 900 };
  test.each([
    ["card_testing", { share: 0.02, tries: { from: 6, to: 20 }, amount: { from: 1, to: 4.99 }, after: amount }, 7],
    ["account_takeover", { share: 0.02, payments: few, amount }, 3],
    ["mules", { share: 0.02, payers: { from: 10, to: 20 }, amount, out: few }, 13],
    ["structuring", { share: 0.02, payments: few, below: 2500 }, 3],
    ["impossible_travel", { share: 0.02, payments: few, amount }, 3],
  ])("%s makes up its share of all payments, in episodes of their size", (name, document, least) => {
    const messages = messagesOf({ scenario: aScenario({ attacks: { [name]: document } }) }, 30_000);
    const share = attacksOf(messages, name).length / messages.length;
    // Impossible travel plans a genuine payment in five.
    expect(share).toBeGreaterThan(0.0125);
    expect(share).toBeLessThan(0.025);
    const whole = episodesOf(messages, name).filter(([first]) => (first?.timeMs ?? 0) < 5 * DAY_MS);
    expect(Math.min(...whole.map(({ length }) => length))).toBe(least);
  });

  test("structuring stays just under its threshold, and within a day", () => {
    const structuring = { share: 0.05, payments: few, below: 2500 };
    const episodes = episodesOf(
      messagesOf({ scenario: aScenario({ attacks: { structuring } }) }, 20_000),
      "structuring",
    );
    for (const payments of episodes) {
      for (const { amountMinor } of payments) expect(amountMinor).toBeGreaterThanOrEqual(212_500);
      for (const { amountMinor } of payments) expect(amountMinor).toBeLessThan(250_000);
      expect(new Set(payments.map(({ source }) => source)).size).toBe(1);
      const times = payments.map(({ timeMs }) => timeMs);
      expect(Math.max(...times) - Math.min(...times)).toBeLessThan(DAY_MS);
    }
  });

  test("a mule is paid by many and then pays many", () => {
    const mules = { share: 0.05, payers: { from: 10, to: 20 }, amount, out: few, within: "10m" };
    const [first = []] = episodesOf(messagesOf({ scenario: aScenario({ attacks: { mules } }) }, 20_000), "mules");
    const mule = first[0]?.target;
    const [paid, passedOn] = [
      first.filter(({ target }) => target === mule),
      first.filter(({ source }) => source === mule),
    ];
    expect(paid.length + passedOn.length).toBe(first.length);
    expect(new Set(paid.map(({ source }) => source)).size).toBe(paid.length);
    expect(Math.max(...paid.map(({ timeMs }) => timeMs))).toBeLessThan(
      Math.min(...passedOn.map(({ timeMs }) => timeMs)),
    );
  });

  test("impossible travel is in another country within an hour of a genuine payment at home", () => {
    const document = { share: 0.05, payments: few, amount };
    const messages = messagesOf({ scenario: aScenario({ attacks: { impossible_travel: document } }) }, 20_000);
    for (const payments of episodesOf(messages, "impossible_travel").slice(0, 20)) {
      const { source, timeMs, country } = payments[0] as Message["payment"];
      expect(country).not.toBe("DE");
      const atHome = messages.find(
        ({ payment }) =>
          payment.source === source && payment.country === "DE" && Math.abs(payment.timeMs - timeMs) <= 3_600_000,
      );
      expect(atHome?.payment.fraud).toBeNull();
    }
  });
});

describe("an attack that turns payments into fraud", () => {
  test("every amount above the handbook's limit is one, and no other", () => {
    const messages = messagesOf({ scenario: aScenario({ attacks: { large_amounts: { above: 220 } } }) }, 5_000);
    for (const { payment } of messages) expect(payment.fraud !== null).toBe(payment.amountMinor > 22_000);
    expect(attacksOf(messages, "large_amounts").length).toBeGreaterThan(10);
  });

  test("a compromised merchant's payments are, for its days and no longer", () => {
    const document = { merchants_per_day: 0.002, days: 3, share: 1 };
    const messages = messagesOf({ scenario: aScenario({ attacks: { merchant_compromise: document } }) }, 20_000);
    const episodes = episodesOf(messages, "merchant_compromise");
    expect(episodes.length).toBeGreaterThan(10);
    for (const payments of episodes) {
      const [{ target, timeMs }] = payments as [Message["payment"]];
      const last = payments.at(-1)?.timeMs ?? 0;
      expect(last - timeMs).toBeLessThan(3 * DAY_MS);
      const between = messages.filter(
        ({ payment }) => payment.target === target && payment.timeMs > timeMs && payment.timeMs < last,
      );
      expect(between.filter(({ payment }) => payment.fraud === null)).toEqual([]);
    }
  });

  test("a third of a robbed customer's payments are, five times as dear", () => {
    const document = { customers_per_day: 0.002, days: 14, share: 1 / 3, factor: 5 };
    const robbed = messagesOf({ scenario: aScenario({ attacks: { stolen_credentials: document } }) }, 30_000);
    const plain = messagesOf({}, 30_000);
    const frauds = robbed.filter(({ payment }) => payment.fraud !== null);
    expect(frauds.length).toBeGreaterThan(40);
    const asDear = plain.map(({ payment: { amountMinor } }, place) =>
      Math.min(500_000, amountMinor * (robbed[place]?.payment.fraud === null ? 1 : 5)),
    );
    expect(robbed.map(({ payment }) => payment.amountMinor)).toEqual(asDear);
    const sources = new Set(frauds.map(({ source }) => source));
    const [first, last] = [frauds[0]?.payment.timeMs ?? 0, frauds.at(-1)?.payment.timeMs ?? 0];
    const theirs = robbed.filter(
      ({ source, payment }) => sources.has(source) && payment.timeMs >= first && payment.timeMs <= last,
    );
    // Those of the days on which they were not robbed are among theirs.
    expect(frauds.length / theirs.length).toBeLessThan(0.4);
  });
});

describe("noise", () => {
  test("a duplicate is the same bytes a little later, and takes a place of the stream", () => {
    const noise = { ...noNoise, duplicates: held(0.05, 600_000) };
    const messages = messagesOf({ scenario: { ...quiet, noise } }, 20_000);
    const duplicates = messages.filter(({ kind }) => kind === "duplicate");
    expect(duplicates.length / 20_000).toBeCloseTo(0.05, 1.8);
    const first = new Map(messages.filter(({ kind }) => kind === "payment").map((one) => [one.id, one.value]));
    for (const { id, value } of duplicates) expect(first.get(id)?.equals(value)).toBe(true);
  });

  test("what is held up comes behind later payments, with its own time, by as much as asked for", () => {
    const noise = { ...noNoise, disorder: held(0.1, 60_000), late: held(0.01, 6 * 3_600_000) };
    const messages = messagesOf({ scenario: { ...quiet, noise } }, 20_000);
    let newest = 0;
    const behind = messages.flatMap(({ payment: { timeMs } }) => {
      const by = newest - timeMs;
      newest = Math.max(newest, timeMs);
      return by > 0 ? [by] : [];
    });
    expect(Math.max(...behind)).toBeGreaterThan(5 * 3_600_000);
    expect(Math.max(...behind)).toBeLessThanOrEqual(6 * 3_600_000 + 60_000);
    expect(behind.filter((by) => by > 80_000).length / 20_000).toBeCloseTo(0.01, 2.3);
    expect(new Set(messages.map(({ id }) => id)).size).toBe(20_000);
  });

  test("garbage can be decided by nobody, and is never a fraud", () => {
    const scenario = aScenario({ noise: { ...noNoise, garbage: 0.2 } });
    const messages = messagesOf({ scenario }, 5_000);
    const garbage = messages.filter(({ kind }) => kind === "garbage");
    expect(garbage.length / 5_000).toBeCloseTo(0.2, 1.4);
    for (const { value, payment } of garbage) {
      expect(decodeTransaction(value).ok, value.toString()).toBe(false);
      expect(payment.fraud).toBeNull();
    }
  });
});

test("drift makes payments dearer and moves them to the net, evenly and no further", () => {
  const drift = { afterMs: 5 * DAY_MS, overMs: 5 * DAY_MS, amounts: 3, online: 0.75, elsewhere: 0.1 };
  const messages = messagesOf({ scenario: { ...quiet, drift } }, 90_000);
  const days = (from: number, to: number) => {
    const those = messages.filter(({ payment: { timeMs } }) => timeMs >= from * DAY_MS && timeMs < to * DAY_MS);
    const sum = those.reduce((total, { payment }) => total + payment.amountMinor, 0);
    const online = those.filter(({ payment }) => payment.device !== null).length;
    return { mean: sum / those.length, online: online / those.length };
  };
  const [before, within, after] = [days(0, 5), days(7, 8), days(10, 20)];
  expect(within.mean / before.mean).toBeCloseTo(2, 0.5);
  expect(after.mean / before.mean).toBeCloseTo(3, 0.5);
  expect(before.online).toBeCloseTo(0.25, 1.5);
  expect(after.online).toBeCloseTo(0.75, 1.5);
});

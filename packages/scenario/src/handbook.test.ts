import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { compileScenario } from "./compile.ts";
import { DAY_MS, EventClock } from "./event-clock.ts";
import { PaymentStream } from "./payment-stream.ts";

/** Of the published data's first 90 days: 863,006 payments, 5,000 customers. */
const PUBLISHED = { mean: 53.61, night: 0.1737, largeAmounts: 0.000557 };

test("the handbook's scenario has the amounts, hours and large frauds of its published data", () => {
  const compiled = compileScenario(readFileSync(new URL("../../../scenarios/handbook.yaml", import.meta.url), "utf8"), {
    file: "handbook.yaml",
  });
  if (!compiled.ok) throw new Error("handbook.yaml has faults");
  const stream = new PaymentStream({ scenario: compiled.scenario, seed: 1, customers: 5_000, run: "r" });
  const clock = new EventClock({ startMs: 0, speedup: 1, byDay: true });
  const payments = 150_000;
  const days = 15;
  let [sum, night, large] = [0, 0, 0];
  for (let place = 1; place <= payments; place += 1) {
    const { payment } = stream.next(clock.at((place / payments) * days * DAY_MS));
    sum += payment.amountMinor / 100;
    if (payment.timeMs % DAY_MS < 7 * 3_600_000) night += 1;
    if (payment.fraud?.attack === "large_amounts") large += 1;
  }
  // Populations of 5,000 differ by a few percent: the deviation of their mean of means is 0.4, of who pays often more.
  expect(Math.abs(sum / payments - PUBLISHED.mean)).toBeLessThan(3);
  expect(night / payments).toBeCloseTo(PUBLISHED.night, 2);
  expect(large / payments / PUBLISHED.largeAmounts).toBeGreaterThan(0.6);
  expect(large / payments / PUBLISHED.largeAmounts).toBeLessThan(1.6);
});

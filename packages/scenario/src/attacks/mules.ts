/** Victims are talked into paying one account (fan-in), which passes it all on at once (fan-out). */
import { minorSpan, type Scenario } from "../compile.ts";
import { HOME } from "../population.ts";
import { type Attack, middle, within } from "./attack.ts";

export function mules(document: NonNullable<Scenario["attacks"]["mules"]>): Attack {
  const { payers, amount, out } = document;
  const eachMs = within(document.within, "1h");
  const span = minorSpan(amount);
  return {
    name: "mules",
    payments: middle(payers) + middle(out),
    plan({ population, random }, timeMs, episode) {
      const mule = population.draw(random);
      const fraud = { attack: "mules", episode };
      const paid = Array.from({ length: random.whole(payers) }, () => {
        const victim = population.other(random, mule);
        return {
          timeMs: timeMs + random.below(eachMs),
          source: population.customerId(victim),
          target: population.customerId(mule),
          amountMinor: random.whole(span),
          country: HOME,
          device: population.device(victim, timeMs),
          fraud,
        };
      });
      const passedOn = Array.from({ length: random.whole(out) }, () => ({
        timeMs: timeMs + eachMs + random.below(eachMs),
        source: population.customerId(mule),
        target: population.customerId(population.other(random, mule)),
        amountMinor: random.whole(span),
        country: HOME,
        device: population.device(mule, timeMs),
        fraud,
      }));
      return [...paid, ...passedOn];
    },
  };
}

/** A large sum leaves in payments that each stay just under a threshold, to a few accounts. */
import { minorOf, type Scenario } from "../compile.ts";
import { HOME } from "../population.ts";
import { type Attack, middle, within } from "./attack.ts";

export function structuring(document: NonNullable<Scenario["attacks"]["structuring"]>): Attack {
  const { payments, below } = document;
  const mostMs = within(document.within, "24h");
  const belowMinor = minorOf(below);
  const span = { from: Math.ceil(belowMinor * 0.85), to: belowMinor - 1 };
  return {
    name: "structuring",
    payments: middle(payments),
    plan({ population, random }, timeMs, episode) {
      const customer = population.draw(random);
      const targets = [0, 1, 2].map(() => population.customerId(population.other(random, customer)));
      return Array.from({ length: random.whole(payments) }, () => ({
        timeMs: timeMs + random.below(mostMs),
        source: population.customerId(customer),
        target: targets[random.below(targets.length)] as string,
        amountMinor: random.whole(span),
        country: HOME,
        device: population.device(customer, timeMs),
        fraud: { attack: "structuring", episode },
      }));
    },
  };
}

/** Somebody else logs in from a new device and pays to accounts that the owner has never paid. */
import { minorSpan, type Scenario } from "../compile.ts";
import { HOME } from "../population.ts";
import { type Attack, middle, within } from "./attack.ts";

export function accountTakeover(document: NonNullable<Scenario["attacks"]["account_takeover"]>): Attack {
  const { payments, amount } = document;
  const mostMs = within(document.within, "2h");
  const span = minorSpan(amount);
  return {
    name: "account_takeover",
    payments: middle(payments),
    plan({ population, random }, timeMs, episode) {
      const customer = population.draw(random);
      const source = population.customerId(customer);
      const device = population.strangeDevice(random);
      return Array.from({ length: random.whole(payments) }, () => ({
        timeMs: timeMs + random.below(mostMs),
        source,
        target: population.customerId(population.other(random, customer)),
        amountMinor: random.whole(span),
        country: HOME,
        device,
        fraud: { attack: "account_takeover", episode },
      }));
    },
  };
}

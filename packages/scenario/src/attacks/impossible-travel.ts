/** The owner pays at home; a copy of the card pays in another country soon after. */
import { minorSpan, type Scenario } from "../compile.ts";
import { COUNTRIES, HOME } from "../population.ts";
import { type Attack, middle, within } from "./attack.ts";

export function impossibleTravel(document: NonNullable<Scenario["attacks"]["impossible_travel"]>): Attack {
  const { payments, amount } = document;
  const mostMs = within(document.within, "1h");
  const span = minorSpan(amount);
  return {
    name: "impossible_travel",
    payments: middle(payments) + 1,
    plan({ population, random }, timeMs, episode) {
      const customer = population.draw(random);
      const source = population.customerId(customer);
      const country = COUNTRIES[random.below(COUNTRIES.length)] as string;
      const atHome = {
        timeMs,
        source,
        target: population.merchantId(population.regular(random, customer)),
        amountMinor: Math.round(population.meanMinor(customer)),
        country: HOME,
        device: null,
        fraud: null,
      };
      const abroad = Array.from({ length: random.whole(payments) }, () => ({
        timeMs: timeMs + 1 + random.below(mostMs),
        source,
        target: population.merchantId(random.below(population.merchants)),
        amountMinor: random.whole(span),
        country,
        device: null,
        fraud: { attack: "impossible_travel", episode },
      }));
      return [atHome, ...abroad];
    },
  };
}

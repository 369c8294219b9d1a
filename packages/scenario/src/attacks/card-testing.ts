/** Stolen card numbers are tried out with small payments at shops on the net, the same that all go to; one that works is used at once. */
import { minorSpan, type Scenario } from "../compile.ts";
import { HOME } from "../population.ts";
import { type Attack, middle, within } from "./attack.ts";

export function cardTesting(document: NonNullable<Scenario["attacks"]["card_testing"]>): Attack {
  const { tries, amount, after } = document;
  const apartMs = within(document.apart, "30s");
  const mostMs = within(document.within, "30m");
  const [small, large] = [minorSpan(amount), minorSpan(after)];
  return {
    name: "card_testing",
    payments: middle(tries) + 1.5,
    plan({ population, random }, timeMs, episode) {
      const source = population.customerId(population.draw(random));
      const device = population.strangeDevice(random);
      const fraud = { attack: "card_testing", episode };
      const pay = (atMs: number, amountMinor: number) => {
        const target = population.shopId(population.shop(random));
        return { timeMs: atMs, source, target, amountMinor, country: HOME, device, fraud };
      };
      let atMs = timeMs;
      const payments = Array.from({ length: random.whole(tries) }, () => {
        atMs += 1 + random.below(apartMs);
        return pay(atMs, random.whole(small));
      });
      const lastMs = atMs;
      for (let left = random.whole({ from: 1, to: 2 }); left > 0; left -= 1)
        payments.push(pay(lastMs + 1 + random.below(mostMs), random.whole(large)));
      return payments;
    },
  };
}

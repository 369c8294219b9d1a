/**
 * The stream of a scenario. It is a function of the scenario, the seed, the number of customers, the name of its ids and
 * the times that it is asked for: the same give the same bytes. Genuine payments, attacks, noise and labels each have
 * their own chance, so that none of them changes another.
 *
 * Each call hands out one message. It is what was planned for an earlier time if there is any (a payment of an attack, a
 * message that was held up), else a payment of a customer: attacks and noise take places of the stream and add none, so
 * the rate stays what was asked for.
 */
import { Agenda } from "./agenda.ts";
import { type AddingAttack, addingAttacks } from "./attacks/adding.ts";
import { TurningAttacks } from "./attacks/turning.ts";
import type { Held, Scenario } from "./compile.ts";
import { Customers } from "./customers.ts";
import { garbageOf } from "./garbage.ts";
import { Labels, type ReportedLabel } from "./labels.ts";
import { messageOf, type Payment } from "./payment.ts";
import { Population } from "./population.ts";
import { Random } from "./random.ts";

export type StreamOptions = {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly customers: number;
  /** Ids are `<run>-<number from 0>`; letters, digits, dots and dashes. */
  readonly run: string;
};

export type Message = {
  readonly id: string;
  /** Who pays: the record's key. */
  readonly source: string;
  readonly value: Buffer;
  readonly kind: "payment" | "duplicate" | "garbage";
  /** With the truth, which is not in `value`. */
  readonly payment: Payment;
};

/** What each kind of chance is drawn from. */
const CHANCE = { customers: 0xffff_ffff, labels: 0xffff_fffe, attacks: 0xffff_fffd, noise: 0xffff_fffc } as const;

type Planned = { readonly payment: Payment } | { readonly message: Message };

export class PaymentStream {
  readonly population: Population;
  readonly #noise: Scenario["noise"];
  readonly #isNoisy: boolean;
  readonly #run: string;
  readonly #customers: Customers;
  readonly #turning: TurningAttacks;
  readonly #adding: readonly (AddingAttack & { episodes: number })[];
  readonly #attackChance: Random;
  readonly #noiseChance: Random;
  readonly #labels: Labels;
  readonly #agenda = new Agenda<Planned>();
  #number = 0;

  /** Throws RangeError below two customers. */
  constructor({ scenario, seed, customers, run }: StreamOptions) {
    const random = (stream: number): Random => new Random(seed, stream);
    this.population = new Population({ seed, scenario, customers });
    this.#run = run;
    this.#noise = scenario.noise;
    const { duplicates, disorder, late, garbage } = scenario.noise;
    this.#isNoisy = duplicates.share + disorder.share + late.share + garbage > 0;
    this.#attackChance = random(CHANCE.attacks);
    this.#noiseChance = random(CHANCE.noise);
    this.#customers = new Customers(scenario, this.population, random(CHANCE.customers));
    this.#turning = new TurningAttacks(scenario, this.population, this.#attackChance);
    this.#adding = addingAttacks(scenario.attacks).map((attack) => ({ ...attack, episodes: 0 }));
    this.#labels = new Labels(scenario.labels, random(CHANCE.labels));
  }

  /** The next message, sent at event time `timeMs`, which must not go back. Its own time may be earlier. */
  next(timeMs: number): Message {
    this.#labels.advance(timeMs);
    this.#beginAttacks(timeMs);
    for (;;) {
      const planned = this.#agenda.takeDue(timeMs);
      const message = planned === null ? this.#made(this.#genuine(timeMs)) : this.#due(planned);
      if (message.kind === "payment" && this.#isHeldUp(message, planned !== null, timeMs)) continue;
      if (message.kind === "payment") this.#labels.sent(message.payment, message.id);
      return message;
    }
  }

  /** The labels that were published up to the last message, each once: where they come in the stream is a part of it. */
  takeLabels(): ReportedLabel[] {
    return this.#labels.take();
  }

  get labels(): { readonly pending: number; readonly forfeited: number } {
    return this.#labels;
  }

  #beginAttacks(timeMs: number): void {
    const world = { population: this.population, random: this.#attackChance };
    for (const attack of this.#adding) {
      if (this.#attackChance.unit() * attack.payments >= attack.share) continue;
      for (const payment of attack.plan(world, timeMs, attack.episodes)) this.#agenda.add(payment.timeMs, { payment });
      attack.episodes += 1;
    }
  }

  #genuine(timeMs: number): Payment {
    const { customer, target, country, device, merchant, amountMinor } = this.#customers.pay(timeMs);
    const turned = this.#turning.turn({ customer, merchant, amountMinor }, timeMs);
    return {
      timeMs,
      source: this.population.customerId(customer),
      target,
      amountMinor: turned.amountMinor,
      country,
      device,
      fraud: turned.fraud,
    };
  }

  #due(planned: Planned): Message {
    return "message" in planned ? planned.message : this.#made(planned.payment);
  }

  #made(payment: Payment): Message {
    const id = `${this.#run}-${this.#number++}`;
    const value = messageOf(payment, id);
    const message: Message = { id, source: payment.source, value, kind: "payment", payment };
    // Only a genuine payment is lost to garbage: an attack whose payments vanish would be another one.
    if (payment.fraud !== null || this.#noise.garbage === 0) return message;
    if (this.#noiseChance.unit() >= this.#noise.garbage) return message;
    return { ...message, kind: "garbage", value: garbageOf(value, this.#noiseChance) };
  }

  /** Whether it goes back to the agenda; a duplicate of it goes there too. */
  #isHeldUp(message: Message, wasPlanned: boolean, timeMs: number): boolean {
    if (!this.#isNoisy) return false;
    const { duplicates, disorder, late } = this.#noise;
    const random = this.#noiseChance;
    const untilMs = (held: Held): number => timeMs + 1 + random.below(held.byMs);
    // What was planned may have been held up already; it never is twice.
    if (!wasPlanned) {
      const draw = random.unit();
      const held = draw < disorder.share ? disorder : draw < disorder.share + late.share ? late : null;
      if (held !== null) {
        this.#agenda.add(untilMs(held), { message });
        return true;
      }
    }
    if (random.unit() < duplicates.share)
      this.#agenda.add(untilMs(duplicates), { message: { ...message, kind: "duplicate" } });
    return false;
  }
}

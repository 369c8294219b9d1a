/** One payment as the scenario knows it, and as it is sent. */

export type Payment = {
  /** Event time, epoch ms. */
  readonly timeMs: number;
  readonly source: string;
  readonly target: string;
  /** EUR, minor units. */
  readonly amountMinor: number;
  /** Where it was made, ISO 3166. */
  readonly country: string;
  /** What it was made with; null: a card at a merchant's terminal. */
  readonly device: string | null;
  /** The truth: null for a genuine payment. It reaches the stream as labels and in no other way. */
  readonly fraud: Fraud | null;
};

export type Fraud = {
  /** As the scenario document calls the attack. */
  readonly attack: string;
  /** Which attack of its kind, from 0: one card that is tested, one mule, one merchant. */
  readonly episode: number;
};

/** JSON of a transaction. All texts are letters, digits and dashes, which need no escaping. */
export function messageOf({ source, target, amountMinor, country, device, timeMs }: Payment, id: string): Buffer {
  const optional = device === null ? "" : `,"device":"${device}"`;
  return Buffer.from(
    `{"source":"${source}","target":"${target}","amount":${amountMinor / 100},"currency":"EUR","id":"${id}",` +
      `"timestamp":${timeMs},"country":"${country}"${optional}}`,
    "latin1",
  );
}

/** JSON of the label that calls it fraud from `labelledAtMs` on. */
export function labelOf({ source, target, timeMs }: Payment, id: string, labelledAtMs: number): Buffer {
  return Buffer.from(
    `{"transaction":"${id}","source":"${source}","target":"${target}","timestamp":${timeMs},` +
      `"fraud":true,"labelledAt":${labelledAtMs}}`,
    "latin1",
  );
}

/**
 * Sends letters in again, each origin once and never twice, whoever else does the same at the same time and wherever this
 * process dies.
 *
 * Kept by this order:
 * 1. Fence: open the one writer that replays of this application have. No other replay can commit any more, and what it
 *    left open is settled.
 * 2. Only then is the ledger exact. Read it.
 * 3. One transaction: the records and their entries in the ledger.
 * 4. After anything but a success, give the writer up and go to 1: the ledger says whether it was committed after all.
 *
 * Each transaction also leaves the last origin of its batch beside an offset of the replays' group: a second witness. A
 * ledger without that origin is not all there, and nothing is sent.
 */
import { partitionFor } from "@weir/schema";
import { type Clock, type CommitPart, type Log, RetryLater, type Writer } from "@weir/stream";
import { type LedgerEntry, LedgerIncomplete, ledgerRecord, readLedger } from "./ledger.ts";
import type { Resend } from "./resend.ts";

export type ReplayerOptions = {
  readonly log: Log;
  readonly clock: Clock;
  readonly appId: string;
  readonly ledgerTopic: string;
  /** Names this replay, unlike every other. */
  readonly run: string;
  /** ms since the epoch, for the ledger. */
  readonly nowMs: () => number;
};

export type Outcome = {
  readonly origin: string;
  /** `already`: by an earlier call or another replay; nothing was sent now. */
  readonly result: "sent" | "already";
  readonly entry: LedgerEntry;
};

type Session = { readonly writer: Writer; readonly sent: Map<string, LedgerEntry>; readonly ledgerPartitions: number };

const ATTEMPTS = 6;
const FIRST_WAIT_MS = 200;

export class Replayer {
  readonly #options: ReplayerOptions;
  #session: Session | null = null;

  constructor(options: ReplayerOptions) {
    this.#options = options;
  }

  /**
   * One transaction for those that were not sent before. In the order given; an origin given twice counts once. Throws
   * RetryLater or LedgerIncomplete when nobody knows whether they were sent: call again, nothing goes twice.
   */
  async send(resends: readonly Resend[]): Promise<Outcome[]> {
    const { clock, run } = this.#options;
    const wanted = new Map(resends.map((resend) => [resend.origin, resend] as const));
    const tried = new Set<string>();
    let trouble: unknown = null;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (attempt > 0) await clock.sleep(FIRST_WAIT_MS * 2 ** attempt);
      try {
        const { sent } = await this.#sendFresh([...wanted.values()], tried);
        return [...wanted.keys()].map((origin) => {
          const entry = sent.get(origin) as LedgerEntry;
          return { origin, result: tried.has(origin) && entry.run === run ? "sent" : "already", entry };
        });
      } catch (error) {
        if (!(error instanceof RetryLater || error instanceof LedgerIncomplete)) throw error;
        trouble = error;
        await this.close();
      }
    }
    throw trouble;
  }

  async close(): Promise<void> {
    const session = this.#session;
    this.#session = null;
    await session?.writer.close().catch(() => {}); // whoever opens the next one fences it
  }

  /** `tried` gets the origins that were in a commit of ours, whatever became of it. */
  async #sendFresh(wanted: readonly Resend[], tried: Set<string>): Promise<Session> {
    this.#session ??= await this.#open();
    const session = this.#session;
    const fresh = wanted.filter(({ origin }) => !session.sent.has(origin));
    const last = fresh.at(-1);
    if (last === undefined) return session;
    const { ledgerTopic, run, nowMs } = this.#options;
    const entries = fresh.map(({ origin, bytes, record: { topic, partition } }) => {
      const entry: LedgerEntry = { atMs: nowMs(), run, bytes, to: { topic, partition } };
      return [origin, entry] as const;
    });
    const part: CommitPart = {
      input: this.#witness,
      next: session.sent.size + fresh.length,
      tag: last.origin,
      outputs: [
        ...fresh.map(({ record }) => record),
        ...entries.map(([origin, entry]) => ({
          ...ledgerRecord(ledgerTopic, origin, entry),
          partition: partitionFor(Buffer.from(origin), session.ledgerPartitions),
        })),
      ],
    };
    for (const { origin } of fresh) tried.add(origin);
    const { result, error } = await session.writer.commit([part]);
    if (result !== "committed") throw new RetryLater(`the replay's commit is ${result}`, { cause: error });
    for (const [origin, entry] of entries) session.sent.set(origin, entry);
    return session;
  }

  async #open(): Promise<Session> {
    const { log, ledgerTopic } = this.#options;
    const writer = await log.openWriter(this.#name, this.#name);
    try {
      const ledgerPartitions = await log.partitions(ledgerTopic);
      const witness = await log.committed(this.#name, this.#witness);
      const sent = await readLedger(log, ledgerTopic);
      if (witness !== null && !sent.has(witness.tag))
        throw new LedgerIncomplete(
          `${ledgerTopic} lacks ${witness.tag}, which was sent: was it deleted? Nothing is sent. Mend: find out what was ` +
            `sent since, then delete the offsets of the group ${this.#name}`,
        );
      return { writer, sent, ledgerPartitions };
    } catch (error) {
      await writer.close().catch(() => {});
      throw error;
    }
  }

  /** Names the transactional id and the group of all replays of this application. */
  get #name(): string {
    return `${this.#options.appId}-rejected-replay`;
  }

  get #witness() {
    return { topic: this.#options.ledgerTopic, partition: 0 };
  }
}

/**
 * The one writer through which a process commits all its partitions of a stage: while a transaction is under way, what
 * becomes ready gathers, and goes into the next one together. The fewer transactions, the less they wait for each
 * other in the brokers; a batch of a busy partition waits for one transaction at most.
 *
 * A transaction costs the brokers some ms of processor time however little is in it, so whoever commits as often as it
 * can keeps them busy at any rate of records: a small one begins no sooner than `commitIntervalMs` after the one before.
 *
 * A session is one opened writer. After anything but a commit that succeeded it is lost as a whole: every partition
 * then has to find out where it stands, through a new session, before it commits again (ownership.ts).
 */
import { NO_MORE, within } from "./clock.ts";
import type { StageEvents } from "./events.ts";
import { processWriterId } from "./ownership.ts";
import { type CommitPart, type CommitResult, RetryLater, type Writer } from "./port.ts";
import { closeWriter, openWriter, type WriterContext } from "./writers.ts";

export type CommitterContext = WriterContext & {
  readonly processId: string;
  readonly events: StageEvents;
  /** From the beginning of a transaction to that of the next, ms; if that has few outputs. */
  readonly commitIntervalMs: number;
};

export class Committer {
  readonly #context: CommitterContext;
  #session: Promise<Session> | null = null;
  #closing: Promise<unknown> = Promise.resolve();

  constructor(context: CommitterContext) {
    this.#context = context;
  }

  /** The session in use; a new one when there is none, or it was lost. Throws RetryLater. */
  session(): Promise<Session> {
    this.#session ??= this.#open();
    return this.#session;
  }

  /** Gives the writer up. Idempotent. */
  async close(): Promise<void> {
    const session = await this.#session?.catch(() => null);
    session?.end();
    await this.#closing;
  }

  async #open(): Promise<Session> {
    try {
      const { group, processId } = this.#context;
      const writer = await openWriter(this.#context, processWriterId(group, processId));
      return new Session(this.#context, writer, () => {
        this.#session = null;
        this.#closing = Promise.all([this.#closing, closeWriter(this.#context, writer)]);
      });
    } catch (error) {
      this.#session = null;
      throw error;
    }
  }
}

type Waiting = {
  readonly part: CommitPart;
  readonly alone: boolean;
  readonly settle: (outcome: { readonly result: CommitResult; readonly error?: unknown }) => void;
};

/** Outputs, markers and chunks among them, for which a transaction is worth while at any time. */
const MANY = 32;

export class Session {
  readonly #context: CommitterContext;
  readonly #writer: Writer;
  readonly #onEnd: () => void;
  readonly #ended = new AbortController();
  #waiting: Waiting[] = [];
  #committing = false;
  /** When the last transaction began. */
  #beganMs = Number.NEGATIVE_INFINITY;
  /** Ends the pause before the next. */
  #pause: AbortController | null = null;

  constructor(context: CommitterContext, writer: Writer, onEnd: () => void) {
    this.#context = context;
    this.#writer = writer;
    this.#onEnd = onEnd;
  }

  /** Aborted once nothing can be committed here any more. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /**
   * Resolves when `part` is committed; those of one partition are committed in the order of the calls. Throws
   * RetryLater when its fate is another, or unknown. `alone`: in a transaction of its own, so that a part which the log
   * will not take holds up only its own partition.
   */
  async commit(part: CommitPart, { alone = false } = {}): Promise<void> {
    if (this.#ended.signal.aborted) throw new RetryLater("the writer is lost");
    const { result, error } = await new Promise<Parameters<Waiting["settle"]>[0]>((settle) => {
      this.#waiting.push({ part, alone, settle });
      if (!this.#committing) void this.#commitWaiting();
      else if (this.#pause !== null && this.#isUrgent()) this.#pause.abort(NO_MORE);
    });
    if (result !== "committed")
      throw new RetryLater(`the commit of ${part.input.partition} up to ${part.next} is ${result}`, { cause: error });
  }

  /** Whatever waits is not committed. Idempotent. */
  end(): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    this.#pause?.abort(NO_MORE);
    for (const { settle } of this.#waiting) settle({ result: "failed", error: new Error("the writer is lost") });
    this.#waiting = [];
    this.#onEnd();
  }

  async #commitWaiting(): Promise<void> {
    const { clock, deadlineMs, events } = this.#context;
    this.#committing = true;
    // The partitions whose records came in one answer become ready in one turn.
    await clock.turn();
    for (;;) {
      await this.#gather();
      if (this.#waiting.length === 0) break;
      const taken = this.#take();
      const parts = taken.map(({ part }) => part);
      const startedMs = clock.now();
      this.#beganMs = startedMs;
      const commit = within(clock, deadlineMs, "the commit", this.#writer.commit(parts));
      const outcome = await commit.catch((error: unknown) => ({ result: "unknown" as const, error }));
      const partitions = parts.map(({ input }) => input.partition);
      events.transactionEnded({ partitions, ms: clock.now() - startedMs, ...outcome });
      for (const { settle } of taken) settle(outcome);
      if (outcome.result !== "committed") this.end();
      else await clock.turn();
    }
    this.#committing = false;
  }

  /** Lets more become ready, until the interval is over. */
  async #gather(): Promise<void> {
    const { clock, commitIntervalMs } = this.#context;
    const pauseMs = this.#beganMs + commitIntervalMs - clock.now();
    if (pauseMs <= 0 || this.#waiting.length === 0 || this.#isUrgent()) return;
    this.#pause = new AbortController();
    await clock.sleep(pauseMs, this.#pause.signal);
    this.#pause = null;
  }

  #isUrgent(): boolean {
    let outputs = 0;
    for (const { part, alone } of this.#waiting) {
      outputs += part.outputs.length;
      if (alone || outputs >= MANY) return true;
    }
    return false;
  }

  /** The oldest of each partition, or the oldest of all alone. */
  #take(): Waiting[] {
    const taken: Waiting[] = [];
    const partitions = new Set<number>();
    const left: Waiting[] = [];
    for (const one of this.#waiting) {
      const { partition } = one.part.input;
      const fits = taken.length === 0 || !(one.alone || taken[0]?.alone === true);
      if (fits && !partitions.has(partition)) taken.push(one);
      else left.push(one);
      partitions.add(partition);
    }
    this.#waiting = left;
    return taken;
  }
}

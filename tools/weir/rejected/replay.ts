import { randomUUID } from "node:crypto";
import { openAdmin } from "@weir/kafka";
import {
  type Fixed,
  type Letter,
  type Outcome,
  originalOf,
  planResend,
  Replayer,
  type Resend,
  type ResendTarget,
  readLedger,
} from "@weir/rejected";
import { rejectedLedgerTopic } from "@weir/schema";
import { ConfigurationError } from "@weir/service";
import { wallClock } from "@weir/stream";
import { flag, integer, text } from "../../cli/arguments.ts";
import { count } from "../../cli/format.ts";
import { readFixedFile } from "./fixed-file.ts";
import { choosing, chosenLetters, defineAction, INTERRUPTED, isAnyChosen, originFaults, type World } from "./world.ts";

/** Of one transaction. */
const BATCH_LETTERS = 200;
const BATCH_BYTES = 4 * 1024 * 1024;

export const replayAction = defineAction({
  usage: "replay [ORIGIN...] [options]",
  about: "Sends them to the topic they came from, each once and never twice, whoever does it how often",
  options: {
    fixed: text({
      about: "lines of an export, mended: sent in place of the original bytes, for the origins in it",
      placeholder: "FILE.jsonl",
      fallback: null,
    }),
    "from-input": flag(
      "read what the rejected topic only refers to from the input topic: what was too large, or had ids",
    ),
    "dry-run": flag("say what would be sent, and send nothing"),
    limit: integer({ about: "how many to send at most", min: 1, max: Number.MAX_SAFE_INTEGER, fallback: null }),
    ...choosing,
  },
  more: [
    "Those to send are named by ORIGIN, by --fixed, or chosen by the other options: one of these is needed.",
    "Key and headers stay; a header weir-replay-of names the origin. A ledger topic remembers what was sent, in the same",
    "transaction: sent again, killed half-way or run twice at a time, it goes in once, and the second one says so.",
    "",
    "Exit codes: 0 all of them are in the input, by now or before; 1 some are not, or Kafka failed: run it again; 78 something",
    "must be changed; 130 stopped by Ctrl-C, between two transactions.",
  ],
  check: (words, values) => [
    ...originFaults(words),
    ...(words.length === 0 && values.fixed === null && !isAnyChosen(values)
      ? ["an ORIGIN, --fixed or an option that chooses is needed; --from 0 chooses all"]
      : []),
  ],
  async act(words, values, world) {
    const faults: string[] = [];
    const fixed = await readFixedFile(values.fixed, faults);
    if (faults.length > 0) throw new ConfigurationError(faults);
    const named = words.length > 0 ? new Set(words) : values.fixed !== null ? new Set(fixed.keys()) : null;
    const job = new ReplayJob(world, {
      fixed,
      fromInput: values["from-input"],
      dryRun: values["dry-run"],
      limit: values.limit ?? Number.POSITIVE_INFINITY,
      targets: await targetsOf(world),
    });
    const missing = new Set(named);
    try {
      for await (const { letters } of chosenLetters(world, values, named)) {
        for (const letter of letters) {
          missing.delete(letter.origin);
          await job.add(letter);
          // Some of those that wait may have been sent before.
          if (job.isFull) await job.flush();
          if (job.isFull || world.interrupt.aborted) break;
        }
        if (job.isFull || (named !== null && missing.size === 0)) break;
      }
      if (!world.interrupt.aborted) await job.flush();
    } finally {
      await job.close();
    }
    if (!job.isFull && !world.interrupt.aborted)
      for (const origin of missing) job.refuse(origin, `${world.topics.rejected} has nothing that came from there`);
    world.screen.say(job.summary());
    return world.interrupt.aborted ? INTERRUPTED : job.isAllIn ? 0 : 1;
  },
});

type JobOptions = {
  readonly fixed: ReadonlyMap<string, Fixed>;
  readonly fromInput: boolean;
  readonly dryRun: boolean;
  readonly limit: number;
  readonly targets: readonly ResendTarget[];
};

/** Gathers a transaction's worth of letters at a time, sends it, and tells each one's fate by its origin alone. */
class ReplayJob {
  readonly #world: World;
  readonly #options: JobOptions;
  readonly #replayer: Replayer;
  #waiting: Resend[] = [];
  #waitingBytes = 0;
  #sent = 0;
  #already = 0;
  #refused = 0;

  constructor(world: World, options: JobOptions) {
    this.#world = world;
    this.#options = options;
    const { log, appId } = world;
    const ledgerTopic = rejectedLedgerTopic(appId);
    this.#replayer = new Replayer({ log, clock: wallClock, appId, ledgerTopic, run: randomUUID(), nowMs: Date.now });
  }

  get isFull(): boolean {
    return this.#sent + this.#waiting.length >= this.#options.limit;
  }

  get isAllIn(): boolean {
    return this.#refused === 0;
  }

  async add(letter: Letter): Promise<void> {
    const { fixed, fromInput, targets } = this.#options;
    const replacement = fixed.get(letter.origin) ?? null;
    let whole = letter;
    if (fromInput && replacement === null && letter.isReference) {
      const original = await originalOf(
        this.#world.log,
        letter,
        targets.map(({ topic }) => topic),
      );
      if (!original.ok) return this.refuse(letter.origin, original.why);
      const { key, value, headers } = original.record;
      whole = { ...letter, key, value, headers, isReference: false };
    }
    const plan = planResend({ letter: whole, fixed: replacement, targets, nowMs: Date.now() });
    if (!plan.ok) return this.refuse(letter.origin, plan.why);
    this.#waiting.push(plan.resend);
    this.#waitingBytes += plan.resend.record.value?.length ?? 0;
    if (this.#waiting.length >= BATCH_LETTERS || this.#waitingBytes >= BATCH_BYTES) await this.flush();
  }

  async flush(): Promise<void> {
    const resends = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    if (resends.length === 0) return;
    for (const outcome of this.#options.dryRun ? await this.#foretold(resends) : await this.#replayer.send(resends))
      this.#tell(outcome);
  }

  close(): Promise<void> {
    return this.#replayer.close();
  }

  refuse(origin: string, why: string): void {
    this.#refused++;
    this.#say(`not sent  ${origin}: ${why}`);
  }

  summary(): string {
    const sent = this.#options.dryRun ? "would be sent" : "sent";
    return `${count(this.#sent)} ${sent}, ${count(this.#already)} were sent before, ${count(this.#refused)} not sent`;
  }

  /** Without fencing, so that a replay under way goes on: what that one sends may be missing here. */
  async #foretold(resends: readonly Resend[]): Promise<Outcome[]> {
    const ledger = await readLedger(
      this.#world.log,
      rejectedLedgerTopic(this.#world.appId),
      new Set(resends.map(({ origin }) => origin)),
    );
    return resends.map(({ origin, bytes, record: { topic, partition } }) => {
      const entry = ledger.get(origin);
      const now = { atMs: Date.now(), run: "", bytes, to: { topic, partition } };
      return { origin, result: entry === undefined ? "sent" : "already", entry: entry ?? now };
    });
  }

  #tell({ origin, result, entry: { atMs, bytes, to } }: Outcome): void {
    if (result === "already") {
      this.#already++;
      this.#say(`already   ${origin}: sent at ${new Date(atMs).toISOString()}, ${bytes} bytes; nothing is sent now`);
    } else {
      this.#sent++;
      const done = this.#options.dryRun ? "would go " : "sent     ";
      this.#say(`${done} ${origin} to partition ${to.partition} of ${to.topic}, ${bytes} bytes`);
    }
  }

  #say(line: string): void {
    this.#world.screen.clear();
    console.log(line);
  }
}

/** The input topics that are there: who has no labels need not have their topic. */
async function targetsOf({ connection, topics }: World): Promise<ResendTarget[]> {
  const admin = openAdmin(connection);
  try {
    const found = await admin.describe([topics.transactions, topics.labels]);
    return (["transactions", "labels"] as const).flatMap((holds) => {
      const topic = found.get(topics[holds]) ?? null;
      if (topic === null) return [];
      const retentionMs = Number(topic.config["retention.ms"] ?? -1);
      const kept = retentionMs < 0 ? null : retentionMs;
      return [{ topic: topics[holds], holds, partitions: topic.partitions, retentionMs: kept }];
    });
  } finally {
    await admin.close();
  }
}

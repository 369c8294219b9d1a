/**
 * Who may commit for a partition. A process commits all its partitions in one transaction, so one transactional id of
 * its own stands for all of them, and shutting out a partition's owner means fencing that id. The tag beside the
 * committed offset says whose it is.
 *
 * takeOwnership() goes through these steps, with the process's writer open before the first:
 *
 * 1. lock: open the writer of the partition's own transactional id, which shuts out all who have locked before;
 * 2. read the committed offset and its tag;
 * 3. fence the owner in the tag, if that is another process, and read again;
 * 4. write ourselves into the tag, at the offset just read, in a transaction of the lock; needless if we are there.
 *
 * Rule: a process commits for a partition only through a writer that was open before it took the partition. Why nobody
 * else can commit from step 3 on: whoever took the partition before us either wrote itself into the tag before our lock,
 * so that its writer is fenced in step 3 and for another one it would have to lock again; or it did not, and now fails
 * to in step 4. If anybody locks after us, step 4 fails, or it finds and fences us. So the offset read last is exact,
 * and step 4 never sets it back.
 */
import { type Clock, within } from "./clock.ts";
import { type CommittedOffset, type Log, RetryLater, type TopicPartition, type Writer } from "./port.ts";
import { closeWriter, openWriter } from "./writers.ts";

/** What the committed offset of a partition and its tag say. */
export type Standing = {
  readonly offset: number;
  /** The batch that ended there, unlike every other. Null: nothing is decided yet. */
  readonly batch: string | null;
  /** The process that may commit for the partition; null: it has handed over. */
  readonly owner: string | null;
};

/** Stands in neither a batch nor an owner. */
const SEPARATOR = ";";

export function tagOf({ batch, owner }: Pick<Standing, "batch" | "owner">): string {
  return `${batch ?? ""}${SEPARATOR}${owner ?? ""}`;
}

/** A tag of somebody else's making, as after an offset was set by hand, is a batch without an owner. */
export function standingOf(committed: CommittedOffset | null): Standing | null {
  if (committed === null) return null;
  const { offset, tag } = committed;
  const at = tag.indexOf(SEPARATOR);
  if (at < 0) return { offset, batch: tag, owner: null };
  return { offset, batch: tag.slice(0, at) || null, owner: tag.slice(at + 1) || null };
}

/** Records before it are decided; null: none ever was. */
export function decidedUpTo(standing: Standing | null): number | null {
  return standing === null || standing.batch === null ? null : standing.offset;
}

/** The transactional id through which a process commits. */
export function processWriterId(group: string, processId: string): string {
  return `${group}-${processId}`;
}

/** The transactional id that locks a partition. */
export function lockId(group: string, { topic, partition }: TopicPartition): string {
  return `${group}-${topic}-${partition}`;
}

export type OwnershipContext = {
  readonly log: Log;
  readonly clock: Clock;
  readonly group: string;
  readonly input: TopicPartition;
  /** Unlike that of any other process, ever; without a semicolon. */
  readonly processId: string;
  /** No single wait on the log may take longer, ms. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
};

/** An owner that ends in good order takes itself out of the tag; it is waited for so long, and looked at so often. */
const PATIENCE_MS = 200;
const LOOK_EVERY_MS = 20;

/**
 * Where the partition stands, now that only this process can commit for it. Throws RetryLater when another process
 * wants it too and came later, or when the log does not answer.
 */
export async function takeOwnership(context: OwnershipContext): Promise<Standing> {
  const { group, input, processId } = context;
  const lock = await openWriter(context, lockId(group, input));
  try {
    let found = await waitForHandOver(context);
    if (found?.owner === processId) return found;
    if (found !== null && found.owner !== null) {
      await closeWriter(context, await openWriter(context, processWriterId(group, found.owner)));
      found = await readStanding(context);
    }
    const offset = found?.offset ?? (await startOf(context));
    const ours: Standing = { offset, batch: found === null ? null : found.batch, owner: processId };
    await write(context, lock, ours);
    return ours;
  } finally {
    await closeWriter(context, lock);
  }
}

async function waitForHandOver(context: OwnershipContext): Promise<Standing | null> {
  const { clock, processId, signal } = context;
  const endMs = clock.now() + PATIENCE_MS;
  for (;;) {
    const found = await readStanding(context);
    const isFree = found === null || found.owner === null || found.owner === processId;
    if (isFree || clock.now() >= endMs || signal.aborted) return found;
    await clock.sleep(LOOK_EVERY_MS, signal);
  }
}

async function readStanding({ log, clock, group, input, deadlineMs }: OwnershipContext): Promise<Standing | null> {
  return standingOf(await within(clock, deadlineMs, "reading the committed offset", log.committed(group, input)));
}

async function startOf({ log, clock, input, deadlineMs }: OwnershipContext): Promise<number> {
  return (await within(clock, deadlineMs, "reading the input's bounds", log.bounds(input))).start;
}

async function write({ clock, input, deadlineMs }: OwnershipContext, lock: Writer, standing: Standing): Promise<void> {
  const part = { input, next: standing.offset, tag: tagOf(standing), outputs: [] };
  const { result, error } = await within(clock, deadlineMs, "taking the partition", lock.commit([part]));
  if (result !== "committed")
    throw new RetryLater(`taking ${input.topic}/${input.partition} is ${result}`, { cause: error });
}

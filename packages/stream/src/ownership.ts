/**
 * Who may commit for a partition. A process commits all its partitions in one transaction, so one transactional id of
 * its own stands for all of them, and shutting out a partition's owner means fencing that id. The tag beside the
 * committed offset, which the marker repeats, says whose it is.
 *
 * A partition is taken in these steps, with the process's writer open before the first:
 *
 * 1. lock: open the writer of the partition's own transactional id, which shuts out all who have locked before;
 * 2. read the marker, and fence the process that it names, unless that is us;
 * 3. read marker and committed offset until they agree; bring the state to there;
 * 4. confirm: write ourselves into the tag, at that offset, in a transaction of the lock. Needless if we are there.
 *
 * Rule: a process commits for a partition only through a writer that was open before it took the partition. Why nobody
 * else can commit from step 3 on: whoever took the partition before us has confirmed before our lock, so that its writer
 * is fenced in step 2 and for another one it would have to lock again; or it has not, and now it cannot. If anybody locks
 * after us, step 4 fails, or it finds and fences us. So what is read in step 3 is exact, and step 4 never sets it back.
 */
import { type Clock, within } from "./clock.ts";
import { lastMarker } from "./last-marker.ts";
import type { Marker } from "./marker.ts";
import { type CommittedOffset, type Log, RetryLater, type TopicPartition, Unrecoverable, type Writer } from "./port.ts";
import { agrees, isForeign, type Standing, standingOf } from "./standing.ts";
import { closeWriter, openWriter } from "./writers.ts";

export type OwnershipContext = {
  readonly log: Log;
  readonly clock: Clock;
  readonly group: string;
  readonly input: TopicPartition;
  readonly stateTopic: string;
  /** Unlike that of any other process, ever; without a semicolon. */
  readonly processId: string;
  /** No single wait on the log may take longer, ms. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  /** See Membership. */
  readonly isLost: () => boolean;
  /** The group's coordinator has forgotten what was committed, and the marker is believed instead. */
  readonly onForgotten: (committed: number | null, position: number) => void;
};

/** The transactional id through which a process commits. */
export function processWriterId(group: string, processId: string): string {
  return `${group}-${processId}`;
}

/** The transactional id that locks a partition. */
export function lockId(group: string, { topic, partition }: TopicPartition): string {
  return `${group}-${topic}-${partition}`;
}

/** A partition that nobody else can commit for; steps 1 to 3. */
export type Seized = {
  /** The caller's to close, and to confirm through. */
  readonly lock: Writer;
  /** Null: the partition was never owned. */
  readonly standing: Standing | null;
  /** Of the snapshot; null: there is none, or nobody can read its marker. */
  readonly epoch: number | null;
};

/** An owner that ends in good order takes itself out of the tag; it is waited for so long, and looked at so often. */
const HAND_OVER_MS = 200;
const LOOK_EVERY_MS = 20;
/** A coordinator that has just come up has so long to load its offsets; then it has forgotten them. */
const AGREE_MS = 3_000;
const AGREE_EVERY_MS = 200;

/** Throws RetryLater when another process came later, Unrecoverable when the offset was changed by hand. */
export async function seize(context: OwnershipContext): Promise<Seized> {
  const { group, input, processId, isLost } = context;
  // Whoever has it by now would be fenced, would fence us, and so on for ever.
  if (isLost() && (await ownerNow(context)) !== processId)
    throw new RetryLater(`the group is silent, and ${input.topic}/${input.partition} may be another's`);
  const lock = await openWriter(context, lockId(group, input));
  try {
    const owner = await ownerAfterHandOver(context);
    if (owner !== null) await closeWriter(context, await openWriter(context, processWriterId(group, owner)));
    return { lock, ...(await agreedStanding(context)) };
  } catch (error) {
    await closeWriter(context, lock);
    throw error;
  }
}

/** The other process that may still commit; null: there is none. */
async function ownerAfterHandOver(context: OwnershipContext): Promise<string | null> {
  const { clock, processId, signal } = context;
  const endMs = clock.now() + HAND_OVER_MS;
  for (;;) {
    const owner = await ownerNow(context);
    if (owner === null || owner === processId) return null;
    if (clock.now() >= endMs || signal.aborted) return owner;
    await clock.sleep(LOOK_EVERY_MS, signal);
  }
}

/** The process that may commit; null: the last one has handed over, or nobody ever could. */
async function ownerNow(context: OwnershipContext): Promise<string | null> {
  const { marker, committed } = await look(context);
  const tag = marker?.tag ?? committed?.tag ?? "";
  return standingOf({ offset: 0, tag })?.owner ?? null;
}

async function agreedStanding(context: OwnershipContext): Promise<Omit<Seized, "lock">> {
  const { clock, input, signal } = context;
  const endMs = clock.now() + AGREE_MS;
  let before: Look | null = null;
  for (;;) {
    const seen = await look(context);
    const { marker, committed } = seen;
    if (agrees(committed, marker)) return { standing: standingOf(committed), epoch: marker?.epoch ?? null };
    if (before !== null && marker?.tag !== before.marker?.tag)
      throw new RetryLater(`${input.topic}/${input.partition} has another owner, who has committed since`);
    // The two are not read at one time, so only what is seen twice is so.
    const isSeenTwice = before !== null && isSame(committed, before.committed);
    before = seen;
    if (signal.aborted) throw new RetryLater("the partition was released");
    if (isSeenTwice && clock.now() >= endMs) return fromMarker(context, committed, marker as Marker);
    await clock.sleep(AGREE_EVERY_MS, signal);
  }
}

type Look = { readonly marker: Marker | null; readonly committed: CommittedOffset | null };

function isSame(one: CommittedOffset | null, other: CommittedOffset | null): boolean {
  return one?.offset === other?.offset && one?.tag === other?.tag;
}

/** A marker that cannot be read counts as none: restore says so, and rebuilds what it spoke of. */
async function look(context: OwnershipContext): Promise<Look> {
  const { log, clock, group, input, stateTopic, deadlineMs } = context;
  const marker = await lastMarker(context, { topic: stateTopic, partition: input.partition });
  const committed = await within(clock, deadlineMs, "reading the committed offset", log.committed(group, input));
  return { marker: marker === "corrupt" ? null : marker, committed };
}

/**
 * Where the partition stands by its marker alone, which the owner before us, shut out by now, has written in the same
 * transaction as the offset. A group's coordinator may tell an older commit of ours, or none, for good: one that came up
 * while the leadership of its partition went to and fro was seen to go on with the first part of what it had to load
 * (Apache Kafka 4.3.1; docs/guarantees.md). An offset that is gone is believed to be forgotten only where the input is
 * still the topic that the marker speaks of: else it was deleted and made anew. One of somebody else's is meant. Throws
 * Unrecoverable.
 */
async function fromMarker(
  { log, clock, group, input, stateTopic, deadlineMs, onForgotten }: OwnershipContext,
  committed: CommittedOffset | null,
  { position, tag, epoch, inputId }: Marker,
): Promise<Omit<Seized, "lock">> {
  const where = `${input.topic}/${input.partition}`;
  const mend = `Mend: set the group's offset to ${position}`;
  const knownId = await within(clock, deadlineMs, "reading the input's id", log.topicId(input.topic));
  if (inputId !== undefined && inputId !== knownId)
    throw new Unrecoverable(
      `${stateTopic} says that ${where} was decided up to offset ${position}, and group ${group} does not; but ` +
        `${input.topic} was deleted and made anew since: its id is ${knownId} and was ${inputId}. Offsets begin anew too, ` +
        "so decisions would have the ids of others. Mend: give the input a new name",
    );
  const isForgotten =
    tag !== null &&
    (committed === null ? inputId !== undefined : !isForeign(committed) && committed.offset <= position);
  if (isForgotten) {
    onForgotten(committed?.offset ?? null, position);
    return { standing: standingOf({ offset: position, tag }), epoch };
  }
  throw new Unrecoverable(
    committed === null
      ? `group ${group} has no committed offset for ${where}, yet ${stateTopic} says that it was decided up to offset ` +
          `${position}. The offset was deleted or has expired; starting over would decide again. ${mend}`
      : `group ${group} has committed offset ${committed.offset} for ${where}, but ${stateTopic} stands at ${position}; ` +
          `they are written together, so one of them was changed by hand. ${mend}`,
  );
}

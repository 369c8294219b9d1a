/**
 * A broker in memory: partitions with offsets, transactions with markers and a last stable offset, fencing by
 * epoch, consumer groups with generations, compaction. It is what simulation and `npm start` without Kafka run
 * on; MemoryLog is a client's view of it. Nothing here knows time: what never comes is never woken.
 */
import type { Header, LogRecord, NewRecord } from "@weir/schema";
import { type CommitPart, type CommittedOffset, OffsetOutOfRange, TopicMissing, type TopicPartition } from "./port.ts";

const NO_HEADERS: readonly Header[] = [];

export type Transaction = {
  readonly id: string;
  readonly epoch: number;
  state: "open" | "committed" | "aborted";
  readonly touched: Set<MemoryPartition>;
  readonly offsets: { readonly key: string; readonly committed: CommittedOffset }[];
};

type Entry = { readonly record: LogRecord; readonly transaction: Transaction | null; readonly control: boolean };

export class MemoryPartition {
  readonly entries: Entry[] = [];
  #next = 0;
  #start = 0;
  /** Offset up to which the last compaction went. */
  #compactedTo = 0;
  readonly #waiting = new Set<() => void>();
  /** First offset of each open transaction here. */
  readonly #open = new Map<Transaction, number>();

  append(record: Omit<LogRecord, "offset">, transaction: Transaction | null, control = false): number {
    const offset = this.#next++;
    this.entries.push({ record: { ...record, offset }, transaction, control });
    if (transaction !== null && !this.#open.has(transaction)) {
      transaction.touched.add(this);
      this.#open.set(transaction, offset);
    }
    this.wake();
    return offset;
  }

  /** The transaction has ended: its marker is written, and the stable end moves on. */
  settle(transaction: Transaction): void {
    this.#open.delete(transaction);
    this.append({ key: null, value: null, headers: NO_HEADERS, timestampMs: 0 }, null, true);
  }

  get start(): number {
    return this.#start;
  }

  /** The last stable offset: where the oldest open transaction begins, else the end. */
  get end(): number {
    return Math.min(this.#next, ...this.#open.values());
  }

  /** Committed records of `[from, to)`, at most `limit` of them, and the offset to go on from. */
  slice(from: number, to: number, limit: number): { records: LogRecord[]; next: number } {
    if (from < this.#start || from > this.#next)
      throw new OffsetOutOfRange(`offset ${from} is outside [${this.#start}, ${this.#next}]`);
    const records: LogRecord[] = [];
    let index = this.#indexOf(from);
    for (; index < this.entries.length && records.length < limit; index++) {
      const { record, transaction, control } = this.entries[index] as Entry;
      if (record.offset >= to) break;
      if (!control && transaction?.state !== "aborted") records.push(record);
    }
    const stopped = this.entries[index]?.record.offset ?? to;
    return { records, next: Math.min(stopped, to) };
  }

  /** Resolves at the next change of this partition's end. */
  changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      this.#waiting.add(done);
      signal.addEventListener("abort", done);
      if (signal.aborted) done();
    });
  }

  wake(): void {
    for (const done of [...this.#waiting]) done();
  }

  /**
   * Keeps the last record of each key, as log compaction does, and no marker of a finished transaction. What stands past
   * the last stable offset is left alone: a record of an open transaction replaces nothing yet. A tombstone
   * stays for one compaction, so that whoever has read the record before it has time to read it. What stays is written
   * anew: a small buffer keeps the whole block alive that it was cut from.
   */
  compact(): void {
    const last = new Map<string, number>();
    const stable = this.end;
    for (const { record, transaction, control } of this.entries)
      if (record.offset < stable && !control && transaction?.state !== "aborted")
        last.set(String(record.key?.toString("latin1")), record.offset);
    let kept = 0;
    for (const entry of this.entries) {
      const { record, control } = entry;
      const latest = !control && last.get(String(record.key?.toString("latin1"))) === record.offset;
      const needed = latest && (record.value !== null || record.offset >= this.#compactedTo);
      if (needed || record.offset >= stable) this.entries[kept++] = { ...entry, record: rewritten(record) };
    }
    this.entries.length = kept;
    this.#compactedTo = stable;
  }

  /** Deletes what is older than `offset`, as retention does. */
  truncate(offset: number): void {
    this.entries.splice(0, this.#indexOf(offset));
    this.#start = Math.min(Math.max(this.#start, offset), this.#next);
  }

  #indexOf(offset: number): number {
    let low = 0;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.entries[middle] as Entry).record.offset < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function rewritten(record: LogRecord): LogRecord {
  return { ...record, key: record.key && Buffer.from(record.key), value: record.value && Buffer.from(record.value) };
}

export type GroupMember = { readonly onAssigned: (partitions: readonly number[]) => void; owned: number[] };

type MemoryTopic = { readonly id: string; readonly partitions: readonly MemoryPartition[] };

type Group = { readonly topic: string; readonly members: GroupMember[] };

export class MemoryBroker {
  readonly #topics = new Map<string, MemoryTopic>();
  #topicsMade = 0;
  readonly #offsets = new Map<string, CommittedOffset>();
  readonly #epochs = new Map<string, number>();
  readonly #open = new Map<string, Transaction>();
  readonly #groups = new Map<string, Group>();

  createTopic(name: string, partitions: number): void {
    if (!(partitions > 0)) throw new RangeError(`partitions must be > 0, got ${partitions}`);
    if (this.#topics.has(name)) return;
    const id = `topic-${++this.#topicsMade}`;
    this.#topics.set(name, { id, partitions: Array.from({ length: partitions }, () => new MemoryPartition()) });
  }

  /** Of the topic and all that it holds; committed offsets stay, as a coordinator may tell them. */
  deleteTopic(name: string): void {
    this.#topics.delete(name);
  }

  partitions(topic: string): readonly MemoryPartition[] {
    return this.#topic(topic).partitions;
  }

  topicId(topic: string): string {
    return this.#topic(topic).id;
  }

  #topic(name: string): MemoryTopic {
    const topic = this.#topics.get(name);
    if (topic === undefined) throw new TopicMissing(`topic ${name} does not exist`);
    return topic;
  }

  partition({ topic, partition }: TopicPartition): MemoryPartition {
    const found = this.partitions(topic)[partition];
    if (found === undefined) throw new TopicMissing(`topic ${topic} has no partition ${partition}`);
    return found;
  }

  /** Appends outside any transaction, as a plain producer does; returns the offset. */
  produce(
    record: Pick<NewRecord, "topic" | "key" | "value"> & Partial<NewRecord> & { readonly partition: number },
  ): number {
    const { key, value, headers = NO_HEADERS, timestampMs = 0 } = record;
    return this.partition(record).append({ key, value, headers, timestampMs }, null);
  }

  committed(group: string, input: TopicPartition): CommittedOffset | null {
    return this.#offsets.get(offsetKey(group, input)) ?? null;
  }

  /** Sets or deletes a committed offset by hand, as an operator might. */
  overwriteCommitted(group: string, input: TopicPartition, committed: CommittedOffset | null): void {
    if (committed === null) this.#offsets.delete(offsetKey(group, input));
    else this.#offsets.set(offsetKey(group, input), committed);
  }

  /** Fences every older writer of the id, aborts what it left open; returns the new epoch. */
  fence(id: string): number {
    const open = this.#open.get(id);
    if (open !== undefined) this.end(open, "aborted");
    const epoch = (this.#epochs.get(id) ?? 0) + 1;
    this.#epochs.set(id, epoch);
    return epoch;
  }

  isCurrent(id: string, epoch: number): boolean {
    return this.#epochs.get(id) === epoch;
  }

  begin(id: string, epoch: number): Transaction {
    const transaction: Transaction = { id, epoch, state: "open", touched: new Set(), offsets: [] };
    this.#open.set(id, transaction);
    return transaction;
  }

  add(transaction: Transaction, group: string, part: CommitPart): void {
    for (const output of part.outputs) this.partition(output).append(output, transaction);
    transaction.offsets.push({
      key: offsetKey(group, part.input),
      committed: { offset: part.next, tag: part.tag },
    });
  }

  end(transaction: Transaction, state: "committed" | "aborted"): void {
    transaction.state = state;
    this.#open.delete(transaction.id);
    if (state === "committed") for (const { key, committed } of transaction.offsets) this.#offsets.set(key, committed);
    for (const partition of transaction.touched) partition.settle(transaction);
  }

  join(group: string, topic: string, member: GroupMember): void {
    const found = this.#groups.get(group) ?? { topic, members: [] };
    this.#groups.set(group, found);
    if (!found.members.includes(member)) found.members.push(member);
    this.#rebalance(found);
  }

  /** The member left, or its session has expired: the others take over its partitions. */
  remove(group: string, member: GroupMember): void {
    const found = this.#groups.get(group);
    const index = found?.members.indexOf(member) ?? -1;
    if (found === undefined || index < 0) return;
    found.members.splice(index, 1);
    this.#rebalance(found);
  }

  /** Every member keeps what it may; what is over goes to those with fewest. */
  #rebalance({ topic, members }: Group): void {
    if (members.length === 0) return;
    const count = this.partitions(topic).length;
    const most = Math.ceil(count / members.length);
    const next = members.map((member) => member.owned.slice(0, most));
    const taken = new Set(next.flat());
    for (let partition = 0; partition < count; partition++) {
      if (taken.has(partition)) continue;
      next.reduce((least, one) => (one.length < least.length ? one : least)).push(partition);
    }
    members.forEach((member, index) => {
      member.owned = next[index] ?? [];
    });
    for (const member of [...members]) member.onAssigned(member.owned);
  }
}

function offsetKey(group: string, { topic, partition }: TopicPartition): string {
  return `${group}\0${topic}\0${partition}`;
}

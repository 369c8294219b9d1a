/**
 * A client of a MemoryBroker behind the port. `interfere` is called at every point where a real client waits
 * for its broker, before and after the effect: a test makes it throw (the request failed, or its reply was
 * lost), hang (the process died there) or wait (slow).
 */
import type { GroupMember, MemoryBroker, MemoryPartition } from "./memory-broker.ts";
import {
  type Batch,
  type CommitPart,
  type CommitResult,
  type JoinRequest,
  type Log,
  type Membership,
  type OutputList,
  type Reader,
  ReaderClosed,
  type TopicPartition,
  type Writer,
} from "./port.ts";

export type Interfere = (point: string) => Promise<void> | undefined;

export type MemoryLogOptions = {
  readonly interfere?: Interfere;
  /** Records a batch may hold at most. */
  readonly batchRecords?: number;
  /** After a batch, how often more() has another one if there is one. Default 0. */
  readonly more?: number;
};

export class MemoryLog implements Log {
  readonly #broker: MemoryBroker;
  readonly #interfere: Interfere;
  readonly #batchRecords: number;
  readonly #more: number;
  readonly #memberships: { readonly group: string; readonly topic: string; readonly member: GroupMember }[] = [];

  constructor(broker: MemoryBroker, options: MemoryLogOptions = {}) {
    this.#broker = broker;
    this.#interfere = options.interfere ?? (() => undefined);
    this.#batchRecords = options.batchRecords ?? 500;
    this.#more = options.more ?? 0;
  }

  async join(request: JoinRequest): Promise<Membership> {
    const member: GroupMember = { onAssigned: request.onAssigned, owned: [] };
    this.#memberships.push({ group: request.group, topic: request.topic, member });
    await this.#around("join", () => this.#broker.join(request.group, request.topic, member));
    // As a member that has been given up on, and does not know.
    return { isLost: false, leave: () => this.#around("leave", () => this.#broker.remove(request.group, member)) };
  }

  /** The group gives up on this client, as after a session timeout; the client itself does not know. */
  expire(): void {
    for (const { group, member } of this.#memberships) this.#broker.remove(group, member);
  }

  /** The client notices that it was given up on and joins again. */
  rejoin(): void {
    for (const { group, topic, member } of this.#memberships) {
      this.#broker.remove(group, member);
      member.owned = [];
      this.#broker.join(group, topic, member);
    }
  }

  async openWriter(transactionalId: string, group: string): Promise<Writer> {
    const epoch = await this.#around("openWriter", () => this.#broker.fence(transactionalId));
    return {
      commit: (parts) => this.#commit(transactionalId, epoch, group, parts),
      close: () => this.#around("closeWriter", () => {}),
    };
  }

  outputs(): OutputList {
    return [];
  }

  committed(group: string, input: TopicPartition) {
    return this.#around("committed", () => this.#broker.committed(group, input));
  }

  bounds(input: TopicPartition) {
    return this.#around("bounds", () => {
      const { start, end } = this.#broker.partition(input);
      return { start, end };
    });
  }

  partitions(topic: string): Promise<number> {
    return this.#around("partitions", () => this.#broker.partitions(topic).length);
  }

  topicId(topic: string): Promise<string> {
    return this.#around("topicId", () => this.#broker.topicId(topic));
  }

  read(input: TopicPartition, from: number, to = Number.POSITIVE_INFINITY): Reader {
    const limits = { records: this.#batchRecords, more: this.#more };
    return new MemoryReader(this.#broker.partition(input), from, to, limits, this.#interfere);
  }

  async close(): Promise<void> {}

  async #commit(
    id: string,
    epoch: number,
    group: string,
    parts: readonly CommitPart[],
  ): Promise<{ result: CommitResult; error?: unknown }> {
    let sentEnd = false;
    try {
      const transaction = await this.#around("begin", () => this.#ifCurrent(id, epoch).begin(id, epoch));
      for (const part of parts)
        await this.#around("produce", () => this.#ifCurrent(id, epoch).add(transaction, group, part));
      sentEnd = true;
      await this.#around("end", () => this.#ifCurrent(id, epoch).end(transaction, "committed"));
      return { result: "committed" };
    } catch (error) {
      return { result: sentEnd ? "unknown" : "failed", error };
    }
  }

  #ifCurrent(id: string, epoch: number): MemoryBroker {
    if (!this.#broker.isCurrent(id, epoch)) throw new Error(`writer ${id} of epoch ${epoch} is fenced`);
    return this.#broker;
  }

  async #around<T>(point: string, effect: () => T): Promise<T> {
    await this.#interfere(`${point}:before`);
    const result = effect();
    await this.#interfere(`${point}:after`);
    return result;
  }
}

type Limits = { readonly records: number; readonly more: number };

class MemoryReader implements Reader {
  readonly #partition: MemoryPartition;
  readonly #to: number;
  readonly #limits: Limits;
  readonly #interfere: Interfere;
  readonly #closed = new AbortController();
  #position: number;
  #moreLeft = 0;

  constructor(partition: MemoryPartition, from: number, to: number, limits: Limits, interfere: Interfere) {
    this.#partition = partition;
    this.#position = from;
    this.#to = to;
    this.#limits = limits;
    this.#interfere = interfere;
  }

  async next(): Promise<Batch | null> {
    await this.#interfere("read:before");
    while (!this.#closed.signal.aborted) {
      if (this.#position >= this.#to) return null;
      const batch = this.#take();
      if (batch !== null) {
        this.#moreLeft = this.#limits.more;
        await this.#interfere("read:after");
        return batch;
      }
      await this.#partition.changed(this.#closed.signal);
    }
    throw new ReaderClosed("the reader was closed");
  }

  more(): Batch | null {
    return this.#moreLeft-- > 0 && !this.#closed.signal.aborted ? this.#take() : null;
  }

  close(): void {
    this.#closed.abort();
  }

  #take(): Batch | null {
    const from = this.#position;
    const end = this.#partition.end;
    const { records, next } = this.#partition.slice(from, Math.min(end, this.#to), this.#limits.records);
    if (next <= from) return null;
    this.#position = next;
    return { from, next, records, endOffset: end };
  }
}

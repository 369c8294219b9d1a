/** Fakes for the generator's tests: a clock that moves when somebody sleeps, and a sink in memory that can fail. */
import type { OpenSpan, SpanStart, Tracing } from "@weir/service";
import type { Clock } from "./generator.ts";
import type { Sink, SinkRecord } from "./sink.ts";

export class FakeClock implements Clock {
  nowMs = 0;
  readonly startEpochMs = 1_700_000_000_000;
  /** Runs whenever time has passed. */
  onAdvance: (nowMs: number) => void = () => {};

  advance(ms: number): void {
    this.nowMs += ms;
    this.onAdvance(this.nowMs);
  }

  readonly monotonicMs = (): number => this.nowMs;
  readonly epochMs = (): number => this.startEpochMs + this.nowMs;
  readonly sleep = async (ms: number, signal: AbortSignal): Promise<void> => {
    if (!signal.aborted) this.advance(ms);
    await Promise.resolve();
  };
}

export type MemorySinkOptions = {
  readonly clock: FakeClock;
  /** How long a send takes; may change with time. */
  readonly sendMs?: (nowMs: number) => number;
  /** Called before each send; throws to refuse it. */
  readonly admit?: (nowMs: number) => void;
};

export class MemorySink implements Sink {
  readonly records: SinkRecord[] = [];
  readonly batches: number[] = [];
  inFlight = 0;
  mostInFlight = 0;
  closed = false;
  readonly #options: MemorySinkOptions;

  constructor(options: MemorySinkOptions) {
    this.#options = options;
  }

  readonly send = async (_topic: string, records: readonly SinkRecord[]): Promise<void> => {
    const { clock, sendMs, admit } = this.#options;
    this.inFlight += records.length;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    try {
      admit?.(clock.nowMs);
      clock.advance(sendMs?.(clock.nowMs) ?? 1);
      await Promise.resolve();
      this.records.push(...records);
      this.batches.push(records.length);
    } finally {
      this.inFlight -= records.length;
    }
  };

  readonly partitions = async (): Promise<number> => 4;

  readonly close = async (): Promise<void> => {
    this.closed = true;
  };
}

/** Keeps what it was told, as long as there is room. */
export class MemoryTracing implements Tracing {
  room: number;
  readonly spans: (SpanStart & OpenSpan["context"] & { ended: readonly [endMs: number, how: string] | null })[] = [];

  constructor(room = Number.POSITIVE_INFINITY) {
    this.room = room;
  }

  begin(start: SpanStart): OpenSpan | null {
    if (this.room === 0) return null;
    this.room -= 1;
    const number = this.spans.length + 1;
    const context = { traceId: number.toString().padStart(32, "a"), spanId: number.toString().padStart(16, "b") };
    const span: (typeof this.spans)[number] = { ...start, ...context, sampled: true, ended: null };
    this.spans.push(span);
    return {
      context: { ...context, sampled: true },
      end: (endMs, how) => {
        span.ended = [endMs, how];
      },
    };
  }

  async close(): Promise<void> {}
}

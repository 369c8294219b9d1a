/** Opening and closing writers under a deadline: whatever comes of it, none is left behind. */
import { type Clock, within } from "./clock.ts";
import type { Log, Writer } from "./port.ts";

export type WriterContext = {
  readonly log: Log;
  readonly clock: Clock;
  /** Consumer group whose offsets are committed. */
  readonly group: string;
  /** Longest wait for one answer of the log, ms. */
  readonly deadlineMs: number;
};

/** Fences every older writer of the id. Throws RetryLater; a writer that opens too late is closed. */
export async function openWriter(context: WriterContext, transactionalId: string): Promise<Writer> {
  const { log, clock, group, deadlineMs } = context;
  const opening = log.openWriter(transactionalId, group);
  try {
    return await within(clock, deadlineMs, "opening the writer", opening);
  } catch (error) {
    opening.then((late) => late.close()).catch(() => {});
    throw error;
  }
}

/** Never throws: a writer that cannot be closed in time has been, or will be, fenced by the next one. */
export async function closeWriter({ clock, deadlineMs }: WriterContext, writer: Writer): Promise<void> {
  await within(clock, deadlineMs, "closing the writer", writer.close()).catch(() => {});
}

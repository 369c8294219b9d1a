/** One run: a preloaded topic through one contender. Seen from outside, so that all are measured alike. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Arena, Input, Split } from "./arena.ts";
import type { Contender } from "./contenders.ts";
import type { Job, JobName } from "./jobs.ts";
import { cpuSeconds, peakMegabytes, spinMs } from "./processes.ts";

export type Run = {
  readonly kind: "throughput";
  /** Runs of the same one are compared: the same broker, minutes apart. */
  readonly round: string;
  readonly job: JobName;
  readonly contender: string;
  readonly messages: number;
  readonly partitions: number;
  readonly keys: number;
  readonly spanMs: number;
  readonly processes: number;
  readonly perSecond: number;
  /** Processor time of the contender, of the broker. */
  readonly cpuUs: number;
  readonly brokerCpuUs: number;
  readonly peakMb: number;
  /** In the broker's log, for a message: outputs, what lies between two stages, state. */
  readonly bytes: number;
  readonly spinMs: number;
  readonly split: Split;
};

/**
 * The rate is of what is written between these shares of all. Compilers warm up before, ours and the peers'. And who has
 * computed ahead of a commit at the first has done so at the second: up to the end, that would have been given away.
 */
const MEASURED = { from: 0.2, to: 0.85 };
const POLL_MS = 100;
const QUIET_MS = 1_500;
const GIVE_UP_MS = 600_000;

export type Sample = {
  readonly atMs: number;
  readonly decided: number;
  /** Decided, and written between two stages: all of it is work. */
  readonly written: number;
  readonly cpu: number;
  readonly brokerCpu: number;
};

export async function throughput(
  arena: Arena,
  contender: Contender,
  job: Job,
  options: { readonly input: Input; readonly partitions: number; readonly processes: number },
): Promise<Pick<Run, "perSecond" | "cpuUs" | "brokerCpuUs" | "peakMb" | "bytes" | "spinMs" | "split">> {
  const { input, partitions, processes } = options;
  const spin = spinMs();
  const { outputs, contestants } = await arena.start(contender, job, { topic: input.topic, partitions, processes });
  await using running = contestants;
  const samples: Sample[] = [];
  for (const beganMs = performance.now(); ; await sleep(POLL_MS)) {
    running.assertRunning();
    const decided = await arena.written([outputs.legit, outputs.fraud], partitions);
    const sample = {
      decided,
      written: decided + (await arena.written(outputs.between, partitions)),
      atMs: performance.now(),
      cpu: running.pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0),
      brokerCpu: cpuSeconds(arena.brokerPid),
    };
    if (sample.written !== samples.at(-1)?.written) samples.push(sample);
    const last = samples.at(-1) as Sample;
    // Markers of transactions take offsets as well, so it is over only when it is also quiet.
    if (last.decided >= input.messages && sample.atMs - last.atMs >= QUIET_MS) break;
    if (sample.atMs - beganMs > GIVE_UP_MS)
      throw new Error(`${contender.name} decided ${last.decided} of ${input.messages} in ${GIVE_UP_MS / 1000} s`);
  }
  const peakMb = running.pids.reduce((sum, pid) => sum + peakMegabytes(pid), 0);
  const split = await arena.split(outputs, partitions);
  assertSplit(split, contender, job, input);
  return {
    ...rateOf(samples, input.messages),
    peakMb,
    bytes: arena.bytes(outputs) / input.messages,
    spinMs: spin,
    split,
  };
}

/** `samples`: one at least, in order; the last has all `messages` decided. */
export function rateOf(samples: readonly Sample[], messages: number) {
  const last = samples.at(-1) as Sample;
  const from = samples.find(({ written }) => written >= MEASURED.from * last.written) as Sample;
  const to = samples.findLast(({ written }) => written <= MEASURED.to * last.written && written > from.written) ?? last;
  const measured = (messages * (to.written - from.written)) / last.written;
  return {
    perSecond: (measured * 1_000) / (to.atMs - from.atMs),
    cpuUs: ((to.cpu - from.cpu) * 1e6) / measured,
    brokerCpuUs: ((to.brokerCpu - from.brokerCpu) * 1e6) / measured,
  };
}

function assertSplit({ legit, fraud }: Split, contender: Contender, job: Job, input: Input): void {
  const faults: string[] = [];
  if (legit + fraud !== input.messages) faults.push(`${legit + fraud} of ${input.messages} messages`);
  if (job.name === "split" && fraud !== input.fraud) faults.push(`${fraud} frauds where there are ${input.fraud}`);
  if (faults.length > 0) throw new Error(`${contender.name} wrote ${faults.join(" and ")}`);
}

/**
 * A rolling update: one detector after the other is told to end, and when it is gone another one takes its place. The next one
 * has its turn when that has been ready for as long as minReadySeconds of k8s/detector/deployment.yaml says.
 */
import type { Detectors } from "./detectors.ts";
import { sleep } from "./faults.ts";

/** Of any partition. */
export const PROMISED_PAUSE_MS = 5_000;

const MIN_READY_MS = 5_000;

/** `release`: the folder of the one that they run afterwards. */
export async function roll(detectors: Detectors, release: string, log: (line: string) => void): Promise<void> {
  for (const old of [...detectors.all]) {
    log(`torture: ${old.name} is told to end`);
    const beganMs = performance.now();
    old.signal("SIGTERM");
    await detectors.ended(old);
    await detectors.replace(old, release);
    log(`torture: another one was ready after ${Math.round(performance.now() - beganMs)} ms`);
    await sleep(MIN_READY_MS);
  }
}

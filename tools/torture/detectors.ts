/** The detectors of a run: started, replaced, ended, and how they ended. */
import { join } from "node:path";
import type { Random } from "@weir/scenario";
import { repositoryRoot } from "@weir/testing";
import { sumOf } from "../process/prometheus.ts";
import { type Service, startProcess } from "../process/service.ts";

const READY_WITHIN_MS = 90_000;
const DECISIONS = "weir_transactions_total";

export type DetectorsOptions = {
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Of all stages together. */
  readonly partitions: number;
};

export class Detectors {
  /** Of all stages together. */
  readonly partitions: number;
  /** Those that ought to run. */
  readonly all: Service[] = [];
  /** From SIGTERM to exit, ms. */
  readonly exitsMs: number[] = [];
  /** Wrong ends. */
  readonly faults: string[] = [];
  readonly #options: DetectorsOptions;
  readonly #everyone: Service[] = [];
  #started = 0;

  constructor(options: DetectorsOptions) {
    this.#options = options;
    this.partitions = options.partitions;
  }

  /** `release`: the folder of the one to start. */
  async add(release = repositoryRoot): Promise<Service> {
    const { folder, environment } = this.#options;
    this.#started += 1;
    const name = `detector-${this.#started}`;
    const main = join(release, "services/detector/main.ts");
    const detector = await startProcess(name, main, environment, join(folder, `${name}.log`));
    this.#everyone.push(detector);
    this.all.push(detector);
    await detector.untilReady(READY_WITHIN_MS);
    return detector;
  }

  drawn(random: Random): Service {
    return this.all[random.below(this.all.length)] as Service;
  }

  without(victim: Service): Service[] {
    return this.all.filter((one) => one !== victim);
  }

  remove(detector: Service): void {
    const at = this.all.indexOf(detector);
    if (at >= 0) this.all.splice(at, 1);
  }

  async replace(detector: Service, release?: string): Promise<void> {
    this.remove(detector);
    await this.add(release);
  }

  /** Of one that was sent SIGTERM just now. */
  async ended(detector: Service): Promise<void> {
    const beganMs = performance.now();
    const how = await detector.exit;
    this.exitsMs.push(performance.now() - beganMs);
    if (how !== "code 0") this.faults.push(`${detector.name} ended with ${how} after SIGTERM`);
  }

  async endAll(): Promise<void> {
    for (const one of [...this.all]) {
      one.signal("SIGTERM");
      await this.ended(one);
      this.remove(one);
    }
  }

  killAll(): void {
    for (const one of this.#everyone) one.signal("SIGKILL");
  }

  /** Starts others for those that ended although nobody told them to, which is a fault. */
  async replaceStrays(after: string): Promise<void> {
    for (const stray of this.all.filter(({ running }) => !running)) {
      this.faults.push(`${stray.name} ended by itself with ${await stray.exit}, after ${after}`);
      await this.replace(stray);
    }
  }

  /** Whether each partition of each stage is decided, by one of these alone, and more was decided than `before`. */
  async areAllDecided(by: readonly Service[] = this.all, before = -1): Promise<boolean> {
    const samples = await Promise.all(by.map((one) => one.samplesIfReady()));
    const total = (metric: string): number => sum(samples.map((own) => sumOf(own ?? [], metric)));
    return total("weir_assigned_partitions") === this.partitions && total(DECISIONS) > before;
  }

  async decisions(of: readonly Service[]): Promise<number> {
    return sum(await Promise.all(of.map((one) => one.metric(DECISIONS))));
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

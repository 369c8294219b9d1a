/**
 * One run: topics, services, the view, the stop in order, the check.
 *
 * The stop goes with the stream: the generator first, so that nothing new comes; the detectors once nothing waits; the
 * broker last, by whoever started it. `--for` then reads the topics back.
 */
import { mkdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { type Admin, KafkaLog, openAdmin } from "@weir/kafka";
import { repositoryRoot, weirFolder } from "@weir/testing";
import { EXIT_CONFIGURATION } from "../cli/arguments.ts";
import type { TopicNames } from "../weir/topics.ts";
import { applyTopics } from "../weir/topics-command.ts";
import type { ChosenKafka } from "./choose-kafka.ts";
import { decidedOf, numbersBetween, type Reading, readingOf } from "./numbers.ts";
import { type Ends, endsOf, readBack } from "./read-back.ts";
import { Scraper } from "./scraper.ts";
import type { Screen } from "./screen.ts";
import { lastLines, type ServiceProcess, startService } from "./service-process.ts";
import { summaryLines } from "./summary.ts";
import { isExact } from "./tally.ts";
import { type Frame, liveLines, plainLine } from "./view.ts";

export type SessionOptions = {
  readonly kafka: ChosenKafka;
  readonly names: TopicNames;
  readonly appId: string;
  readonly rate: number;
  readonly seed: number | null;
  readonly ruleset: string;
  readonly partitions: number | null;
  readonly detectors: number;
  readonly forMs: number | null;
  readonly screen: Screen;
  /** Aborted when a stop is asked for. */
  readonly stopping: AbortSignal;
  /** When npm start began, monotonic ms. */
  readonly startedMs: number;
};

const LIVE_EVERY_MS = 500;
const PLAIN_EVERY_MS = 5_000;
/** Rates and latencies are those of the last seconds. */
const WINDOW_MS = 5_000;
const STOP_WITHIN_MS = 13_000;
const LOG_LINES = 12;

/** How long to wait for the detectors: as long as the lag falls, and a little longer. */
const DRAIN = { withoutProgressMs: 8_000, interruptedMs: 12_000, forMs: 120_000 } as const;

export class Session {
  readonly #options: SessionOptions;
  readonly #admin: Admin;
  readonly #processes: ServiceProcess[] = [];
  readonly #readings: Reading[] = [];
  #phase = "starting";
  #runningSinceMs = 0;
  #places: (readonly [string, string])[] = [];
  #failure: string | null = null;
  #exitCode = 0;
  #saidFirst = false;
  #plainAtMs = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#admin = openAdmin(options.kafka.connection);
  }

  /** From topics to the last check; resolves with the exit code, all services ended. */
  async run(): Promise<number> {
    const { names, kafka, forMs, stopping } = this.#options;
    const log = new KafkaLog({ connection: kafka.connection, log: () => {} });
    try {
      if (!(await this.#makeTopics())) return EXIT_CONFIGURATION;
      const before = await endsOf(log, names);
      const scraper = await this.#startServices();
      if (scraper !== null && !stopping.aborted) await this.#watch(scraper);
      const interrupted = stopping.aborted;
      await this.#drain(scraper);
      if (this.#failure !== null) return this.#tellFailure();
      if (forMs !== null && interrupted) this.#say("stopped before its time, so nothing was read back");
      if (forMs !== null && !interrupted) return await this.#check(log, before);
      this.#tellTotals();
      return 0;
    } finally {
      this.#options.screen.release();
      await Promise.all([log.close().catch(() => {}), this.#admin.close().catch(() => {})]);
    }
  }

  /** The second Ctrl-C. */
  kill(): void {
    this.#options.screen.release();
    for (const one of this.#processes) one.kill();
  }

  async #makeTopics(): Promise<boolean> {
    const { names, appId, partitions } = this.#options;
    const plan = await applyTopics(this.#admin, { names, appId, partitions });
    if (plan.faults.length > 0) {
      for (const fault of plan.faults) console.error(`npm start: ${fault}`);
      return false;
    }
    const made = plan.missing.length;
    const count = plan.missing[0]?.partitions;
    this.#say(
      `Topics: ${[...(made > 0 ? [`${made} made, ${count} partitions each`] : []), ...(plan.existing.length > 0 ? [`${plan.existing.length} there already`] : [])].join("; ")}`,
    );
    // Settings of existing topics matter to whoever looks for them: npm run weir -- topics verify.
    for (const note of plan.notes.filter((one) => one.includes("asked for"))) this.#say(`        ${note}`);
    return true;
  }

  /** Null when a service did not come up; the failure is kept. */
  async #startServices(): Promise<Scraper | null> {
    const { kafka, rate, seed, ruleset, detectors } = this.#options;
    const folder = join(weirFolder, "run");
    await mkdir(folder, { recursive: true });
    const common = { ...kafka.environment, HOST: "127.0.0.1", PORT: "0" };
    const script = (service: string): string => join(repositoryRoot, "services", service, "main.ts");
    const detectorEnvironment = { INPUT_KEYED: "true", ...common, RULESET: ruleset };
    for (let i = 1; i <= detectors; i++) {
      const name = detectors === 1 ? "detector" : `detector-${i}`;
      this.#processes.push(await startService(name, script("detector"), detectorEnvironment, folder));
    }
    const generatorEnvironment = {
      ...common,
      TRANSACTIONS_PER_SECOND: String(rate),
      ...(seed === null ? {} : { SEED: String(seed) }),
    };
    const generator = await startService("generator", script("generator"), generatorEnvironment, folder);
    this.#processes.push(generator);
    const urls = new Map<string, string>();
    for (const one of this.#processes) {
      try {
        urls.set(one.name, await one.url());
      } catch (error) {
        await this.#failed(one, error instanceof Error ? error.message : String(error));
        return null;
      }
    }
    this.#places = [
      ["Kafka", kafka.place],
      ...[...urls].map(([name, url]) => [name, `${url}/metrics`] as const),
      ["logs", `${relative(process.cwd(), folder)}/`],
    ];
    if (!this.#options.screen.live) for (const [name, what] of this.#places) this.#say(`${name}: ${what}`);
    const of = (name: string): string => urls.get(name) ?? "";
    return new Scraper(
      of("generator"),
      this.#processes.filter((one) => one !== generator).map((one) => of(one.name)),
    );
  }

  /** Shows what happens until a stop is asked for, the time is over, or something ends that must not. */
  async #watch(scraper: Scraper): Promise<void> {
    const { stopping, forMs, kafka } = this.#options;
    this.#phase = "running";
    this.#runningSinceMs = performance.now();
    this.#readings.push(readingOf(performance.now(), [], []));
    const ended = Promise.race([
      ...this.#processes.map(async (one) => ({ one, how: await one.exit })),
      kafka.died.then((how) => ({ one: null, how })),
    ]);
    const over = Promise.withResolvers<null>();
    const timer = forMs === null ? null : setTimeout(() => over.resolve(null), forMs);
    const stop = (): void => over.resolve(null);
    stopping.addEventListener("abort", stop, { once: true });
    if (stopping.aborted) stop();
    const end = Promise.race([ended, over.promise]);
    let running = true;
    const looking = (async () => {
      while (running) {
        await this.#show(scraper);
        await Promise.race([end, new Promise((resolve) => setTimeout(resolve, LIVE_EVERY_MS))]);
      }
    })();
    const result = await end;
    running = false;
    await looking;
    if (timer !== null) clearTimeout(timer);
    stopping.removeEventListener("abort", stop);
    if (result === null) return;
    if (result.one === null) this.#failure = `the Kafka broker ended by itself (${result.how})`;
    else await this.#failed(result.one, `${result.one.name} ended by itself (${result.how})`, result.how);
  }

  async #drain(scraper: Scraper | null): Promise<void> {
    const { screen, stopping } = this.#options;
    this.#phase = "draining";
    if (!screen.live) this.#say("stopping: the generator, then the detectors once nothing waits");
    const [generators, detectors] = [
      this.#processes.filter((one) => one.name === "generator"),
      this.#processes.filter((one) => one.name !== "generator"),
    ];
    await this.#stopAll(generators);
    if (this.#failure === null && scraper !== null) {
      const limitMs = stopping.aborted ? DRAIN.interruptedMs : DRAIN.forMs;
      const left = await this.#untilNothingWaits(scraper, limitMs);
      if (left > 0) this.#say(`${left} transactions were not decided in time; the next run decides them`);
    }
    await this.#stopAll(detectors);
    this.#phase = "stopped";
    if (screen.live && scraper !== null) this.#draw();
    screen.release();
  }

  async #stopAll(processes: readonly ServiceProcess[]): Promise<void> {
    await Promise.all(
      processes.map(async (one) => {
        const how = await one.stop(STOP_WITHIN_MS);
        if (how !== "code 0" && this.#failure === null)
          await this.#failed(one, `${one.name} did not stop cleanly (${how})`);
      }),
    );
  }

  /** The transactions that still wait when the lag is gone, does not fall any more, or the time is over. */
  async #untilNothingWaits(scraper: Scraper, limitMs: number): Promise<number> {
    const end = performance.now() + limitMs;
    let lag = Number.POSITIVE_INFINITY;
    let progressMs = performance.now();
    for (;;) {
      await this.#show(scraper);
      const now = await this.#groupLag();
      if (now < lag) progressMs = performance.now();
      lag = now;
      const idle = performance.now() - progressMs > DRAIN.withoutProgressMs;
      if (lag === 0 || idle || performance.now() >= end) return lag;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  async #groupLag(): Promise<number> {
    const { appId, names } = this.#options;
    const partitions = await this.#admin.groupLag(`${appId}-entry`, names.transactions).catch(() => null);
    if (partitions === null) return Number.POSITIVE_INFINITY;
    return partitions.reduce((sum, { committed, end }) => sum + Math.max(0, end - (committed ?? 0)), 0);
  }

  async #show(scraper: Scraper): Promise<void> {
    const reading = await scraper.read();
    this.#readings.push(reading);
    // The first one stays: totals of the run are counted from it.
    while (this.#readings.length > 2 && (this.#readings[1]?.atMs ?? 0) < reading.atMs - WINDOW_MS) {
      this.#readings.splice(1, 1);
    }
    this.#tellFirst(reading);
    if (this.#options.screen.live) this.#draw();
    else if (performance.now() >= this.#plainAtMs) {
      this.#plainAtMs = performance.now() + PLAIN_EVERY_MS;
      this.#say(plainLine(this.#frame()));
    }
  }

  #tellFirst(reading: Reading): void {
    if (this.#saidFirst || decidedOf(reading) === 0) return;
    this.#saidFirst = true;
    const seconds = ((performance.now() - this.#options.startedMs) / 1000).toFixed(1);
    this.#say(`first decisions ${seconds} s after the start`);
  }

  #draw(): void {
    const { screen } = this.#options;
    screen.draw(liveLines(this.#frame(), screen.columns));
  }

  #frame(): Frame {
    const { forMs, ruleset } = this.#options;
    const later = this.#readings.at(-1);
    const earlier = this.#readings.length > 2 ? this.#readings[1] : this.#readings[0];
    return {
      elapsedMs: performance.now() - this.#runningSinceMs,
      phase: this.#phase,
      forMs,
      ruleset,
      numbers:
        later === undefined || earlier === undefined || later === earlier ? null : numbersBetween(earlier, later),
      places: this.#places,
    };
  }

  async #check(log: KafkaLog, before: Ends): Promise<number> {
    const { names } = this.#options;
    this.#say("reading the topics back");
    let result = await readBack(log, names, before);
    // What was committed last becomes readable a moment after its commit.
    for (let i = 0; i < 10 && result.missing > 0; i++) {
      await new Promise((resolve) => setTimeout(resolve, 300));
      result = await readBack(log, names, before);
    }
    const [first, last] = [this.#readings[0], this.#readings.at(-1)];
    const numbers = first === undefined || last === undefined ? null : numbersBetween(first, last);
    for (const line of summaryLines(result, numbers)) this.#say(line);
    return isExact(result) && result.inputs > 0 ? 0 : 1;
  }

  #tellTotals(): void {
    const last = this.#readings.at(-1);
    if (last === undefined) this.#say("stopped before anything was sent");
    else this.#say(`stopped; ${last.sent} sent, ${decidedOf(last)} decided or rejected in this run`);
  }

  async #failed(one: ServiceProcess, what: string, how = ""): Promise<void> {
    const told = (await lastLines(one.logFile, LOG_LINES)).map((line) => `  ${line}`).join("\n");
    this.#failure = `${what}. The end of ${relative(process.cwd(), one.logFile)}:\n${told}`;
    this.#exitCode = how === `code ${EXIT_CONFIGURATION}` ? EXIT_CONFIGURATION : 1;
  }

  #tellFailure(): number {
    this.#options.screen.release();
    console.error(`npm start: ${this.#failure}`);
    return Math.max(1, this.#exitCode);
  }

  #say(line: string): void {
    this.#options.screen.say(line);
  }
}

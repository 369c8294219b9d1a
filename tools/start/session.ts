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
import { Monitor } from "./monitor.ts";
import { type Ends, endsOf, readBack } from "./read-back.ts";
import { Scraper } from "./scraper.ts";
import type { Screen } from "./screen.ts";
import { lastLines, type ServiceProcess, startService } from "./service-process.ts";
import { summaryLines } from "./summary.ts";
import { isExact } from "./tally.ts";
import { count } from "./view.ts";

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

/** What ended that must not: said, with the exit code for it. */
type Failure = { readonly message: string; readonly exitCode: number };

const DEFAULT_APP_ID = "weir";
const LOOK_EVERY_MS = 500;
/** The services' own deadline, and a little. */
const STOP_WITHIN_MS = 13_000;
const LOG_LINES = 12;
/** How long to wait for the detectors: as long as the lag falls, and never longer than this. */
const DRAIN = { withoutProgressMs: 8_000, interruptedMs: 12_000, forMs: 120_000 } as const;
/** What was committed last becomes readable a moment later. */
const READ_AGAIN = { times: 10, afterMs: 300 } as const;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export class Session {
  readonly #options: SessionOptions;
  readonly #admin: Admin;
  readonly #detectors: ServiceProcess[] = [];
  #generator: ServiceProcess | null = null;
  #failure: Failure | null = null;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#admin = openAdmin(options.kafka.connection);
  }

  /** From topics to the last check; resolves with the exit code, all services ended. */
  async run(): Promise<number> {
    const { names, kafka, forMs, stopping, screen } = this.#options;
    const log = new KafkaLog({ connection: kafka.connection, log: () => {} });
    try {
      if (!(await this.#makeTopics())) return EXIT_CONFIGURATION;
      const before = await endsOf(log, names);
      const monitor = await this.#startServices();
      if (monitor !== null) await this.#watch(monitor);
      const interrupted = stopping.aborted;
      await this.#stop(monitor, total(before, names.transactions));
      screen.release();
      if (this.#failure !== null) {
        console.error(`npm start: ${this.#failure.message}`);
        return this.#failure.exitCode;
      }
      if (forMs !== null && !interrupted) return await this.#check(log, before, monitor);
      const came = total(await endsOf(log, names), names.transactions) - total(before, names.transactions);
      screen.say(
        `stopped; ${count(came)} transactions came in, ${count(monitor?.totals().decided ?? 0)} were decided or rejected`,
      );
      if (forMs !== null) screen.say("stopped before its time, so nothing was read back");
      return 0;
    } finally {
      screen.release();
      await Promise.all([log.close().catch(() => {}), this.#admin.close().catch(() => {})]);
    }
  }

  /** The second Ctrl-C. */
  kill(): void {
    this.#options.screen.release();
    for (const one of this.#services()) one.kill();
  }

  async #makeTopics(): Promise<boolean> {
    const { names, appId, partitions, screen } = this.#options;
    const { missing, existing, notes, faults } = await applyTopics(this.#admin, { names, appId, partitions });
    for (const fault of faults) console.error(`npm start: ${fault}`);
    if (faults.length > 0) return false;
    const made = missing.length === 0 ? [] : [`${missing.length} made, ${missing[0]?.partitions} partitions each`];
    const there = existing.length === 0 ? [] : [`${existing.length} there already`];
    screen.say(`Topics: ${[...made, ...there].join("; ")}`);
    // Other differences are for whoever looks for them: npm run weir -- topics verify.
    for (const note of notes.filter((one) => one.includes("asked for"))) screen.say(`        ${note}`);
    return true;
  }

  /** Null when a service did not come up; the failure is kept. */
  async #startServices(): Promise<Monitor | null> {
    const { kafka, appId, rate, seed, ruleset, detectors, screen } = this.#options;
    // Two runs at the same time differ in APP_ID, or they would be one group.
    const folder = appId === DEFAULT_APP_ID ? join(weirFolder, "run") : join(weirFolder, "run", appId);
    await mkdir(folder, { recursive: true });
    const script = (service: string): string => join(repositoryRoot, "services", service, "main.ts");
    const common = { ...kafka.environment, HOST: "127.0.0.1", PORT: "0" };
    const forDetector = { INPUT_KEYED: "true", ...common, RULESET: ruleset };
    for (let i = 1; i <= detectors; i++) {
      const name = detectors === 1 ? "detector" : `detector-${i}`;
      this.#detectors.push(await startService(name, script("detector"), forDetector, folder));
    }
    const forGenerator = {
      ...common,
      TRANSACTIONS_PER_SECOND: String(rate),
      ...(seed === null ? {} : { SEED: String(seed) }),
    };
    this.#generator = await startService("generator", script("generator"), forGenerator, folder);
    const urls: string[] = [];
    for (const one of this.#services()) {
      try {
        urls.push(await one.url());
      } catch (error) {
        await this.#failed(one, error instanceof Error ? error.message : String(error));
        return null;
      }
    }
    const logs = ["logs", `${relative(process.cwd(), folder)}/`] as const;
    const places = [...this.#services().map((one, i) => [one.name, `${urls[i]}/metrics`] as const), logs];
    if (!screen.live) for (const [name, what] of places) screen.say(`${name}: ${what}`);
    const [generatorUrl = "", ...detectorUrls] = urls;
    const scraper = new Scraper(generatorUrl, detectorUrls);
    return new Monitor({ ...this.#options, scraper, places: [["Kafka", kafka.place], ...places] });
  }

  /** Shows what happens until a stop is asked for, the time is over, or something ends that must not. */
  async #watch(monitor: Monitor): Promise<void> {
    const { stopping, forMs, kafka } = this.#options;
    const over = Promise.withResolvers<null>();
    const stop = (): void => over.resolve(null);
    const timer = forMs === null ? null : setTimeout(stop, forMs);
    stopping.addEventListener("abort", stop, { once: true });
    if (stopping.aborted) stop();
    const end = Promise.race([
      over.promise,
      kafka.died.then((how) => ({ one: null, how })),
      ...this.#services().map(async (one) => ({ one, how: await one.exit })),
    ]);
    let ended = false;
    void end.then(() => {
      ended = true;
    });
    while (!ended) {
      await monitor.look();
      await Promise.race([end, pause(LOOK_EVERY_MS)]);
    }
    if (timer !== null) clearTimeout(timer);
    stopping.removeEventListener("abort", stop);
    const what = await end;
    if (what === null) return;
    if (what.one !== null) await this.#failed(what.one, `${what.one.name} ended by itself (${what.how})`, what.how);
    else this.#failure = { message: `the Kafka broker ended by itself (${what.how})`, exitCode: 1 };
  }

  async #stop(monitor: Monitor | null, endBefore: number): Promise<void> {
    const { screen } = this.#options;
    monitor?.enter("draining");
    if (!screen.live) screen.say("stopping: the generator, then the detectors once nothing waits");
    await this.#end(this.#generator === null ? [] : [this.#generator]);
    if (this.#failure === null && monitor !== null) {
      const left = await this.#untilNothingWaits(monitor, endBefore);
      if (left > 0) screen.say(`${count(left)} transactions were not decided in time; the next run decides them`);
    }
    await this.#end(this.#detectors);
    monitor?.enter("stopped");
    monitor?.draw();
  }

  async #end(processes: readonly ServiceProcess[]): Promise<void> {
    const ends = processes.map(async (one) => ({ one, how: await one.stop(STOP_WITHIN_MS) }));
    for (const { one, how } of await Promise.all(ends)) {
      if (how !== "code 0" && this.#failure === null) {
        await this.#failed(one, `${one.name} did not stop cleanly (${how})`);
      }
    }
  }

  /** The transactions that still wait when the lag is gone, does not fall any more, or the time is over. */
  async #untilNothingWaits(monitor: Monitor, endBefore: number): Promise<number> {
    const { appId, names, stopping } = this.#options;
    const limitMs = performance.now() + (stopping.aborted ? DRAIN.interruptedMs : DRAIN.forMs);
    let least = Number.POSITIVE_INFINITY;
    let progressMs = performance.now();
    for (;;) {
      await monitor.look();
      const partitions = await this.#admin.groupLag(`${appId}-entry`, names.transactions).catch(() => null);
      const lag =
        partitions?.reduce((sum, { committed, end }) => sum + Math.max(0, end - (committed ?? 0)), 0) ?? least;
      if (lag < least) progressMs = performance.now();
      least = Math.min(least, lag);
      if (lag === 0) {
        // The generator's last count went with it; what the detectors counted last is there by now.
        const end = partitions?.reduce((sum, one) => sum + one.end, 0) ?? endBefore;
        await monitor.look({ lag: 0, lagSeconds: 0, sent: end - endBefore });
        return 0;
      }
      const now = performance.now();
      if (now - progressMs > DRAIN.withoutProgressMs || now >= limitMs) return lag;
      await pause(200);
    }
  }

  async #check(log: KafkaLog, before: Ends, monitor: Monitor | null): Promise<number> {
    const { names, screen } = this.#options;
    screen.say("reading the topics back");
    let result = await readBack(log, names, before);
    for (let i = 0; i < READ_AGAIN.times && result.missing > 0; i++) {
      await pause(READ_AGAIN.afterMs);
      result = await readBack(log, names, before);
    }
    for (const line of summaryLines(result, monitor?.totals() ?? null)) screen.say(line);
    return isExact(result) && result.inputs > 0 ? 0 : 1;
  }

  async #failed(one: ServiceProcess, what: string, how = ""): Promise<void> {
    const told = (await lastLines(one.logFile, LOG_LINES)).map((line) => `  ${line}`).join("\n");
    this.#failure = {
      message: `${what}. The end of ${relative(process.cwd(), one.logFile)}:\n${told}`,
      exitCode: how === `code ${EXIT_CONFIGURATION}` ? EXIT_CONFIGURATION : 1,
    };
  }

  #services(): ServiceProcess[] {
    return this.#generator === null ? this.#detectors : [this.#generator, ...this.#detectors];
  }
}

/** The ends of all partitions of a topic, added up. */
function total(ends: Ends, topic: string): number {
  return (ends.get(topic) ?? []).reduce((sum, end) => sum + end, 0);
}

/**
 * One run on its ground: topics, services, the view, the stop in order, the check.
 *
 * The stop goes with the stream: the generator first, so that nothing new comes; the detectors once nothing waits; the
 * ground last, by whoever made it. `--for` then checks what came in against what came out.
 */
import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { METRICS_AGE_MS } from "@weir/service";
import { weirFolder } from "@weir/testing";
import { EXIT_CONFIGURATION } from "../cli/arguments.ts";
import { count } from "../cli/format.ts";
import type { Screen } from "../cli/screen.ts";
import { lastLines, type Service } from "../process/service.ts";
import type { TopicsOf } from "../weir/topics/topics.ts";
import type { Audit, Ground } from "./ground.ts";
import { Monitor } from "./monitor.ts";
import { Scraper } from "./scraper.ts";
import { type StageOfRun, stagesOf } from "./stages.ts";
import { summaryLines } from "./summary.ts";
import { isExact } from "./tally.ts";

export type SessionOptions = TopicsOf & {
  readonly ground: Ground;
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

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export class Session {
  readonly #options: SessionOptions;
  readonly #stages: readonly StageOfRun[];
  readonly #detectors: Service[] = [];
  #generator: Service | null = null;
  #failure: Failure | null = null;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#stages = stagesOf(options);
  }

  /** From topics to the last check; resolves with the exit code, all services ended. */
  async run(): Promise<number> {
    const { names, ground, forMs, stopping, screen } = this.#options;
    try {
      if (!(await this.#makeTopics())) return EXIT_CONFIGURATION;
      const audit = await ground.audit(names);
      const monitor = await this.#startServices();
      if (monitor !== null) await this.#watch(monitor);
      const interrupted = stopping.aborted;
      const left = await this.#stop(monitor, audit);
      screen.release();
      if (this.#failure !== null) {
        console.error(`npm start: ${this.#failure.message}`);
        return this.#failure.exitCode;
      }
      if (forMs !== null && !interrupted) return await this.#check(audit, monitor);
      const decided = `${count(monitor?.totals().decided ?? 0)} transactions were decided or rejected`;
      screen.say(`stopped; ${decided}${left === 0 ? ", none waits" : ""}`);
      if (forMs !== null) screen.say("stopped before its time, so nothing was checked");
      return 0;
    } finally {
      screen.release();
    }
  }

  /** The second Ctrl-C. */
  kill(): void {
    this.#options.screen.release();
    for (const one of this.#services()) one.signal("SIGKILL");
  }

  async #makeTopics(): Promise<boolean> {
    const { screen, ground } = this.#options;
    const { missing, existing, notes, faults } = await ground.applyTopics(this.#options);
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
    const { ground, appId, rate, seed, ruleset, inputKeyed, detectors, screen } = this.#options;
    // Two runs at the same time differ in APP_ID, or they would be one group.
    const folder = appId === DEFAULT_APP_ID ? join(weirFolder, "run") : join(weirFolder, "run", appId);
    await mkdir(folder, { recursive: true });
    const logOf = (name: string): string => join(folder, `${name}.log`);
    const common = { ...ground.environment, HOST: "127.0.0.1" };
    const tokenFile = ground.environment.ADMIN_TOKEN_FILE || (await newToken(join(folder, "token")));
    const forDetector = { ...common, RULESET: ruleset, INPUT_KEYED: String(inputKeyed), ADMIN_TOKEN_FILE: tokenFile };
    for (let i = 1; i <= detectors; i++) {
      const name = detectors === 1 ? "detector" : `detector-${i}`;
      this.#detectors.push(await ground.start("detector", name, forDetector, logOf(name)));
    }
    const forGenerator = {
      ...common,
      TRANSACTIONS_PER_SECOND: String(rate),
      ...(seed === null ? {} : { SEED: String(seed) }),
    };
    const generator = await ground.start("generator", "generator", forGenerator, logOf("generator"));
    this.#generator = generator;
    const places: [string, string][] = [];
    for (const one of this.#services()) {
      try {
        places.push([one.name, `${await one.url()}/metrics`]);
        if (this.#detectors.includes(one)) places.push([`${one.name}'s admin`, await one.adminUrl()]);
      } catch (error) {
        await this.#failed(one, error instanceof Error ? error.message : String(error), await endOf(one));
        return null;
      }
    }
    places.push(["logs", `${relative(process.cwd(), folder)}/`], ["token", relative(process.cwd(), tokenFile)]);
    if (!screen.live) for (const [name, what] of places) screen.say(`${name}: ${what}`);
    const scraper = new Scraper(generator, this.#detectors);
    const stages = this.#stages.map(({ name }) => name);
    return new Monitor({ ...this.#options, stages, scraper, places: [[ground.kind, ground.place], ...places] });
  }

  /** Shows what happens until a stop is asked for, the time is over, or something ends that must not. */
  async #watch(monitor: Monitor): Promise<void> {
    const { stopping, forMs, ground } = this.#options;
    const over = Promise.withResolvers<null>();
    const stop = (): void => over.resolve(null);
    const timer = forMs === null ? null : setTimeout(stop, forMs);
    stopping.addEventListener("abort", stop, { once: true });
    if (stopping.aborted) stop();
    const end = Promise.race([
      over.promise,
      ground.died.then((how) => ({ one: null, how })),
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
    else this.#failure = { message: what.how, exitCode: 1 };
  }

  /** How many transactions still wait, as far as is known. */
  async #stop(monitor: Monitor | null, audit: Audit): Promise<number | null> {
    const { screen, ground } = this.#options;
    monitor?.enter("draining");
    if (monitor !== null && !screen.live) screen.say("stopping: the generator, then the detectors once nothing waits");
    await this.#end(this.#generator === null ? [] : [this.#generator]);
    let left: number | null = null;
    if (this.#failure === null && monitor !== null) {
      left = await this.#untilNothingWaits(monitor, audit);
      const fate = ground.kind === "Kafka" ? "the next run decides them" : "they are gone";
      if (left > 0) screen.say(`${count(left)} transactions were not decided in time; ${fate}`);
    }
    await this.#end(this.#detectors);
    monitor?.enter("stopped");
    monitor?.draw();
    return left;
  }

  async #end(services: readonly Service[]): Promise<void> {
    const ends = services.map(async (one) => ({ one, how: await one.stop(STOP_WITHIN_MS) }));
    for (const { one, how } of await Promise.all(ends)) {
      if (how !== "code 0" && this.#failure === null) {
        await this.#failed(one, `${one.name} did not stop cleanly (${how})`);
      }
    }
  }

  /** The transactions that still wait when the lag is gone, does not fall any more, or the time is over. */
  async #untilNothingWaits(monitor: Monitor, audit: Audit): Promise<number> {
    const { stopping, ground } = this.#options;
    const limitMs = performance.now() + (stopping.aborted ? DRAIN.interruptedMs : DRAIN.forMs);
    let least = Number.POSITIVE_INFINITY;
    let progressMs = performance.now();
    for (;;) {
      await monitor.look();
      const lag = await ground.waiting(this.#stages).catch(() => least);
      if (lag < least) progressMs = performance.now();
      least = Math.min(least, lag);
      if (lag === 0) {
        // The generator's last count went with it; what the detectors counted last is told by then.
        await pause(METRICS_AGE_MS);
        await monitor.look({ lags: new Map(), lagSeconds: 0, sent: await audit.inputs() });
        return 0;
      }
      const now = performance.now();
      if (now - progressMs > DRAIN.withoutProgressMs || now >= limitMs) return lag;
      await pause(200);
    }
  }

  async #check(audit: Audit, monitor: Monitor | null): Promise<number> {
    const { screen, ground } = this.#options;
    if (ground.kind === "Kafka") screen.say("reading the topics back");
    const result = await audit.result();
    for (const line of summaryLines(audit.source, result, monitor?.totals() ?? null)) screen.say(line);
    return isExact(result) && result.inputs > 0 ? 0 : 1;
  }

  async #failed(one: Service, what: string, how = ""): Promise<void> {
    const told = (await lastLines(one.logFile, LOG_LINES)).map((line) => `  ${line}`).join("\n");
    this.#failure = {
      message: `${what}. The end of ${relative(process.cwd(), one.logFile)}:\n${told}`,
      exitCode: how === `code ${EXIT_CONFIGURATION}` ? EXIT_CONFIGURATION : 1,
    };
  }

  #services(): Service[] {
    return this.#generator === null ? this.#detectors : [this.#generator, ...this.#detectors];
  }
}

/** What whoever runs this may ask the detectors with; nobody else may read it. */
async function newToken(file: string): Promise<string> {
  await writeFile(file, `${randomBytes(24).toString("hex")}\n`, { mode: 0o600 });
  return file;
}

/** How it ended, if it did. */
async function endOf(service: Service): Promise<string> {
  return service.running ? "" : await service.exit;
}

/**
 * The one composition root of a service, and its one exit: settings, log, metrics, HTTP, start, wait, drain.
 *
 * Exit codes: 0 after a clean drain; 1 after a fatal error, a second signal, or a drain past its deadline;
 * 78 when the configuration is wrong, with every fault printed.
 */
import { hostname } from "node:os";
import packageJson from "../package.json" with { type: "json" };
import { Health, type ReadinessItem } from "./health.ts";
import { startHttp } from "./http.ts";
import { createLogger, type Logger } from "./logger.ts";
import { Metrics } from "./metrics.ts";
import { Phases } from "./phases.ts";
import { processSource } from "./setting.ts";
import { ConfigurationError, readSettings, type Settings, type SettingsTable, suspiciousNames } from "./settings.ts";
import { helpText } from "./settings-help.ts";
import { httpSettings, logSettings, shutdownSettings } from "./shared-settings.ts";
import { Shutdown } from "./shutdown.ts";

/** What every service is handed. */
export type World = {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly health: Health;
  /** Aborted when a stop was asked for, also during start(): whatever waits must give up then. */
  readonly stopping: AbortSignal;
};

/** A started service. */
export type Running = {
  /** Resolves when the service is done by itself, rejects when it cannot go on; pending otherwise. */
  readonly finished: Promise<void>;
  /** Stops taking work, finishes what was begun, leaves. Called once, after a failure too; bounded by the deadline. */
  readonly drain: () => Promise<void>;
};

/** The entries that runService itself needs in each table. */
export function sharedSettings(defaultPort: number) {
  return { http: httpSettings(defaultPort), log: logSettings, shutdownDeadlineMs: shutdownSettings };
}

export type ServiceTable = SettingsTable & ReturnType<typeof sharedSettings>;

export type Service<T extends ServiceTable> = {
  /** As in `npm run <name>`. */
  readonly name: string;
  /** One line for --help. */
  readonly about: string;
  readonly table: T;
  /**
   * Builds and starts everything. ConfigurationError ends the process with 78, any other error with 1.
   * May wait as long as it takes for a broker, as long as `world.stopping` ends the wait.
   */
  readonly start: (settings: Settings<T>, world: World) => Promise<Running>;
};

/** Only lends the types of `table` to `start`. */
export function defineService<const T extends ServiceTable>(service: Service<T>): Service<T> {
  return service;
}

/** sysexits.h calls it EX_CONFIG. */
export const EXIT_CONFIGURATION = 78;

type ExitCode = 0 | 1 | typeof EXIT_CONFIGURATION;

/** Runs the service until it ends, then ends the process. */
export async function runService<T extends ServiceTable>(
  service: Service<T>,
  args: readonly string[] = process.argv.slice(2),
): Promise<never> {
  process.exit(await run(service, args));
}

async function run<T extends ServiceTable>(service: Service<T>, args: readonly string[]): Promise<ExitCode> {
  if (args.includes("--help") || args.includes("-h")) {
    process.stdout.write(helpText(service, service.table));
    return 0;
  }
  if (args.length > 0) {
    return refuse(
      service.name,
      args.map(
        (arg) =>
          `unknown argument ${JSON.stringify(arg)}: only --help is known, all else is set through the environment`,
      ),
    );
  }
  let settings: Settings<T>;
  try {
    settings = readSettings(service.table);
  } catch (error) {
    if (error instanceof ConfigurationError) return refuse(service.name, error.faults);
    throw error;
  }
  return serve(service, settings);
}

/** Before there is a log: plain lines on standard error. */
function refuse(name: string, faults: readonly string[]): ExitCode {
  const count = faults.length === 1 ? "1 fault" : `${faults.length} faults`;
  const lines = faults.map((fault) => `  ${fault}`).join("\n");
  process.stderr.write(
    `${name} cannot start, ${count} in its configuration:\n${lines}\nnpm run ${name} -- --help lists every setting.\n`,
  );
  return EXIT_CONFIGURATION;
}

async function serve<T extends ServiceTable>(service: Service<T>, settings: Settings<T>): Promise<ExitCode> {
  const { http, log: logging, shutdownDeadlineMs } = settings as Settings<ServiceTable>;
  const instance = `${hostname()}-${process.pid}`;
  const log = createLogger({ level: logging.level, service: service.name, instance });
  endOnUncaught(log);
  const { version } = packageJson;
  log.info(
    { version, node: process.version, pid: process.pid },
    `starting, version ${version} on Node ${process.version}`,
  );
  for (const warning of suspiciousNames(service.table, processSource.env)) log.warn(warning);

  const metrics = new Metrics({ service: service.name, version, node: process.version });
  const health = new Health();
  const phase = health.item("service", "starting");
  using shutdown = new Shutdown(log, shutdownDeadlineMs);
  try {
    await using _server = await startHttp({ ...http, health, metrics, log });
    const world: World = { log, metrics, health, stopping: shutdown.signal };
    const running = await startUnlessStopped(service, settings, world);
    const code = running === null ? 0 : await runUntilDrained(running, { log, phase, shutdown });
    log.info({ exitCode: code }, code === 0 ? "stopped cleanly" : "stopped after a failure, exit code 1");
    return code;
  } catch (error) {
    if (error instanceof ConfigurationError) {
      log.fatal({ faults: error.faults }, `the configuration is wrong, exit code 78: ${error.message}`);
      return EXIT_CONFIGURATION;
    }
    log.fatal({ err: error }, `failed, exit code 1: ${messageOf(error)}`);
    return 1;
  }
}

/** Null if a stop was asked for before the service was up, and its start gave up because of that. */
async function startUnlessStopped<T extends ServiceTable>(
  service: Service<T>,
  settings: Settings<T>,
  world: World,
): Promise<Running | null> {
  try {
    return await service.start(settings, world);
  } catch (error) {
    if (world.stopping.aborted && (error as Error | null)?.name === "AbortError") return null;
    throw error;
  }
}

/** From running to stopped or failed. Logs what went wrong, but throws a ConfigurationError, whenever it came. */
async function runUntilDrained(
  running: Running,
  { log, phase, shutdown }: { readonly log: Logger; readonly phase: ReadinessItem; readonly shutdown: Shutdown },
): Promise<0 | 1> {
  const phases = new Phases();
  const failures = new Set<unknown>();
  const failed = (error: unknown) => {
    if (!failures.has(error) && !(error instanceof ConfigurationError)) {
      log.fatal({ err: error }, `cannot go on: ${messageOf(error)}`);
    }
    failures.add(error);
    shutdown.begin("a fatal error");
  };
  if (!shutdown.signal.aborted) {
    phases.to("running");
    phase.ready();
    log.info("running");
  }
  await Promise.race([running.finished, aborted(shutdown.signal)]).catch(failed);
  shutdown.begin("its work is done");
  phases.to("draining");
  phase.notReady("draining");
  await running.drain().catch(failed);
  phases.to(failures.size === 0 ? "stopped" : "failed");
  for (const error of failures) if (error instanceof ConfigurationError) throw error;
  return failures.size === 0 ? 0 : 1;
}

function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  else signal.addEventListener("abort", () => resolve(), { once: true });
  return promise;
}

/** What nobody caught leaves the process in a state that nobody knows: say so and end. */
function endOnUncaught(log: Logger): void {
  const end = (kind: string) => (error: unknown) => {
    log.fatal({ err: error }, `${kind}, exit code 1: ${messageOf(error)}`);
    process.exit(1);
  };
  process.on("uncaughtException", end("uncaught exception"));
  process.on("unhandledRejection", end("unhandled rejection"));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

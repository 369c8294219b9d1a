/**
 * A service from its settings to its end: metrics, HTTP, start, wait, drain. Whoever calls owns the process: its
 * signals, its deadline and its exit are in run.ts.
 */
import packageJson from "../package.json" with { type: "json" };
import { startAdmin } from "./admin.ts";
import { Health, type ReadinessItem } from "./health.ts";
import type { Logger } from "./logger.ts";
import { Metrics } from "./metrics.ts";
import { Phases } from "./phases.ts";
import { startProbes } from "./probes.ts";
import { type RouteSpec, Routes } from "./routes.ts";
import { ConfigurationError, type Settings, type SettingsTable } from "./settings.ts";
import { httpSettings, logSettings, shutdownSettings } from "./shared-settings.ts";

/** What every service is handed. */
export type World = {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly health: Health;
  /** Those of its admin server, whether that is open or not. */
  readonly routes: Routes;
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

/** The entries that serve() and runService() need in each table. */
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
  /** What it answers to its operators, and where, by which token; null: nowhere. */
  readonly admin?: {
    readonly routes: readonly RouteSpec[];
    readonly at: (settings: Settings<T>) => { readonly token: string; readonly port: number } | null;
  };
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

export type ExitCode = 0 | 1 | typeof EXIT_CONFIGURATION;

/** A wish to stop, from outside or by the service itself. */
export type StopRequest = {
  /** Aborted from the first request on. */
  readonly signal: AbortSignal;
  /** Only the first call counts. */
  readonly begin: (reason: string) => void;
};

/** Runs the service until it ends or a stop is asked for, and drains it; never throws. */
export async function serve<T extends ServiceTable>(
  service: Service<T>,
  settings: Settings<T>,
  { log, stop }: { readonly log: Logger; readonly stop: StopRequest },
): Promise<ExitCode> {
  const { http } = settings as Settings<ServiceTable>;
  const { version } = packageJson;
  log.info(
    { version, node: process.version, pid: process.pid },
    `starting, version ${version} on Node ${process.version}`,
  );
  const metrics = new Metrics({ service: service.name, version, node: process.version });
  const health = new Health();
  const routes = new Routes(service.admin?.routes ?? []);
  const phase = health.item("service", "starting");
  try {
    await using _probes = await startProbes({ ...http, health, metrics, log });
    const admin = service.admin?.at(settings) ?? null;
    await using _admin = admin && (await startAdmin({ ...admin, routes, log }));
    const world: World = { log, metrics, health, routes, stopping: stop.signal };
    const running = await startUnlessStopped(service, settings, world);
    const code = running === null ? 0 : await runUntilDrained(running, { log, phase, stop });
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
  { log, phase, stop }: { readonly log: Logger; readonly phase: ReadinessItem; readonly stop: StopRequest },
): Promise<0 | 1> {
  const phases = new Phases();
  const failures = new Set<unknown>();
  const failed = (error: unknown) => {
    if (!failures.has(error) && !(error instanceof ConfigurationError)) {
      log.fatal({ err: error }, `cannot go on: ${messageOf(error)}`);
    }
    failures.add(error);
    stop.begin("a fatal error");
  };
  if (!stop.signal.aborted) {
    phases.to("running");
    phase.ready();
    log.info("running");
  }
  await Promise.race([running.finished, aborted(stop.signal)]).catch(failed);
  stop.begin("its work is done");
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

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

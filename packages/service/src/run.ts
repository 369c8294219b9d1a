/**
 * The one composition root of a service's process, and its one exit: settings, log, signals, serve().
 *
 * Exit codes: 0 after a clean drain; 1 after a fatal error, a second signal, or a drain past its deadline;
 * 78 when the configuration is wrong, with every fault printed.
 */
import { hostname } from "node:os";
import { createLogger, type Logger } from "./logger.ts";
import { EXIT_CONFIGURATION, type ExitCode, messageOf, type Service, type ServiceTable, serve } from "./serve.ts";
import { processSource } from "./setting.ts";
import { ConfigurationError, readSettings, type Settings, suspiciousNames } from "./settings.ts";
import { helpText } from "./settings-help.ts";
import { Shutdown } from "./shutdown.ts";

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
  const { log: logging, shutdownDeadlineMs } = settings as Settings<ServiceTable>;
  const log = createLogger({ level: logging.level, service: service.name, instance: `${hostname()}-${process.pid}` });
  endOnUncaught(log);
  for (const warning of suspiciousNames(service.table, processSource.env)) log.warn(warning);
  using stop = new Shutdown(log, shutdownDeadlineMs);
  return await serve(service, settings, { log, stop });
}

/** Before there is a log: plain lines on standard error. */
function refuse(name: string, faults: readonly string[]): ExitCode {
  process.stderr.write(faultsText(name, faults));
  return EXIT_CONFIGURATION;
}

/** Lines for people: what is wrong with the configuration of a service, and where to look. */
export function faultsText(name: string, faults: readonly string[]): string {
  const count = faults.length === 1 ? "1 fault" : `${faults.length} faults`;
  const lines = faults.map((fault) => `  ${fault}`).join("\n");
  return `${name} cannot start, ${count} in its configuration:\n${lines}\nnpm run ${name} -- --help lists every setting.\n`;
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

/** A service in this very process: what a process of its own would have, log file and exit code included. */
import { closeSync, openSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import {
  ConfigurationError,
  createLogger,
  EXIT_CONFIGURATION,
  faultsText,
  processSource,
  readSettings,
  type Service,
  type ServiceTable,
  type Settings,
  serve,
} from "@weir/service";
import { Service as Started } from "../../process/service.ts";

/** `environment` stands for the process's own; the log begins anew at `logFile`. Never throws for a wrong setting. */
export function startHere<T extends ServiceTable>(
  service: Service<T>,
  as: string,
  environment: NodeJS.ProcessEnv,
  logFile: string,
): Started {
  const stop = new AbortController();
  const abandoned = Promise.withResolvers<string>();
  const ended = run(service, environment, logFile, stop).then((code) => `code ${code}`);
  return new Started(as, logFile, {
    exit: Promise.race([ended, abandoned.promise]),
    signal: (name) => (name === "SIGKILL" ? abandoned.resolve("given up on") : stop.abort()),
  });
}

async function run<T extends ServiceTable>(
  service: Service<T>,
  environment: NodeJS.ProcessEnv,
  logFile: string,
  stop: AbortController,
): Promise<number> {
  const file = openSync(logFile, "w");
  const write = (text: string): void => void writeSync(file, text);
  try {
    const settings = readSettings(service.table, {
      ...processSource,
      env: { ...environment, PORT: "0", ADMIN_PORT: "0" },
    });
    const { level } = (settings as Settings<ServiceTable>).log;
    const instance = `${hostname()}-${process.pid}`;
    const log = createLogger({ level, service: service.name, instance, destination: { write } });
    return await serve(service, settings, { log, stop: { signal: stop.signal, begin: () => stop.abort() } });
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    write(faultsText(service.name, error.faults));
    return EXIT_CONFIGURATION;
  } finally {
    closeSync(file);
  }
}

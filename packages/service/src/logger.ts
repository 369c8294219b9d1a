/**
 * The service's log: JSON lines on standard output, coloured text when that is a terminal.
 * Written synchronously, so that the last line before an exit is there. A payload has no place in it.
 */
import { type DestinationStream, type Logger, pino, stdTimeFunctions } from "pino";
import pretty from "pino-pretty";

export type { Logger } from "pino";

export type LogOptions = {
  readonly level: string;
  readonly service: string;
  /** Tells one process of a service from another. */
  readonly instance: string;
  /** Standard output if left out; tests give their own. */
  readonly destination?: DestinationStream;
  /** Text for people instead of JSON; by default when standard output is a terminal. */
  readonly pretty?: boolean;
};

export function createLogger(options: LogOptions): Logger {
  const toTerminal = options.pretty ?? (options.destination === undefined && process.stdout.isTTY === true);
  const destination = toTerminal
    ? prettyStream(options.destination)
    : (options.destination ?? pino.destination({ fd: 1, sync: true }));
  return pino(
    {
      level: options.level,
      base: { service: options.service, instance: options.instance },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
}

function prettyStream(destination: DestinationStream | undefined): DestinationStream {
  return pretty({
    colorize: destination === undefined,
    translateTime: "SYS:HH:MM:ss.l",
    ignore: "service,instance",
    messageFormat: "{service}: {msg}",
    singleLine: true,
    sync: true,
    ...(destination === undefined ? {} : { destination: destination as NodeJS.WritableStream }),
  });
}

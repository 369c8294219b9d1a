/** A log that says the same warning once in a while, and then how often it was meant. */
import type { LogFunction } from "./connection.ts";

const EVERY_MS = 5000;
const MAX_MESSAGES = 200;

/** Only warnings are held back: while a broker is away kafkajs writes hundreds of them in a second. */
export const throttledLog = (log: LogFunction, now: () => number = () => performance.now()): LogFunction => {
  const told = new Map<string, { atMs: number; heldBack: number }>();
  return (level, message, fields) => {
    if (level !== "warn") {
      log(level, message, fields);
      return;
    }
    const last = told.get(message);
    if (last !== undefined && now() - last.atMs < EVERY_MS) {
      last.heldBack++;
      return;
    }
    if (told.size >= MAX_MESSAGES) told.clear();
    told.set(message, { atMs: now(), heldBack: 0 });
    log(level, message, last === undefined || last.heldBack === 0 ? fields : { ...fields, heldBack: last.heldBack });
  };
};

/** Greatest time a message may carry: 9999-12-31T23:59:59.999Z, in ms since the epoch. */
export const MAX_TIMESTAMP_MS = 253_402_300_799_999;

const RFC_3339 = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(?:Z|([+-])(\d{2}):(\d{2}))$/;

/**
 * Epoch ms of the one form of ISO 8601 that is taken, RFC 3339 with capital T and Z:
 * `2024-03-01T12:00:00Z`, `2024-03-01T12:00:00.123456789+01:00`. Finer than a millisecond is cut off.
 * NaN for everything else: no zone, no seconds, a day that the calendar does not have, hour 24, a leap
 * second, before 1970.
 */
export function parseTimestamp(text: string): number {
  const match = text.length <= 35 ? RFC_3339.exec(text) : null;
  if (match === null) return Number.NaN;
  const [, year, month, day, hour, minute, second, fraction = "", sign, offsetHour = "0", offsetMinute = "0"] = match;
  const monthIndex = Number(month) - 1;
  const midnightMs = Date.UTC(Number(year), monthIndex, Number(day));
  // Date.UTC rolls over what the calendar does not have: 30 February comes back as March.
  if (new Date(midnightMs).getUTCMonth() !== monthIndex || Number(day) === 0) return Number.NaN;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return Number.NaN;
  if (Number(offsetHour) > 23 || Number(offsetMinute) > 59) return Number.NaN;
  const offsetMinutes = (sign === "-" ? -1 : 1) * (Number(offsetHour) * 60 + Number(offsetMinute));
  const minutes = Number(hour) * 60 + Number(minute) - offsetMinutes;
  const ms = midnightMs + minutes * 60_000 + Number(second) * 1000 + Number(fraction.slice(0, 3).padEnd(3, "0"));
  return ms >= 0 && ms <= MAX_TIMESTAMP_MS ? ms : Number.NaN;
}

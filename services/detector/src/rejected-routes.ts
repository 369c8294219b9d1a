/**
 * What `weir rejected` does, by HTTP on the admin port: lists and shows, always masked, and sends one in again. One request
 * at a time, and each looks at the end of the rejected topic alone, since this process has payments to decide.
 */
import {
  exportedLetter,
  type Letter,
  Listing,
  listed,
  matches,
  planResend,
  Replayer,
  type ResendTarget,
  readLedger,
  scanLetters,
} from "@weir/rejected";
import { DECISION_ID, rejectedLedgerTopic } from "@weir/schema";
import {
  type Logger,
  type RouteAnswer,
  type RouteHandler,
  type RouteRequest,
  type Routes,
  refusal,
} from "@weir/service";
import { type Clock, type Log, RetryLater, TopicMissing } from "@weir/stream";

const LIST = { method: "GET", path: "/rejected" } as const;
const SHOW = { method: "GET", path: "/rejected/:origin" } as const;
const REPLAY = { method: "POST", path: "/rejected/:origin/replay" } as const;

export const REJECTED_ROUTES = [LIST, SHOW, REPLAY] as const;

/** Offsets of each partition that are looked at, from the end back. */
const LAST_OFFSETS = 50_000;
const MOST_ROWS = 1_000;
const DEFAULT_ROWS = 50;

export type RejectedRoutesOptions = {
  /** Not that of the stages, which must not wait. */
  readonly log: Log;
  readonly appId: string;
  readonly topics: { readonly transactions: string; readonly labels: string; readonly rejected: string };
  /** How long a topic keeps its records, ms; null: for ever, or nobody knows. */
  readonly retentionOf: (topic: string) => Promise<number | null>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Unlike any other, each time. */
  readonly nextRun: () => string;
  readonly nowMs: () => number;
};

export function answerRejected(routes: Routes, options: RejectedRoutesOptions): void {
  let busy = false;
  const guarded =
    (act: RouteHandler): RouteHandler =>
    async (request) => {
      if (busy) return refusal(429, "another request is under way");
      busy = true;
      try {
        return await act(request);
      } catch (failure) {
        if (failure instanceof TopicMissing)
          return refusal(503, `${failure.message}: run npm run weir -- topics apply`);
        if (!(failure instanceof RetryLater)) throw failure;
        return refusal(503, "Kafka does not answer; what was sent is not sent again");
      } finally {
        busy = false;
      }
    };
  routes.handle(
    LIST,
    guarded((request) => list(options, request)),
  );
  routes.handle(
    SHOW,
    guarded((request) => show(options, request)),
  );
  routes.handle(
    REPLAY,
    guarded((request) => replay(options, request)),
  );
}

async function list({ log, topics }: RejectedRoutesOptions, { query }: RouteRequest): Promise<RouteAnswer> {
  const { reason, limit = String(DEFAULT_ROWS), ...unknown } = query;
  const rows = typeof limit === "string" && /^[1-9]\d{0,3}$/.test(limit) ? Number(limit) : 0;
  const faults = [
    ...Object.keys(unknown).map(() => "only reason and limit have a meaning here"),
    ...(rows >= 1 && rows <= MOST_ROWS ? [] : [`limit must be a whole number from 1 to ${MOST_ROWS}`]),
    ...(reason === undefined || typeof reason === "string" ? [] : ["reason is given twice"]),
  ];
  const [fault] = faults;
  if (fault !== undefined) return refusal(400, fault);
  const reasons = typeof reason === "string" ? new Set([reason]) : null;
  const listing = new Listing(rows, "newest");
  let others = 0;
  for await (const batch of scanLetters(log, topics.rejected, NEWEST)) {
    for (const letter of batch.letters) if (matches({ ...ANY, reasons }, letter)) listing.add(letter);
    others += batch.others;
  }
  return { status: 200, body: { ...listed(listing.rows(), listing.totals, others), ofLast: LAST_OFFSETS } };
}

async function show(options: RejectedRoutesOptions, { params }: RouteRequest): Promise<RouteAnswer> {
  const letter = await find(options, params.origin ?? "");
  if (letter === null) return NOT_THERE;
  const { log, appId } = options;
  const ledger = await readLedger(log, rejectedLedgerTopic(appId), new Set([letter.origin]));
  const entry = ledger.get(letter.origin);
  const replayed = entry === undefined ? {} : { replayed: { atMs: entry.atMs, bytes: entry.bytes, to: entry.to } };
  return { status: 200, body: { ...exportedLetter(letter, { payload: false }), ...replayed } };
}

async function replay(options: RejectedRoutesOptions, { params }: RouteRequest): Promise<RouteAnswer> {
  const { log, clock, appId, logger, nextRun, nowMs } = options;
  const letter = await find(options, params.origin ?? "");
  if (letter === null) return NOT_THERE;
  const plan = planResend({ letter, fixed: null, targets: await targetsOf(options), nowMs: nowMs() });
  if (!plan.ok) return refusal(409, plan.why);
  const replayer = new Replayer({ log, clock, appId, ledgerTopic: rejectedLedgerTopic(appId), run: nextRun(), nowMs });
  try {
    const [outcome] = await replayer.send([plan.resend]);
    if (outcome === undefined) throw new Error("a replay without an outcome");
    const { origin, result, entry } = outcome;
    const { atMs, to } = entry;
    logger.info({ origin, result, to }, `replay of ${origin} by HTTP: ${result}`);
    return { status: result === "sent" ? 200 : 409, body: { origin, result, atMs, to } };
  } finally {
    await replayer.close();
  }
}

const NEWEST = { partition: null, from: null, to: null, last: LAST_OFFSETS };
const ANY = { reasons: null, sinceMs: null, untilMs: null, origins: null };

async function find({ log, topics }: RejectedRoutesOptions, origin: string): Promise<Letter | null> {
  if (!DECISION_ID.test(origin)) return null;
  for await (const { letters } of scanLetters(log, topics.rejected, NEWEST)) {
    const found = letters.find((letter) => letter.origin === origin);
    if (found !== undefined) return found;
  }
  return null;
}

async function targetsOf({ log, topics, retentionOf }: RejectedRoutesOptions): Promise<ResendTarget[]> {
  const targets: ResendTarget[] = [];
  for (const holds of ["transactions", "labels"] as const)
    try {
      const topic = topics[holds];
      const partitions = await log.partitions(topic);
      targets.push({ topic, holds, partitions, retentionMs: await retentionOf(topic) });
    } catch (failure) {
      if (!(failure instanceof TopicMissing)) throw failure;
    }
  return targets;
}

const NOT_THERE = refusal(404, `nothing with this origin is among the last ${LAST_OFFSETS} of each partition`);

/** Numbers to lines. Pure: the terminal is screen.ts. */
import { clock, count, share } from "../cli/format.ts";
import { type Numbers, total } from "./numbers.ts";

export type Frame = {
  readonly elapsedMs: number;
  /** "running", "draining": one word. */
  readonly phase: string;
  /** When it will stop by itself; null: not. */
  readonly forMs: number | null;
  readonly ruleset: string;
  /** In the order of the flow. */
  readonly stages: readonly string[];
  readonly numbers: Numbers | null;
  /** Name and what to show for it: URLs, the broker, the logs. */
  readonly places: readonly (readonly [string, string])[];
};

const OUTCOMES = ["approve", "review", "decline"] as const;

/** The view on a terminal, at most `columns` wide. */
export function liveLines(frame: Frame, columns: number): string[] {
  const { numbers } = frame;
  const title = [`${frame.phase} ${clock(frame.elapsedMs)}`, frame.ruleset, ...whatStops(frame)].join("   ");
  const lines = ["", `  Weir  ${title}`, ""];
  if (numbers === null) {
    lines.push("  waiting for the first numbers");
  } else {
    lines.push(
      row(
        "in",
        `${count(numbers.sentPerSecond)} /s`,
        [`${count(numbers.sent)} sent`, ...unsent(frame, numbers)].join(", "),
      ),
      row("decided", `${count(numbers.decidedPerSecond)} /s`, `${count(numbers.decided)} decided`),
      row("lag", count(numbers.lag), [...stageLags(frame, numbers), ...age(numbers)].join(", ")),
      row("latency", `p50 ${ms(numbers.p50Ms)}`, `p99 ${ms(numbers.p99Ms)}`),
      "",
      ...OUTCOMES.map((outcome) =>
        row(outcome, count(numbers.outcomes.get(outcome) ?? 0), share(numbers.outcomes.get(outcome), numbers.decided)),
      ),
      row("rejected", count(total(numbers.rejected)), reasons(numbers.rejected)),
    );
  }
  lines.push("", ...frame.places.map(([name, what]) => `  ${name.padEnd(10)} ${what}`), "");
  return lines.map((line) => line.slice(0, Math.max(1, columns - 1)));
}

/** The same as one line, for a log or a pipe. */
export function plainLine(frame: Frame): string {
  const { numbers } = frame;
  if (numbers === null) return `${clock(frame.elapsedMs)} ${frame.phase}`;
  const outcomes = OUTCOMES.map((outcome) => `${outcome} ${count(numbers.outcomes.get(outcome) ?? 0)}`);
  const rejected = total(numbers.rejected);
  return [
    `${clock(frame.elapsedMs)} ${frame.phase}`,
    [`in ${count(numbers.sentPerSecond)}/s`, ...unsent(frame, numbers)].join(", "),
    `decided ${count(numbers.decidedPerSecond)}/s`,
    ...outcomes,
    `rejected ${count(rejected)}${rejected > 0 ? ` (${reasons(numbers.rejected)})` : ""}`,
    `lag ${[count(numbers.lag), ...stageLags(frame, numbers)].join(" ")}`,
    `p50 ${ms(numbers.p50Ms)} p99 ${ms(numbers.p99Ms)}`,
  ].join("  ");
}

function row(name: string, value: string, more: string): string {
  return `  ${name.padEnd(10)} ${value.padStart(12)}   ${more}`.trimEnd();
}

/** A latency in ms, in seconds when it is long. */
export function ms(value: number | null): string {
  if (value === null) return "-";
  if (value >= 10_000) return `${(value / 1000).toFixed(1)} s`;
  return value >= 100 ? `${Math.round(value)} ms` : `${value.toFixed(1)} ms`;
}

function whatStops({ phase, forMs }: Frame): string[] {
  if (phase === "draining") return ["a second Ctrl-C does not wait"];
  if (phase !== "running") return [];
  return [forMs === null ? "Ctrl-C stops" : `stops at ${clock(forMs)}`];
}

/** Nothing while the generator keeps its rate: a few that are just due are no delay. */
function unsent({ phase }: Frame, { behind, givenUp, sentPerSecond }: Numbers): string[] {
  const late = phase === "running" && behind > sentPerSecond / 10 + 1 ? [`${count(behind)} behind`] : [];
  return [...late, ...(givenUp > 0 ? [`${count(givenUp)} given up`] : [])];
}

/** Nothing where there is but one. */
function stageLags({ stages }: Frame, { lags }: Numbers): string[] {
  if (stages.length < 2) return [];
  return [stages.map((stage) => `${stage} ${count(lags.get(stage) ?? 0)}`).join(" > ")];
}

function age({ lagSeconds }: Numbers): string[] {
  return lagSeconds > 0 ? [`${lagSeconds.toFixed(2)} s old`] : [];
}

function reasons(rejected: ReadonlyMap<string, number>): string {
  return [...rejected].map(([reason, times]) => `${reason} ${count(times)}`).join(", ");
}

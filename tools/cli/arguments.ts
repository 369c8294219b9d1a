/** Command-line options as data: parsed, every fault collected, and told by --help from the same table. */

/** EX_CONFIG of sysexits.h: someone must change what was asked for. */
export const EXIT_CONFIGURATION = 78;

export type Option<V> = {
  /** Shown in --help after the name; null for a switch that takes no value. */
  readonly placeholder: string | null;
  readonly about: string;
  readonly fallback: V;
  /** The value, or why not, worded to follow the option's name. */
  readonly parse: (text: string) => { readonly value: V } | { readonly fault: string };
};

export type OptionTable = Readonly<Record<string, Option<unknown>>>;

export type OptionValues<T extends OptionTable> = { readonly [K in keyof T]: T[K] extends Option<infer V> ? V : never };

export type ParsedArguments<T extends OptionTable> = {
  readonly values: OptionValues<T>;
  /** What is not an option, in order. */
  readonly words: readonly string[];
  readonly help: boolean;
  readonly faults: readonly string[];
};

export function flag(about: string): Option<boolean> {
  return { placeholder: null, about, fallback: false, parse: () => ({ value: true }) };
}

export function text<F extends string | null>(spec: {
  readonly about: string;
  readonly placeholder: string;
  readonly fallback: F;
}): Option<string | F> {
  return { ...spec, parse: (given) => (given === "" ? { fault: "must not be empty" } : { value: given }) };
}

/** A whole number in `[min, max]`. */
export function integer<F extends number | null>(spec: {
  readonly about: string;
  readonly min: number;
  readonly max: number;
  readonly fallback: F;
}): Option<number | F> {
  const { min, max } = spec;
  return {
    placeholder: "N",
    about: spec.about,
    fallback: spec.fallback,
    parse: (given) => {
      const value = /^\d{1,16}$/.test(given) ? Number(given) : Number.NaN;
      return value >= min && value <= max
        ? { value }
        : { fault: `must be a whole number from ${min} to ${max}, got ${JSON.stringify(given)}` };
    },
  };
}

/** Whole numbers in `[min, max]`, with commas between them. */
export function integers(spec: {
  readonly about: string;
  readonly min: number;
  readonly max: number;
  readonly fallback: readonly number[];
}): Option<readonly number[]> {
  const one = integer({ ...spec, fallback: null });
  return { placeholder: "N,...", about: spec.about, fallback: spec.fallback, parse: (given) => each(given, one) };
}

/** Some of the words, with commas between them. */
export function choices<const W extends string>(spec: {
  readonly about: string;
  readonly words: readonly W[];
  readonly fallback: readonly W[];
}): Option<readonly W[]> {
  const one = choice({ ...spec, fallback: null });
  return { placeholder: "NAME,...", about: spec.about, fallback: spec.fallback, parse: (given) => each(given, one) };
}

function each<V>(given: string, one: Option<V | null>): ReturnType<Option<readonly V[]>["parse"]> {
  const values: V[] = [];
  for (const part of given.split(",")) {
    const parsed = one.parse(part);
    if ("fault" in parsed) return parsed;
    values.push(parsed.value as V);
  }
  return { value: values };
}

/** One of a few words. */
export function choice<const W extends string, const F extends W | null>(spec: {
  readonly about: string;
  readonly words: readonly W[];
  readonly fallback: F;
}): Option<W | F> {
  const { about, words, fallback } = spec;
  return {
    placeholder: words.join("|"),
    about,
    fallback,
    parse: (given) => {
      const value = words.find((word) => word === given);
      return value !== undefined ? { value } : { fault: `must be ${words.join(" or ")}, got ${JSON.stringify(given)}` };
    },
  };
}

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A span of time such as 30s, 5m, 1h, 7d or 1500ms, in ms. */
export function durationMs(spec: { readonly about: string; readonly minMs: number }): Option<number | null> {
  return {
    placeholder: "TIME",
    about: spec.about,
    fallback: null,
    parse: (given) => {
      const [, digits = "", unit = ""] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(given) ?? [];
      const value = Number(digits) * (UNIT_MS[unit as keyof typeof UNIT_MS] ?? Number.NaN);
      return value >= spec.minMs
        ? { value }
        : {
            fault: `must be a time of at least ${spec.minMs} ms such as 30s, 5m or 1h, got ${JSON.stringify(given)}`,
          };
    },
  };
}

/**
 * Reads `--name value`, `--name=value` and switches. `environment` shows when npm kept an option for itself because the
 * `--` before it is missing.
 */
export function parseArguments<const T extends OptionTable>(
  table: T,
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>> = {},
): ParsedArguments<T> {
  const values: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(table)) values[name] = option.fallback;
  const words: string[] = [];
  const faults: string[] = [];
  const seen = new Set<string>();
  let help = false;
  for (let i = 0; i < args.length; i++) {
    const argument = args[i] ?? "";
    if (argument === "--help" || argument === "-h") {
      help = true;
    } else if (!argument.startsWith("-")) {
      words.push(argument);
    } else {
      const equals = argument.indexOf("=");
      const name = argument.slice(2, equals === -1 ? undefined : equals);
      const option = argument.startsWith("--") && Object.hasOwn(table, name) ? table[name] : undefined;
      if (option === undefined) {
        const known = Object.keys(table).map((other) => `--${other}`);
        faults.push(`${argument} is not an option here: known are ${[...known, "--help"].join(", ")}`);
        continue;
      }
      if (seen.has(name)) faults.push(`--${name} is given twice`);
      seen.add(name);
      if (option.placeholder === null && equals !== -1) {
        faults.push(`--${name} takes no value`);
        continue;
      }
      const next = args[i + 1];
      const separate = option.placeholder !== null && equals === -1;
      if (separate && (next === undefined || next.startsWith("--"))) {
        faults.push(`--${name} needs a value: --${name} ${option.placeholder}`);
        continue;
      }
      const parsed = option.parse(separate ? (next ?? "") : argument.slice(equals + 1));
      if (separate) i++;
      if ("fault" in parsed) faults.push(`--${name} ${parsed.fault}`);
      else values[name] = parsed.value;
    }
  }
  for (const name of Object.keys(table)) {
    if (environment[`npm_config_${name.replaceAll("-", "_")}`] !== undefined && !seen.has(name)) {
      faults.push(
        `npm took --${name} for itself: put -- before the options, as in npm ${npmCommand(environment)} -- --${name} ...`,
      );
    }
  }
  return { values: values as OptionValues<T>, words, help, faults };
}

function npmCommand(environment: Readonly<Record<string, string | undefined>>): string {
  const event = environment.npm_lifecycle_event ?? "start";
  return event === "start" || event === "test" ? event : `run ${event}`;
}

/** One aligned line for each option. */
export function optionLines(table: OptionTable): string[] {
  const rows = Object.entries(table).map(([name, option]) => {
    const usage = option.placeholder === null ? `--${name}` : `--${name} ${option.placeholder}`;
    const { fallback } = option;
    const shown = option.placeholder === null || fallback === null ? "" : ` (default ${String(fallback)})`;
    return [usage, `${option.about}${shown}`] as const;
  });
  const all = [...rows, ["--help", "this text"] as const];
  const width = Math.max(...all.map(([usage]) => usage.length));
  return all.map(([usage, about]) => `  ${usage.padEnd(width)}  ${about}`);
}

/** Standard error, and the exit code for it. `command` as one types it: `npm start`, `npm run weir -- topics`. */
export function refuse(command: string, faults: readonly string[]): typeof EXIT_CONFIGURATION {
  const help = command.includes(" -- ") ? "--help" : "-- --help";
  process.stderr.write(`${faults.map((fault) => `${command}: ${fault}\n`).join("")}${command} ${help} tells more.\n`);
  return EXIT_CONFIGURATION;
}

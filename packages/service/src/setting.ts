/**
 * One environment variable as data: its name, what it accepts, its default, and how its text becomes a value.
 * A setting is a table entry of one row; a group (see group()) is an entry of several rows that make one value.
 */
import { readFileSync } from "node:fs";

/** Where values come from. Injected, so that a test owns the environment and the files it names. */
export type SettingsSource = {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Throws what fs.readFileSync throws. */
  readonly readFile: (path: string) => string;
};

/** What a user must know of one variable. */
export type Row = {
  readonly name: string;
  readonly about: string;
  /** What is right, worded to follow "must be". */
  readonly accepts: string;
  /** The text that stands for an unset variable; null if there is none. */
  readonly fallback: string | null;
  readonly required: boolean;
  readonly secret: boolean;
};

export type Parsed<V> = { readonly ok: true; readonly value: V } | { readonly ok: false };

/** A part of a settings table: some rows, and the one value they make. */
export type Entry<V> = {
  readonly rows: readonly Row[];
  /** Never throws on bad input: pushes every fault it finds and returns not ok. */
  readonly read: (source: SettingsSource, faults: string[]) => Parsed<V>;
};

/** Text to value; not ok with the reason, worded to follow the variable's name. */
export type Kind<V> = {
  readonly accepts: string;
  readonly secret?: boolean;
  readonly parse: (
    text: string,
    source: SettingsSource,
  ) => { readonly ok: true; readonly value: V } | { readonly ok: false; readonly fault: string };
};

type Default = string | number | boolean | null;

/** Without `default` the variable is required; `default: null` makes it optional, its value then is null. */
export type Spec<D extends Default | undefined> = {
  readonly name: string;
  readonly about: string;
  readonly default?: D;
};

/** A file that was named by a setting and could be read. */
export type SettingFile = { readonly path: string; readonly text: string };

/** The environment's text of a variable; empty or blank text counts as not set, as compose files produce it. */
export function givenText(source: SettingsSource, name: string): string | undefined {
  const text = source.env[name];
  return text === undefined || text.trim() === "" ? undefined : text;
}

/** The setting that `kind` reads; for kinds of your own. */
export function setting<V, const D extends Default | undefined = undefined>(
  spec: Spec<D>,
  kind: Kind<V>,
): Entry<D extends null ? V | null : V> {
  type Value = D extends null ? V | null : V;
  const required = spec.default === undefined;
  const fallback = spec.default === undefined || spec.default === null ? null : String(spec.default);
  const row: Row = {
    name: spec.name,
    about: spec.about,
    accepts: kind.accepts,
    fallback,
    required,
    secret: kind.secret ?? false,
  };
  const read = (source: SettingsSource, faults: string[]): Parsed<Value> => {
    const given = givenText(source, spec.name) ?? fallback;
    if (given === null) {
      if (!required) return { ok: true, value: null as Value };
      faults.push(`${spec.name} is missing: set it to ${kind.accepts}`);
      return { ok: false };
    }
    const parsed = kind.parse(kind.secret ? given : given.trim(), source);
    if (parsed.ok) return { ok: true, value: parsed.value as Value };
    faults.push(`${spec.name} ${parsed.fault}`);
    return { ok: false };
  };
  return { rows: [row], read };
}

/** A short quote of a wrong value for a fault's text: one line, bounded, credentials of a URL left out. */
function quote(text: string): string {
  if (text.includes("@")) return "text with an @ in it (not shown, it may hold a password)";
  return text.length <= 60 ? JSON.stringify(text) : `${JSON.stringify(text.slice(0, 57))} and more`;
}

function wrong(accepts: string, text: string): { readonly ok: false; readonly fault: string } {
  return { ok: false, fault: `must be ${accepts}, got ${quote(text)}` };
}

/** A string; `pattern` must match all of it and `accepts` says so in words. */
export function text<const D extends string | null | undefined = undefined>(
  spec: Spec<D> & { readonly pattern?: RegExp; readonly accepts?: string },
) {
  const accepts = spec.accepts ?? "text";
  const parse: Kind<string>["parse"] = (given) =>
    spec.pattern === undefined || spec.pattern.test(given) ? { ok: true, value: given } : wrong(accepts, given);
  return setting<string, D>(spec, { accepts, parse });
}

/** A whole decimal number in `[min, max]`, which must be safe integers. */
export function integer<const D extends number | null | undefined = undefined>(
  spec: Spec<D> & { readonly min: number; readonly max: number; readonly unit?: string },
) {
  const unit = spec.unit === undefined ? "" : ` ${spec.unit}`;
  const accepts = `${spec.min}..${spec.max}${unit}`;
  const parse: Kind<number>["parse"] = (given) => {
    const value = /^-?\d{1,16}$/.test(given) ? Number(given) : Number.NaN;
    return value >= spec.min && value <= spec.max ? { ok: true, value } : wrong(accepts, given);
  };
  return setting<number, D>(spec, { accepts, parse });
}

/** A span of time in whole milliseconds. */
export function durationMs<const D extends number | null | undefined = undefined>(
  spec: Spec<D> & { readonly min: number; readonly max: number },
) {
  return integer<D>({ ...spec, unit: "ms" });
}

/** `true` or `false`, nothing else: a mistyped switch must not silently mean off. */
export function flag<const D extends boolean | null | undefined = undefined>(spec: Spec<D>) {
  const accepts = "true or false";
  const parse: Kind<boolean>["parse"] = (given) =>
    given === "true" || given === "false" ? { ok: true, value: given === "true" } : wrong(accepts, given);
  return setting<boolean, D>(spec, { accepts, parse });
}

/** One of the listed words. */
export function oneOf<const W extends string, const D extends W | null | undefined = undefined>(
  spec: Spec<D> & { readonly words: readonly W[] },
) {
  const accepts = spec.words.join(" or ");
  const parse: Kind<W>["parse"] = (given) => {
    const word = spec.words.find((candidate) => candidate === given);
    return word === undefined ? wrong(accepts, given) : { ok: true, value: word };
  };
  return setting<W, D>(spec, { accepts, parse });
}

/** The path of a file, which is read here and now: an unreadable one is a fault of the setting. */
export function file<const D extends string | null | undefined = undefined>(spec: Spec<D>) {
  return setting<SettingFile, D>(spec, { accepts: READABLE, parse: readNamed });
}

/** The path of a file in PEM that holds at least one `what`: TLS itself takes any text, and then trusts nobody. */
export function pemFile<const D extends null | undefined = undefined>(
  spec: Spec<D> & { readonly what: "certificate" | "private key" },
) {
  const begin = new RegExp(`^-----BEGIN ([A-Z0-9]+ )*${spec.what.toUpperCase()}-----`, "m");
  const parse: Kind<SettingFile>["parse"] = (path, source) => {
    const read = readNamed(path, source);
    if (!read.ok || begin.test(read.value.text)) return read;
    return { ok: false, fault: `names a file that holds no ${spec.what} in PEM: ${quote(path)}` };
  };
  return setting<SettingFile, D>(spec, { accepts: READABLE, parse });
}

const READABLE = "the path of a readable file";

const readNamed: Kind<SettingFile>["parse"] = (path, source) => {
  try {
    return { ok: true, value: { path, text: source.readFile(path) } };
  } catch (error) {
    return { ok: false, fault: `must be ${READABLE}, got ${quote(path)} (${reasonOf(error)})` };
  }
};

/** A password or token. Its text appears in no fault, no help and no table, and is not trimmed. */
export function secret<const D extends null | undefined = undefined>(spec: Spec<D>) {
  return setting<string, D>(spec, { accepts: "text", secret: true, parse: (given) => ({ ok: true, value: given }) });
}

/**
 * The path of a file that holds a secret. One line end at its end is not part of the secret; an empty file, or one with
 * fewer characters than `minLength`, is a fault.
 */
export function secretFile<const D extends null | undefined = undefined>(
  spec: Spec<D> & { readonly minLength?: number },
) {
  const { minLength = 1 } = spec;
  const parse: Kind<string>["parse"] = (path, source) => {
    const read = readNamed(path, source);
    if (!read.ok) return read;
    const value = read.value.text.replace(/\r?\n$/, "");
    if (value === "") return { ok: false, fault: `names an empty file: ${quote(path)}` };
    // Bytes that are no text were read as one and the same character: much of the secret would be lost.
    if (value.includes("\uFFFD")) return { ok: false, fault: `names a file that is no text: ${quote(path)}` };
    return value.length >= minLength
      ? { ok: true, value }
      : { ok: false, fault: `names a file with fewer than ${minLength} characters: ${quote(path)}` };
  };
  return setting<string, D>(spec, { accepts: READABLE, parse });
}

const BROKER = /^[^\s:/@,]+:(\d{1,5})$/;

/** `host:port[,host:port]`, a name or an IPv4 address each. */
export function brokerList<const D extends string | null | undefined = undefined>(spec: Spec<D>) {
  const accepts = "host:port[,host:port]";
  const parse: Kind<readonly string[]>["parse"] = (given) => {
    const brokers = given.split(",").map((broker) => broker.trim());
    const valid = (broker: string) => {
      const port = Number(BROKER.exec(broker)?.[1] ?? 0);
      return port >= 1 && port <= 65_535;
    };
    return brokers.every(valid) ? { ok: true, value: brokers } : wrong(accepts, given);
  };
  return setting<readonly string[], D>(spec, { accepts, parse });
}

/** A share of a whole, as a decimal number. */
export function share<const D extends number | null | undefined = undefined>(spec: Spec<D>) {
  const accepts = "0..1, such as 0.01";
  const parse: Kind<number>["parse"] = (given) => {
    const value = /^(\d?\.\d{1,9}|[01])$/.test(given) ? Number(given) : Number.NaN;
    return value <= 1 ? { ok: true, value } : wrong(accepts, given);
  };
  return setting<number, D>(spec, { accepts, parse });
}

/** The address of something that speaks HTTP. Who asks it by a name or a password has to be told that in another way. */
export function httpUrl<const D extends string | null | undefined = undefined>(spec: Spec<D>) {
  const accepts = "http://host:port or https://host:port, with a path or without";
  const parse: Kind<string>["parse"] = (given) => {
    const url = URL.parse(given);
    const fits = url !== null && /^https?:$/.test(url.protocol) && !/[?#@\s]/.test(given);
    return fits ? { ok: true, value: given } : wrong(accepts, given);
  };
  return setting<string, D>(spec, { accepts, parse });
}

type Members = Readonly<Record<string, Entry<unknown>>>;

/** The values of a record of entries, by the entries' own types. */
export type Values<M extends Members> = {
  readonly [K in keyof M]: M[K] extends Entry<infer V> ? V : never;
};

/**
 * Several entries that make one value.
 * `check` sees the trimmed texts as they were given and returns the faults between the fields; it runs
 * whether or not single fields are wrong, so that one start shows every fault. `combine` runs only if nothing is wrong.
 */
export function group<const M extends Members, V = Values<M>>(
  members: M,
  options: {
    readonly check?: (given: (name: string) => string | undefined) => readonly string[];
    readonly combine?: (values: Values<M>) => V;
  } = {},
): Entry<V> {
  const rows = Object.values(members).flatMap((member) => member.rows);
  const read = (source: SettingsSource, faults: string[]): Parsed<V> => {
    const before = faults.length;
    const values: Record<string, unknown> = {};
    for (const [name, member] of Object.entries(members)) {
      const parsed = member.read(source, faults);
      if (parsed.ok) values[name] = parsed.value;
    }
    faults.push(...(options.check?.((name) => givenText(source, name)?.trim()) ?? []));
    if (faults.length > before) return { ok: false };
    const complete = values as Values<M>;
    return { ok: true, value: options.combine === undefined ? (complete as unknown as V) : options.combine(complete) };
  };
  return { rows, read };
}

/** The process's environment and file system. */
export const processSource: SettingsSource = {
  env: process.env,
  readFile: (path) => readFileSync(path, "utf8"),
};

function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (code === "ENOENT") return "there is no such file";
  if (code === "EACCES" || code === "EPERM") return "permission denied";
  if (code === "EISDIR") return "it is a folder";
  return code ?? "it cannot be read";
}

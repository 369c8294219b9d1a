/** The order of the packages, and what their sources say against it. Pure: texts in, faults out. */

/** Left to right: each may import those before it. */
const ORDER = ["schema", "model", "engine", "dataset", "scenario", "stream", "rejected", "kafka", "service"] as const;

/** Decide purely, act at the edge: these touch no clock, no chance, no file, no environment. */
const PURE = new Set(["schema", "model", "engine", "scenario"]);

const IMPURE: readonly (readonly [RegExp, string])[] = [
  [/\bDate\.now\b|\bnew Date\(\s*\)/, "reads the clock"],
  [/\bperformance\.now\b|\bhrtime\b/, "reads the clock"],
  [/\bMath\.random\b|\brandomUUID\b|\brandomBytes\b|\bgetRandomValues\b/, "takes chance from outside"],
  [/\bprocess\.|\bimport\.meta\.env\b/, "reaches for the process"],
  [/\bconsole\./, "prints"],
  [/\bsetTimeout\b|\bsetInterval\b|\bsetImmediate\b/, "waits"],
  [
    /["']node:(fs|net|tls|http|https|http2|dgram|dns|os|process|child_process|worker_threads|timers|perf_hooks)\b/,
    "does I/O",
  ],
];

export type SourceFile = {
  /** Relative to the repository, with slashes: "packages/engine/src/step.ts". */
  readonly path: string;
  readonly text: string;
};

/** `dependencies` of each package.json, by its folder: "packages/engine" -> names. */
export type Declared = ReadonlyMap<string, readonly string[]>;

/** Every import and word that breaks the direction of imports or the purity of a package; empty when all is well. */
export function importFaults(file: SourceFile, declared: Declared): string[] {
  const [area = "", name = ""] = file.path.split("/");
  const code = withoutComments(file.text);
  const isTest = /\.(test|fixture)\.ts$/.test(file.path);
  const faults: string[] = [];
  for (const target of importsOf(code)) {
    const fault = importFault(target, { area, name, isTest, path: file.path, declared });
    if (fault !== null) faults.push(`${file.path} imports ${target}: ${fault}`);
  }
  if (area === "packages" && PURE.has(name) && !isTest) {
    for (const [pattern, why] of IMPURE) {
      const found = pattern.exec(code);
      if (found !== null) faults.push(`${file.path} ${why} (${found[0]}): packages/${name} is pure`);
    }
  }
  return faults;
}

type Importer = {
  readonly area: string;
  readonly name: string;
  readonly isTest: boolean;
  readonly path: string;
  readonly declared: Declared;
};

function importFault(target: string, from: Importer): string | null {
  const { area, name, isTest } = from;
  if (target.startsWith(".")) return leavesFolder(from.path, target) ? "a relative import stays in its package" : null;
  if (target.startsWith("node:")) return null;
  const imported = packageName(target);
  if (imported === "kafkajs" && !(area === "packages" && name === "kafka")) return "only packages/kafka knows kafkajs";
  if (imported.startsWith("@opentelemetry/") && !(area === "packages" && name === "service"))
    return "only packages/service knows OpenTelemetry";
  if (imported.startsWith("@weir/")) {
    const wanted = imported.slice("@weir/".length);
    if (target !== imported) return "others see its index alone";
    if (wanted === "generator" || wanted === "detector" || wanted === "quality") {
      return area === "tools" || area === "bench" ? null : "only tools import a service";
    }
    if (wanted === "testing") return isTest || area === "tools" || area === "bench" ? null : "only tests and tools do";
    if (area === "packages" && name !== "testing" && !isTest && rank(wanted) >= rank(name)) {
      return `${ORDER.join(" <- ")} is the direction`;
    }
  }
  const own = from.declared.get(`${area}/${name}`);
  if (isTest || own === undefined || name === "testing") return null;
  return own.includes(imported) ? null : `${area}/${name}/package.json does not name it`;
}

function rank(name: string): number {
  return (ORDER as readonly string[]).indexOf(name);
}

/** "@weir/schema" of "@weir/schema/x", "vitest" of "vitest/node". */
function packageName(target: string): string {
  return target
    .split("/")
    .slice(0, target.startsWith("@") ? 2 : 1)
    .join("/");
}

/** Whether a relative import leads out of packages/x or services/x, or from tools or bench into one of those. */
function leavesFolder(path: string, target: string): boolean {
  const resolved = new URL(target, `file:///${path}`).pathname.slice(1);
  const home = (of: string): string => {
    const [area, name] = of.split("/");
    return area === "packages" || area === "services" ? `${area}/${name}` : "";
  };
  return home(resolved) !== home(path);
}

function importsOf(code: string): string[] {
  return [...code.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*["']([^"']+)["']/g)].map((match) => match[1] ?? "");
}

/** Whole-line comments only: enough for this house's style, and no string is mistaken for one. */
function withoutComments(text: string): string {
  return text
    .split("\n")
    .filter((line) => !/^\s*(\/\/|\/\*|\*)/.test(line))
    .join("\n");
}

/** What a service's Dockerfile must keep to. */
import { type Document, readText } from "./repository.ts";

export type Instruction = { readonly word: string; readonly rest: string };

/** One entry for each instruction, with continued lines joined and ARG defaults filled in. */
export function parseDockerfile(text: string): Instruction[] {
  const args = new Map<string, string>();
  return text
    .replace(/^\s*#.*\n/gm, "")
    .replace(/\\\n\s*/g, " ")
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const [, word = "", raw = ""] = /^\s*(\w+)\s+(.*)$/.exec(line) ?? [];
      const arg = word === "ARG" ? /^(\w+)=(.*)$/.exec(raw) : null;
      if (arg) args.set(arg[1] ?? "", arg[2] ?? "");
      return { word, rest: raw.replace(/\$\{(\w+)\}/g, (whole, name: string) => args.get(name) ?? whole) };
    });
}

/** The workspaces of ours that a service needs, itself included, from the package.json files. */
export function workspaceFolders(service: string): string[] {
  const folders = new Set<string>();
  const visit = (folder: string): void => {
    if (folders.has(folder)) return;
    folders.add(folder);
    const dependencies = (JSON.parse(readText(`${folder}/package.json`)) as Document).dependencies ?? {};
    for (const name of Object.keys(dependencies))
      if (name.startsWith("@weir/")) visit(name.replace("@weir", "packages"));
  };
  visit(`services/${service}`);
  return [...folders].sort();
}

export function dockerfileFaults(service: string, port: number, text: string): string[] {
  const instructions = parseDockerfile(text);
  const stages = instructions.flatMap((instruction, index) => (instruction.word === "FROM" ? [index] : []));
  const last = instructions.slice(stages.at(-1) ?? 0);
  return [
    ...baseFaults(instructions),
    ...(stages.length < 2 ? ["has one stage: npm and its cache end in the image"] : []),
    ...dependencyFaults(service, instructions.slice(0, stages.at(-1)), last),
    ...runtimeFaults(port, last),
  ];
}

function baseFaults(instructions: readonly Instruction[]): string[] {
  const root = JSON.parse(readText("package.json")) as Document;
  const wanted = `node:${root.devDependencies.node}-bookworm-slim`;
  const faults = instructions
    .filter(({ word, rest }) => word === "FROM" && rest.split(" ")[0] !== wanted)
    .map(({ rest }) => `is built from ${rest} instead of ${wanted}, the Node that the project is developed with`);
  if (instructions.some(({ word }) => word === "ADD")) faults.push("uses ADD, which fetches and unpacks: COPY");
  return faults;
}

function dependencyFaults(service: string, build: readonly Instruction[], last: readonly Instruction[]): string[] {
  const faults: string[] = [];
  const install = build.find(({ word, rest }) => word === "RUN" && rest.startsWith("npm ci"))?.rest ?? "";
  for (const option of ["--omit=dev", "--ignore-scripts", `--workspace=@weir/${service}`]) {
    if (!install.includes(option)) faults.push(`npm ci runs without ${option}`);
  }
  const wanted = workspaceFolders(service);
  const copied = (part: readonly Instruction[], pattern: RegExp) =>
    part.flatMap(({ word, rest }) => (word === "COPY" ? (pattern.exec(rest)?.[1] ?? []) : [])).sort();
  const manifests = copied(build, /^((?:packages|services)\/\w+)\/package\.json /);
  const sources = copied(last, /^((?:packages|services)\/\w+) /);
  for (const [what, given] of [
    ["package.json", manifests],
    ["source", sources],
  ] as const) {
    if (given.join() !== wanted.join()) faults.push(`copies the ${what} of ${given} instead of ${wanted}`);
  }
  return faults;
}

function runtimeFaults(port: number, last: readonly Instruction[]): string[] {
  const faults: string[] = [];
  const find = (word: string) => last.findLast((instruction) => instruction.word === word)?.rest ?? "";
  const user = last.findLastIndex(({ word }) => word === "USER");
  if (!/^[1-9]\d*:[1-9]\d*$/.test(find("USER")))
    faults.push(`runs as ${find("USER") || "root"}, not as a number other than 0`);
  if (last.findLastIndex(({ word }) => word === "COPY" || word === "RUN") > user) faults.push("owns its own files");
  for (const word of ["ENTRYPOINT", "CMD"]) if (!isExecForm(find(word))) faults.push(`${word} is not in exec form`);
  const health = /CMD (.*)$/.exec(find("HEALTHCHECK"))?.[1] ?? "";
  if (!isExecForm(health)) faults.push("HEALTHCHECK is not in exec form");
  if (/curl|wget/.test(health)) faults.push("HEALTHCHECK needs a program that the image has not");
  if (!health.includes("/livez")) faults.push("HEALTHCHECK does not ask /livez");
  if (find("EXPOSE") !== String(port)) faults.push(`exposes ${find("EXPOSE")} instead of ${port}`);
  const { version } = JSON.parse(readText("package.json")) as Document;
  if (!find("LABEL").includes(`org.opencontainers.image.version="${version}"`))
    faults.push(`is not labelled ${version}`);
  if (last.some(({ word, rest }) => word === "ENV" && /PASSWORD|SECRET|TOKEN/.test(rest)))
    faults.push("has a secret in ENV");
  return faults;
}

function isExecForm(text: string): boolean {
  try {
    return Array.isArray(JSON.parse(text));
  } catch {
    return false;
  }
}

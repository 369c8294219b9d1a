/** What the Dockerfile must keep to, target by target. */
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
      const arg = word === "ARG" ? /^(\w+)="?(.*?)"?$/.exec(raw) : null;
      if (arg) args.set(arg[1] ?? "", arg[2] ?? "");
      return { word, rest: raw.replace(/\$\{(\w+)\}/g, (whole, name: string) => args.get(name) ?? whole) };
    });
}

/** All that makes a target, that of the stages which it is built from first. Empty when there is no such target. */
export function targetOf(instructions: readonly Instruction[], target: string): Instruction[] {
  const start = instructions.findIndex(({ word, rest }) => word === "FROM" && rest.endsWith(` AS ${target}`));
  if (start < 0) return [];
  const own = instructions.slice(start + 1);
  const end = own.findIndex(({ word }) => word === "FROM");
  const [from = ""] = instructions[start]?.rest.split(" ") ?? [];
  return [...targetOf(instructions, from), ...(end < 0 ? own : own.slice(0, end))];
}

/** Folders and files of the repository that a target takes over under their own names. */
export function copiedInto(target: readonly Instruction[]): string[] {
  return target.flatMap(({ word, rest }) => (word === "COPY" ? (/^(\S+) \1$/.exec(rest)?.[1] ?? []) : []));
}

/** `ports`: by service, the port of its own. Each is a target of the same name. */
export function dockerfileFaults(ports: Readonly<Record<string, number>>, text: string): string[] {
  const instructions = parseDockerfile(text);
  const services = Object.keys(ports);
  return [
    ...buildFaults(services, instructions),
    ...Object.entries(ports).flatMap(([service, port]) =>
      serviceFaults(service, port, targetOf(instructions, service)).map((fault) => `${service}: ${fault}`),
    ),
  ];
}

function buildFaults(services: readonly string[], instructions: readonly Instruction[]): string[] {
  const root = JSON.parse(readText("package.json")) as Document;
  const wanted = `node:${root.devDependencies.node}-bookworm-slim`;
  const stages = instructions.flatMap(({ word, rest }) => (word === "FROM" ? [/ AS (\S+)$/.exec(rest)?.[1]] : []));
  const faults = instructions
    .filter(({ word, rest }) => word === "FROM" && ![wanted, ...stages].includes(rest.split(" ")[0]))
    .map(({ rest }) => `is built from ${rest} instead of ${wanted}, the Node that the project is developed with`);
  if (instructions.some(({ word }) => word === "ADD")) faults.push("uses ADD, which fetches and unpacks: COPY");
  const installs = instructions.filter(({ word, rest }) => word === "RUN" && rest.startsWith("npm ci"));
  if (installs.length !== 1) faults.push(`runs npm ci ${installs.length} times`);
  const options = ["--omit=dev", "--ignore-scripts", ...services.map((service) => `--workspace=@weir/${service}`)];
  for (const option of options)
    if (!installs.every(({ rest }) => rest.includes(option))) faults.push(`npm ci runs without ${option}`);
  return faults;
}

function serviceFaults(service: string, port: number, target: readonly Instruction[]): string[] {
  const faults: string[] = [];
  const find = (word: string) => target.findLast((instruction) => instruction.word === word)?.rest ?? "";
  if (!/^[1-9]\d*:[1-9]\d*$/.test(find("USER")))
    faults.push(`runs as ${find("USER") || "root"}, not as a number other than 0`);
  if (target.some(({ word }) => word === "RUN"))
    faults.push("runs something in the image: npm and its cache end in it");
  if (target.some(({ word, rest }) => word === "COPY" && rest.includes("--chown"))) faults.push("owns its own files");
  for (const word of ["ENTRYPOINT", "CMD"]) if (!isExecForm(find(word))) faults.push(`${word} is not in exec form`);
  const [main] = isExecForm(find("CMD")) ? (JSON.parse(find("CMD")) as string[]) : [];
  if (main !== undefined && main !== `services/${service}/main.ts`) faults.push(`starts ${main}`);
  const health = /CMD (.*)$/.exec(find("HEALTHCHECK"))?.[1] ?? "";
  if (!isExecForm(health)) faults.push("HEALTHCHECK is not in exec form");
  if (/curl|wget/.test(health)) faults.push("HEALTHCHECK needs a program that the image has not");
  if (!health.includes("/livez")) faults.push("HEALTHCHECK does not ask /livez");
  if (find("EXPOSE") !== String(port)) faults.push(`exposes ${find("EXPOSE")} instead of ${port}`);
  if (!new RegExp(`\\bPORT=${port}\\b`).test(find("ENV"))) faults.push(`does not listen on ${port} by itself`);
  const { version } = JSON.parse(readText("package.json")) as Document;
  const labels = target.flatMap(({ word, rest }) => (word === "LABEL" ? [rest] : [])).join(" ");
  for (const label of [`version="${version}"`, `title="weir-${service}"`])
    if (!labels.includes(`org.opencontainers.image.${label}`)) faults.push(`is not labelled ${label}`);
  if (target.some(({ word, rest }) => word === "ENV" && /PASSWORD|SECRET|TOKEN/.test(rest)))
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

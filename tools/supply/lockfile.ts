/** What package-lock.json must keep to: each package of others with a hash, a licence that we can live with, no script unasked. */

export type Locked = {
  readonly link?: boolean;
  readonly dev?: boolean;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly hasInstallScript?: boolean;
};

/** Licences that ask for no more than to be named. */
const FREE: ReadonlySet<string> = new Set([
  "MIT",
  "ISC",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "BlueOak-1.0.0",
  "0BSD",
  "Unlicense",
  "MIT OR Apache-2.0",
  "(MIT AND Zlib)",
]);

/** Changes to its files have to be published: fine for tools, which are never shipped. */
const FREE_FOR_TOOLS: ReadonlySet<string> = new Set(["MPL-2.0"]);

/** They say it in a member that npm no longer reads. */
const SAID_ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ["buildcheck", "MIT"],
  ["cpu-features", "MIT"],
  ["ssh2", "MIT"],
]);

const REGISTRY = "https://registry.npmjs.org/";
const NODE_MODULES = "node_modules/";

/** `allowScripts` as in package.json: every package with a script at installation is in it, to be run or not. */
export function lockfileFaults(
  packages: Readonly<Record<string, Locked>>,
  allowScripts: Readonly<Record<string, boolean>>,
): string[] {
  const others = Object.entries(packages).filter(([path, { link }]) => path.includes(NODE_MODULES) && !link);
  return others.flatMap(([path, locked]) => {
    const name = path.slice(path.lastIndexOf(NODE_MODULES) + NODE_MODULES.length);
    return faultsOf(name, locked, allowScripts).map((fault) => `${path}: ${fault}`);
  });
}

function faultsOf(name: string, locked: Locked, allowScripts: Readonly<Record<string, boolean>>): string[] {
  const { dev = false, resolved = REGISTRY, integrity = "", hasInstallScript = false } = locked;
  const license = locked.license ?? SAID_ELSEWHERE.get(name);
  const faults: string[] = [];
  if (!integrity.startsWith("sha512-")) faults.push("has no hash of its content");
  if (!resolved.startsWith(REGISTRY)) faults.push(`comes from ${resolved}`);
  if (license === undefined || !(FREE.has(license) || (dev && FREE_FOR_TOOLS.has(license))))
    faults.push(`has the licence ${license}`);
  if (hasInstallScript && !Object.hasOwn(allowScripts, name))
    faults.push("has a script that nobody has allowed or refused");
  return faults;
}

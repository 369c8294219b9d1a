import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type Locked, lockfileFaults } from "./lockfile.ts";

type Manifest = {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
};

const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8")) as {
  packages: Readonly<Record<string, Locked & Manifest>>;
};
const { allowScripts } = JSON.parse(readFileSync("package.json", "utf8")) as Manifest;
const NAME = "node_modules/kafkajs";

test("every package of others has a hash, a licence of the list, and no script unasked", () => {
  expect(Object.keys(packages).filter((path) => path.includes("node_modules/")).length).toBeGreaterThan(100);
  expect(lockfileFaults(packages, allowScripts)).toEqual([]);
});

test.each<[string, Partial<Locked>]>([
  ["has no hash", { integrity: "sha1-x" }],
  ["comes from https://example.org/kafkajs.tgz", { resolved: "https://example.org/kafkajs.tgz" }],
  ["comes from git+ssh://git@github.com/x/y.git", { resolved: "git+ssh://git@github.com/x/y.git" }],
  ["has the licence GPL-3.0", { license: "GPL-3.0" }],
  ["has the licence MPL-2.0", { license: "MPL-2.0" }],
  ["has a script that nobody", { hasInstallScript: true }],
])("a package is found out that %s", (fault, change) => {
  const changed = { ...packages, [NAME]: { ...packages[NAME], ...change } };
  expect(lockfileFaults(changed, allowScripts)).toEqual([expect.stringContaining(`${NAME}: ${fault}`)]);
});

test("what a tool has in its licence is no fault there", () => {
  const tool = { ...packages[NAME], license: "MPL-2.0", dev: true };
  expect(lockfileFaults({ [NAME]: tool }, allowScripts)).toEqual([]);
});

test("each version that a workspace asks for is exact", () => {
  const asked = Object.entries(packages)
    .filter(([path, { link }]) => !path.includes("node_modules/") && !link)
    .flatMap(([path, { dependencies = {}, devDependencies = {} }]) =>
      Object.entries({ ...dependencies, ...devDependencies }).map(([name, version]) => `${path} ${name} ${version}`),
    );
  expect(asked.filter((line) => !/ (\d+\.\d+\.\d+|\* ?)$/.test(line) && !line.includes("@weir/"))).toEqual([]);
});

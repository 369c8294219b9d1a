import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { installedPackages, sbomFaults, sbomOf } from "../../image/sbom.ts";
import { bytesBelow, differences, treeOf } from "./tree.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "weir-images-"));
});
afterEach(() => rm(folder, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function install(path: string, name: string, version: string): void {
  write(`node_modules/${path}/package.json`, JSON.stringify({ name, version }));
}

describe("the list of packages", () => {
  const bom = (...refs: readonly string[]) => ({
    serialNumber: "urn:uuid:1",
    metadata: { timestamp: "2026-11-27T00:00:00Z" },
    components: refs.map((ref) => {
      const at = ref.lastIndexOf("@");
      return { "bom-ref": ref, name: ref.slice(0, at), version: ref.slice(at + 1) };
    }),
    dependencies: refs.map((ref) => ({ ref, dependsOn: refs.filter((each) => each !== ref) })),
  });

  beforeEach(() => {
    install("pino", "pino", "10.4.0");
    install("@fastify/error", "@fastify/error", "4.0.0");
    install("pino/node_modules/once", "once", "1.4.0");
    write("packages/schema/package.json", JSON.stringify({ name: "@weir/schema", version: "0.1.0" }));
    mkdirSync(join(folder, "node_modules/@weir"));
    symlinkSync("../../packages/schema", join(folder, "node_modules/@weir/schema"));
    write("node_modules/.package-lock.json", "{}");
  });

  const faults = (...names: readonly string[]) =>
    sbomFaults(bom(...names), installedPackages(join(folder, "node_modules")));

  it("is held against packages with scopes and inside others, and not against workspaces", () => {
    expect(installedPackages(join(folder, "node_modules"))).toEqual(
      new Set(["pino@10.4.0", "@fastify/error@4.0.0", "once@1.4.0"]),
    );
    expect(faults("pino@10.4.0", "@fastify/error@4.0.0", "once@1.4.0")).toEqual([]);
  });

  it("is found out when it lacks one, has one too many, or another version", () => {
    expect(faults("pino@10.4.1", "@fastify/error@4.0.0", "once@1.4.0", "left-pad@1.0.0")).toEqual([
      "pino@10.4.0 is installed and not listed",
      "pino@10.4.1 is listed and not installed",
      "left-pad@1.0.0 is listed and not installed",
    ]);
  });
});

describe("the list of an image", () => {
  const all = {
    serialNumber: "urn:uuid:1",
    metadata: { timestamp: "2026-11-27T00:00:00Z", lifecycles: [] },
    components: ["a", "b", "dev"].map((name) => ({ "bom-ref": `${name}@1.0.0`, name, version: "1.0.0" })),
    dependencies: [
      { ref: "a@1.0.0", dependsOn: ["b@1.0.0", "dev@1.0.0"] },
      { ref: "dev@1.0.0", dependsOn: ["a@1.0.0"] },
    ],
  };

  it("is what is installed, and says nothing of chance or the clock", () => {
    expect(sbomOf(all, new Set(["a@1.0.0", "b@1.0.0"]))).toEqual({
      metadata: { lifecycles: [] },
      components: all.components.slice(0, 2),
      dependencies: [{ ref: "a@1.0.0", dependsOn: ["b@1.0.0"] }],
    });
  });

  it("is not made when it would lack something", () => {
    expect(() => sbomOf(all, new Set(["a@1.0.0", "c@1.0.0"]))).toThrow("c@1.0.0 is installed and not listed");
  });
});

describe("two trees", () => {
  beforeEach(() => {
    for (const side of ["a", "b"]) {
      write(`${side}/same`, "x");
      write(`${side}/late`, "x");
      write(`${side}/other`, side);
      for (const name of ["same", "late", "other", ""]) utimesSync(join(folder, side, name), 0, 0);
    }
    write("b/more", "x");
    utimesSync(join(folder, "b/late"), 0, 1);
  });

  it("differ by what is written, by when, and by what is missing", () => {
    expect(differences(treeOf(join(folder, "a")), treeOf(join(folder, "b")))).toEqual([
      "late: mtimeMs",
      "more is in one of them alone",
      "other: content",
    ]);
    expect(differences(treeOf(join(folder, "a")), treeOf(join(folder, "a")))).toEqual([]);
  });

  it("are as large as what is in them", () => {
    expect(bytesBelow(treeOf(folder), "b")).toBe(4);
  });
});

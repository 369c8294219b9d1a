import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Declared, importFaults } from "./import-direction.ts";
import { repositoryRoot } from "./paths.ts";

test("imports point one way, packages/kafka alone knows kafkajs, packages/service OpenTelemetry, and pure packages are pure", async () => {
  const declared = await declaredDependencies();
  const faults: string[] = [];
  let files = 0;
  for (const area of ["packages", "services", "tools", "bench"]) {
    for (const path of await sourcesIn(area)) {
      // The table below is made of faults.
      if (path.endsWith("import-direction.test.ts")) continue;
      const text = await readFile(join(repositoryRoot, path), "utf8");
      faults.push(...importFaults({ path, text }, declared));
      files++;
    }
  }
  expect(files).toBeGreaterThan(20);
  expect(faults).toEqual([]);
});

test.each([
  ["packages/engine/src/a.ts", 'import { x } from "@weir/schema";', 0],
  ["packages/schema/src/a.ts", 'import { x } from "@weir/engine";', 1],
  ["packages/stream/src/a.ts", 'import type { x } from "@weir/kafka";', 1],
  ["packages/stream/src/a.test.ts", 'import { x } from "@weir/testing";', 0],
  ["packages/stream/src/a.ts", 'import { x } from "@weir/testing";', 1],
  ["packages/stream/src/a.ts", 'const x = await import("kafkajs");', 1],
  ["packages/kafka/src/a.ts", 'import { Kafka } from "kafkajs";', 0],
  ["packages/stream/src/a.ts", 'import { trace } from "@opentelemetry/api";', 1],
  ["packages/service/src/a.ts", 'import { trace } from "@opentelemetry/api";', 0],
  ["services/detector/src/a.ts", 'import { x } from "@weir/service";', 0],
  ["services/detector/src/a.ts", 'import { x } from "../../generator/src/b.ts";', 1],
  ["services/detector/src/a.ts", 'import { x } from "@weir/generator";', 1],
  ["packages/testing/src/a.ts", 'import { x } from "@weir/generator";', 1],
  ["tools/start/a.ts", 'import { x } from "@weir/generator";', 0],
  ["tools/start/a.ts", 'import { x } from "@weir/generator/src/a.ts";', 1],
  ["tools/start/a.ts", 'import { x } from "../../services/detector/main.ts";', 1],
  ["tools/start/a.ts", 'import { x } from "../weir/b.ts";', 0],
  ["packages/engine/src/a.ts", 'import { x } from "left-pad";', 1],
  ["packages/engine/src/a.ts", "const t = Date.now();", 1],
  ["packages/engine/src/a.ts", "// never Date.now()", 0],
  ["packages/engine/src/a.test.ts", "const t = Date.now();", 0],
  ["packages/engine/src/a.ts", 'import { readFileSync } from "node:fs";', 1],
  ["packages/engine/src/a.ts", 'import { createHash } from "node:crypto";', 0],
  ["packages/engine/src/a.ts", "const home = process.env.HOME;", 1],
  ["packages/stream/src/a.ts", "const t = Date.now();", 0],
])("%s with %j has %i faults", (path, text, count) => {
  const declared: Declared = new Map([
    ["packages/engine", ["@weir/schema"]],
    ["packages/stream", ["@weir/schema", "@weir/engine"]],
    ["packages/kafka", ["kafkajs"]],
    ["services/detector", ["@weir/service"]],
  ]);
  expect(importFaults({ path, text }, declared)).toHaveLength(count);
});

async function sourcesIn(area: string): Promise<string[]> {
  const entries = await readdir(join(repositoryRoot, area), { recursive: true });
  return entries
    .filter((entry) => entry.endsWith(".ts") && !entry.includes("node_modules"))
    .map((entry) => `${area}/${entry.replaceAll("\\", "/")}`);
}

async function declaredDependencies(): Promise<Declared> {
  const declared = new Map<string, readonly string[]>();
  for (const area of ["packages", "services"]) {
    for (const name of await readdir(join(repositoryRoot, area))) {
      const file = join(repositoryRoot, area, name, "package.json");
      if (!existsSync(file)) continue;
      const { dependencies } = JSON.parse(await readFile(file, "utf8")) as { dependencies?: Record<string, string> };
      declared.set(`${area}/${name}`, Object.keys(dependencies ?? {}));
    }
  }
  return declared;
}

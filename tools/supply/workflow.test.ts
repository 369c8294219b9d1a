import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";

type Job = { readonly "timeout-minutes"?: number; readonly steps: readonly { readonly uses?: string }[] };

const text = readFileSync(".github/workflows/ci.yml", "utf8");
const workflow = parse(text) as { permissions: unknown; jobs: Readonly<Record<string, Job>> };

test("actions are pinned to a commit, with the version beside it", () => {
  const used = [...text.matchAll(/uses: (.*)/g)].map(([, action]) => action);
  expect(used.length).toBeGreaterThan(0);
  for (const action of used) expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
});

test("CI may read and nothing else, and ends", () => {
  expect(workflow.permissions).toEqual({ contents: "read" });
  for (const job of Object.values(workflow.jobs)) expect(job["timeout-minutes"]).toBeGreaterThan(0);
});

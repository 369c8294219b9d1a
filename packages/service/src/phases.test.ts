import { expect, test } from "vitest";
import { Phases } from "./phases.ts";

test("a life runs from starting over running and draining to stopped", () => {
  const phases = new Phases();
  for (const next of ["running", "draining", "stopped"] as const) phases.to(next);
  expect(phases.current).toBe("stopped");
});

test("a step that the table does not list is refused with both phases named", () => {
  const phases = new Phases();
  expect(() => phases.to("stopped")).toThrow("phase starting cannot become stopped");
  phases.to("failed");
  expect(() => phases.to("running")).toThrow("phase failed cannot become running");
});

/** Mistakes planted in overlays, who of all that look at those found each, and the table of it. */
import { alertFaults } from "../alerts.ts";
import { policyFaults } from "../policies.ts";
import type { Document } from "../repository.ts";
import type { Cluster } from "./control-plane.ts";
import { type Finder, MISTAKES, type Mistake, spoilt } from "./mistakes.ts";
import { warningsOf } from "./rollout.ts";

export type Finding = {
  readonly mistake: Mistake;
  readonly overlay: string;
  /** What each finder says, if it says anything. */
  readonly said: ReadonlyMap<Finder, string>;
};

/** Plants each mistake that `objects` have a place for in them. */
export async function findings(running: Cluster, overlay: string, objects: readonly Document[]): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const mistake of MISTAKES) {
    const planted = spoilt(mistake, objects);
    if (planted === undefined) continue;
    const { object, all } = planted;
    // By the server itself: kubectl would find unknown fields first, by the schema that the server gives it.
    const answer = await running.apply([object], "--dry-run=server", "--force-conflicts", "--validate=ignore");
    const said = new Map<Finder, string>([
      ["API server", answer.ok ? "" : answer.output],
      ["rollout", mistake.finder === "rollout" ? await warningsOf(running, object, mistake.says) : ""],
      ["policies", policyFaults(all).join("\n")],
      ["metrics", alertFaults(all).join("\n")],
    ]);
    for (const [finder, words] of said) if (words === "") said.delete(finder);
    found.push({ mistake, overlay, said });
  }
  return found;
}

/** By whoever has to find it, and for what it is. */
export function isCaught({ mistake, said }: Finding): boolean {
  return said.get(mistake.finder)?.includes(mistake.says) ?? false;
}

/** A line for each mistake: where it was planted, who found it by which words, and who else saw something. */
export function table(all: readonly Finding[]): string[] {
  const rows = MISTAKES.map((mistake) => {
    const own = all.filter((finding) => finding.mistake === mistake);
    const others = [...new Set(own.flatMap(({ said }) => [...said.keys()]))].filter((one) => one !== mistake.finder);
    const missed = own.filter((finding) => !isCaught(finding));
    const what = `${mistake.kind} ${mistake.name}: ${mistake.what}`;
    const where = own.map(({ overlay }) => overlay).join(" ");
    const how = `${mistake.finder}: ${mistake.says}${others.length > 0 ? ` (also ${others.join(", ")})` : ""}`;
    return { what, where, how, missed };
  }).filter(({ where }) => where !== "");
  const width = (of: (row: (typeof rows)[number]) => string) => Math.max(0, ...rows.map((row) => of(row).length));
  const [first, second] = [width(({ what }) => what), width(({ where }) => where)];
  return rows.flatMap(({ what, where, how, missed }) => [
    `${missed.length === 0 ? "ok  " : "FAIL"} ${what.padEnd(first)}  ${where.padEnd(second)}  ${how}`,
    ...missed.map(
      ({ overlay, mistake, said }) => `     in ${overlay}, ${mistake.finder}: ${said.get(mistake.finder) ?? "nothing"}`,
    ),
  ]);
}

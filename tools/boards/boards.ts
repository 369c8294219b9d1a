/** All boards, by the name of their file. */
import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { kafka } from "./kafka.ts";
import { outcomes } from "./outcomes.ts";
import { overview } from "./overview.ts";
import { pipeline } from "./pipeline.ts";

export const BOARDS_FOLDER = "observability/grafana/boards";

export const boards: ReadonlyMap<string, Dashboard> = new Map([
  ["weir.json", overview],
  ["stages.json", pipeline],
  ["kafka.json", kafka],
  ["outcomes.json", outcomes],
]);

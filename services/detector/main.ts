/** The detector: decides on every transaction exactly once. */
import { runService } from "@weir/service";
import { detector } from "./src/detector.ts";

await runService(detector);

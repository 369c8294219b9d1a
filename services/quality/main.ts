/** `npm run quality`: see README.md, or run it with --help. */
import { runService } from "@weir/service";
import { quality } from "./src/service.ts";

await runService(quality);

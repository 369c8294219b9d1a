/** `npm run generator`: see README.md, or run it with --help. */
import { runService } from "@weir/service";
import { generator } from "./src/service.ts";

await runService(generator);

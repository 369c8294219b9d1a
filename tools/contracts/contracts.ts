/** The contracts, by the name of their file. */
import packageJson from "../../package.json" with { type: "json" };
import { asyncapi } from "./asyncapi.ts";
import { openapi } from "./openapi.ts";

export const CONTRACTS_FOLDER = "docs/contracts";

export const contracts: ReadonlyMap<string, object> = new Map([
  ["asyncapi.json", asyncapi(packageJson.version)],
  ["openapi.json", openapi(packageJson.version)],
]);

import manifest from "../package.json" with { type: "json" };

/** Stamped on rejected records; outputs are a function of the log, the ruleset and this. */
export const ENGINE_VERSION: string = manifest.version;

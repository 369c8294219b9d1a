/** A tiny service for run.test.ts: ENDING says how its life goes. */
import { ConfigurationError, defineService, oneOf, runService, sharedSettings } from "./index.ts";
import { kafkaSettings } from "./kafka-settings.ts";

const ENDINGS = [
  "idle",
  "done",
  "fatal",
  "refused",
  "refused-later",
  "uncaught",
  "stuck-drain",
  "slow-start",
  "failed-drain",
] as const;

const fixture = defineService({
  name: "fixture",
  about: "does nothing, in several ways",
  table: {
    kafka: kafkaSettings("fixture"),
    ending: oneOf({ name: "ENDING", about: "How it ends", words: ENDINGS, default: "idle" }),
    ...sharedSettings(0),
  },
  async start({ ending }, { log, stopping }) {
    const { promise: finished, resolve, reject } = Promise.withResolvers<void>();
    if (ending === "refused") throw new ConfigurationError(["topic a is missing", "topic b has 3 partitions, not 4"]);
    if (ending === "slow-start")
      await new Promise((_, giveUp) => stopping.addEventListener("abort", () => giveUp(stopping.reason)));
    if (ending === "done") resolve();
    if (ending === "fatal") reject(new Error("the group is gone"));
    if (ending === "refused-later") reject(new ConfigurationError("topic a was made anew"));
    if (ending === "uncaught")
      setImmediate(() => {
        throw new Error("nobody caught this");
      });
    return {
      finished,
      async drain() {
        log.info("fixture drains");
        if (ending === "failed-drain") throw new Error("the last batch was not taken");
        if (ending === "fatal") await finished;
        if (ending === "stuck-drain") await new Promise(() => {});
      },
    };
  },
});

await runService(fixture);

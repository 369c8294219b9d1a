/** Settings that more than one service has, so that a variable means the same everywhere. */
import { TOPICS } from "@weir/schema";
import { durationMs, group, integer, oneOf, secretFile, text } from "./setting.ts";

/** Where the service's own HTTP server listens. */
export function httpSettings(defaultPort: number) {
  return group({
    host: text({
      name: "HOST",
      about: "Address that the HTTP server listens on; 0.0.0.0 in a container",
      default: "127.0.0.1",
    }),
    port: integer({
      name: "PORT",
      about: "Port of /livez, /readyz and /metrics; 0 takes any free one",
      min: 0,
      max: 65_535,
      default: defaultPort,
    }),
  });
}

/** Where its operators ask; null: nowhere. `paths` for people, such as "/a and /b". */
export function adminSettings(defaultPort: number, paths: string) {
  const members = {
    token: secretFile({
      name: "ADMIN_TOKEN_FILE",
      about: `File with the token for ${paths}, at least 16 characters; without it there is no such server`,
      default: null,
      minLength: 16,
    }),
    port: integer({
      name: "ADMIN_PORT",
      about: `Port of ${paths}, on 127.0.0.1 alone; 0 takes any free one`,
      min: 0,
      max: 65_535,
      default: defaultPort,
    }),
  };
  return group(members, { combine: ({ token, port }) => (token === null ? null : { token, port }) });
}

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal"] as const;

export const logSettings = group({
  level: oneOf({ name: "LOG_LEVEL", about: "Least level that is logged", words: LOG_LEVELS, default: "info" }),
});

/** How long a drain may take before the process gives up and exits 1. */
export const shutdownSettings = durationMs({
  name: "SHUTDOWN_DEADLINE_MS",
  about: "Time to drain after SIGTERM or Ctrl-C before the process exits 1",
  min: 100,
  max: 600_000,
  default: 10_000,
});

const DEFAULTS = {
  TRANSACTIONS_TOPIC: TOPICS.transactions,
  LABELS_TOPIC: TOPICS.labels,
  LEGIT_TOPIC: TOPICS.legit,
  FRAUD_TOPIC: TOPICS.fraud,
  REJECTED_TOPIC: TOPICS.rejected,
} as const;

const TOPIC = {
  pattern: /^(?!\.{1,2}$)[a-zA-Z0-9._-]{1,249}$/,
  accepts: "a topic name of letters, digits, '.', '_', '-'",
};

function topic(name: keyof typeof DEFAULTS, about: string) {
  return text({ name, about, default: DEFAULTS[name], ...TOPIC });
}

export const transactionsTopic = topic("TRANSACTIONS_TOPIC", "Topic of the transactions to decide");

export const labelsTopic = topic("LABELS_TOPIC", "Topic of labels: what earlier transactions turned out to be");

/** The topics of the interface; no two may be the same, or decisions would come back as input. */
export const topicSettings = group(
  {
    transactions: transactionsTopic,
    labels: labelsTopic,
    legit: topic("LEGIT_TOPIC", "Topic of approved transactions"),
    fraud: topic("FRAUD_TOPIC", "Topic of declined transactions and of those to review"),
    rejected: topic("REJECTED_TOPIC", "Topic of input that cannot be decided"),
  },
  {
    check: (given) => {
      const topics = Object.entries(DEFAULTS).map(([name, fallback]) => [name, given(name) ?? fallback] as const);
      return topics.flatMap(([name, topic], index) => {
        const twin = topics.slice(0, index).find(([, other]) => other === topic);
        return twin === undefined ? [] : [`${name} must differ from ${twin[0]}, both are "${topic}"`];
      });
    },
  },
);

/** What ids become tokens by. Not the text of a setting: an environment is told too easily. */
export const tokeniseKey = secretFile({
  name: "TOKENISE_KEY_FILE",
  about: "File with the secret by which ids become tokens, at least 32 characters; without it they stay as they come",
  default: null,
  minLength: 32,
});

/** Names the application in its consumer group, transactional ids and internal topics. */
export const appId = text({
  name: "APP_ID",
  about: "Names the consumer group, the transactional ids and the internal topics",
  default: "weir",
  pattern: /^[a-zA-Z0-9_-]{1,60}$/,
  accepts: "1 to 60 letters, digits, '_', '-'",
});

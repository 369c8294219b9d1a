/**
 * Who may do what: one principal for each part of Weir, the least that it needs, everything else denied by the broker. Groups and
 * transactional ids go by prefix, since their ends name processes and partitions. Only `weir-topics` may make topics. Pure.
 */
import type { Grant } from "@weir/kafka";
import { type TopicsOf, wantedTopics } from "../weir/topics/topics.ts";

export const PRINCIPALS = {
  generator: "weir-generator",
  detector: "weir-detector",
  quality: "weir-quality",
  /** `npm run weir -- topics apply`. */
  topics: "weir-topics",
  /** Whoever acts on decisions. */
  downstream: "downstream",
} as const;

/** What a principal may take of each broker; one that asks for more is held back, not refused. */
export type Quota = {
  /** Bytes a second. */
  readonly producerByteRate: number;
  readonly consumerByteRate: number;
  /** Of one thread's time; 200 is two threads. */
  readonly requestPercentage: number;
};

const MIB = 2 ** 20;

/** Who loops or is taken over slows itself down, and the detector last: its own is many times what docs/sizing.md asks of it. */
export const QUOTAS: Readonly<Record<string, Quota>> = {
  [PRINCIPALS.generator]: { producerByteRate: 20 * MIB, consumerByteRate: MIB, requestPercentage: 50 },
  [PRINCIPALS.detector]: { producerByteRate: 100 * MIB, consumerByteRate: 200 * MIB, requestPercentage: 400 },
  [PRINCIPALS.quality]: { producerByteRate: 1024, consumerByteRate: 50 * MIB, requestPercentage: 50 },
  [PRINCIPALS.topics]: { producerByteRate: 1024, consumerByteRate: MIB, requestPercentage: 50 },
  [PRINCIPALS.downstream]: { producerByteRate: 1024, consumerByteRate: 50 * MIB, requestPercentage: 50 },
};

type Operations = Grant["operations"];

export function grantsOf(topics: TopicsOf): Grant[] {
  const { names, appId } = topics;
  const { generator, detector, quality, topics: maker, downstream } = PRINCIPALS;
  const inputs = [names.transactions, names.labels];
  const decisions = [names.legit, names.fraud];
  const ofTopics = (user: string, list: readonly string[], operations: Operations): Grant[] =>
    list.map((name) => ({ user, resource: "topic", name, prefixed: false, operations }));
  const prefixed = (user: string, resource: Grant["resource"], name: string, operations: Operations): Grant => ({
    ...{ user, resource, name, prefixed: true, operations },
  });
  // The logs between stages, the states and the ledger: they are Weir's own.
  const own = `${appId}.`;
  return [
    ...ofTopics(generator, inputs, ["write", "describe"]),
    ...ofTopics(detector, inputs, ["read", "describe", "describeConfigs"]),
    ...ofTopics(detector, decisions, ["write", "describe", "describeConfigs"]),
    // It shows what was rejected to whoever has its token.
    ...ofTopics(detector, [names.rejected], ["read", "write", "describe", "describeConfigs"]),
    prefixed(detector, "topic", own, ["read", "write", "describe", "describeConfigs"]),
    prefixed(detector, "group", `${appId}-`, ["read", "describe"]),
    prefixed(detector, "transactionalId", `${appId}-`, ["write", "describe"]),
    // It joins no group.
    ...ofTopics(quality, [...decisions, names.labels], ["read", "describe"]),
    ...ofTopics(
      maker,
      wantedTopics(topics, 1).map(({ name }) => name),
      ["create", "describe", "describeConfigs"],
    ),
    ...ofTopics(downstream, [...decisions, names.rejected], ["read", "describe"]),
    prefixed(downstream, "group", `${downstream}-`, ["read", "describe"]),
  ];
}

/** As a table of Markdown, a row for each principal. */
export function quotasTable(quotas: Readonly<Record<string, Quota>>): string {
  const rows = Object.entries(quotas).map(([user, { producerByteRate, consumerByteRate, requestPercentage }]) => {
    const cells = [producerByteRate, consumerByteRate, requestPercentage].map((value) => value.toLocaleString("en"));
    return `| \`${user}\` | ${cells.join(" | ")} |`;
  });
  return [
    "| principal | `producer_byte_rate` | `consumer_byte_rate` | `request_percentage` |",
    "|---|---:|---:|---:|",
    ...rows,
  ].join("\n");
}

/** As a table of Markdown, a row for each principal and resource. */
export function grantsTable(grants: readonly Grant[]): string {
  const rows = grants.map(({ user, resource, name, prefixed, operations }) => {
    const what = resource === "transactionalId" ? "transactional id" : resource;
    return `| \`${user}\` | ${what} \`${name}${prefixed ? "*" : ""}\` | ${operations.join(", ")} |`;
  });
  return ["| principal | resource | operations |", "|---|---|---|", ...rows].join("\n");
}

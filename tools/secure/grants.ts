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

/** As a table of Markdown, a row for each principal and resource. */
export function grantsTable(grants: readonly Grant[]): string {
  const rows = grants.map(({ user, resource, name, prefixed, operations }) => {
    const what = resource === "transactionalId" ? "transactional id" : resource;
    return `| \`${user}\` | ${what} \`${name}${prefixed ? "*" : ""}\` | ${operations.join(", ")} |`;
  });
  return ["| principal | resource | operations |", "|---|---|---|", ...rows].join("\n");
}

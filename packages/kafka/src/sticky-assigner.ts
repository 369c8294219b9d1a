/**
 * Assignment that moves as few partitions as it can, since each move costs a restore: members claim what they held,
 * survivors keep it, and only what is above a fair share is given up.
 *
 * A claim is believed in this order: one made under the member's present id before one made under another (a member that
 * was away and joins anew), then the later one. What was gained last is given up first, so that a partition does not
 * wander. The result depends on the claims alone, not on the order of the members.
 */
import { AssignerProtocol, type Cluster, type KafkaJs } from "./kafkajs.ts";

/** What a member held, by topic; within a topic the longest held first. */
export type Claim = {
  readonly memberId: string;
  readonly atMs: number;
  readonly partitions: Readonly<Record<string, readonly number[]>>;
};

export const NO_CLAIM: Claim = { memberId: "", atMs: 0, partitions: {} };

/** The claim after an assignment: what was kept first, what was gained last. */
export const nextClaim = (
  previous: Claim,
  memberId: string,
  assigned: Readonly<Record<string, readonly number[]>>,
  atMs: number,
): Claim => {
  const partitions: Record<string, readonly number[]> = {};
  for (const [topic, list] of Object.entries(assigned)) {
    const kept = (previous.partitions[topic] ?? []).filter((partition) => list.includes(partition));
    partitions[topic] = [...kept, ...list.filter((partition) => !kept.includes(partition))];
  }
  return { memberId, atMs, partitions };
};

export type Claimant = { readonly memberId: string; readonly claim: Claim };

/** Every unit goes to one member, and the members' shares differ by one at most. Throws a RangeError without members. */
export const assignSticky = (members: readonly Claimant[], units: readonly string[]): Map<string, string[]> => {
  if (members.length === 0) throw new RangeError("no members to assign to");
  const shares = new Map<string, string[]>(members.map(({ memberId }) => [memberId, []]));
  const free = new Set(units);
  for (const { memberId, claim } of members.toSorted(byTrust)) {
    for (const unit of unitsOf(claim)) if (free.delete(unit)) shares.get(memberId)?.push(unit);
  }
  // Whoever holds most takes the larger shares, so that fewer have to move.
  const order = [...shares].sort(([a, held], [b, other]) => other.length - held.length || compare(a, b));
  const share = Math.floor(units.length / members.length);
  const larger = units.length % members.length;
  const quota = (index: number): number => share + (index < larger ? 1 : 0);
  const spare = units.filter((unit) => free.has(unit));
  for (const [index, [, held]] of order.entries()) spare.push(...held.splice(quota(index)));
  for (const [index, [, held]] of order.entries()) held.push(...spare.splice(0, quota(index) - held.length));
  return shares;
};

const byTrust = (a: Claimant, b: Claimant): number =>
  Number(isOwn(b)) - Number(isOwn(a)) || b.claim.atMs - a.claim.atMs || compare(a.memberId, b.memberId);
const isOwn = ({ memberId, claim }: Claimant): boolean => memberId === claim.memberId;
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const unitsOf = (claim: Claim): string[] =>
  Object.entries(claim.partitions).flatMap(([topic, list]) => list.map((partition) => unit(topic, partition)));
const unit = (topic: string, partition: number): string => `${topic}/${partition}`;

const VERSION = 1;

/** `claim` is asked at each join. */
export const stickyAssigner =
  (claim: () => Claim): KafkaJs.PartitionAssigner =>
  ({ cluster }) => ({
    name: "weir-sticky",
    version: VERSION,
    protocol: ({ topics }) => ({
      name: "weir-sticky",
      metadata: AssignerProtocol.MemberMetadata.encode({
        version: VERSION,
        topics,
        userData: Buffer.from(JSON.stringify(claim())),
      }),
    }),
    assign: async ({ members, topics }) => {
      const units = topics.flatMap((topic) =>
        (cluster as unknown as Cluster)
          .findTopicPartitionMetadata(topic)
          .map(({ partitionId }) => partitionId)
          .sort((a, b) => a - b)
          .map((partition) => unit(topic, partition)),
      );
      const claimants = members.map(({ memberId, memberMetadata }) => ({ memberId, claim: readClaim(memberMetadata) }));
      return [...assignSticky(claimants, units)].map(([memberId, share]) => ({
        memberId,
        memberAssignment: AssignerProtocol.MemberAssignment.encode({
          version: VERSION,
          assignment: byTopic(share),
          userData: Buffer.alloc(0),
        }),
      }));
    },
  });

const byTopic = (units: readonly string[]): Record<string, number[]> => {
  const topics: Record<string, number[]> = {};
  for (const name of units) {
    const slash = name.lastIndexOf("/");
    const topic = name.slice(0, slash);
    topics[topic] ??= [];
    topics[topic].push(Number(name.slice(slash + 1)));
  }
  for (const list of Object.values(topics)) list.sort((a, b) => a - b);
  return topics;
};

/** Another member's bytes: whatever is not a claim counts as none. */
const readClaim = (metadata: Buffer): Claim => {
  try {
    const claim: unknown = JSON.parse(AssignerProtocol.MemberMetadata.decode(metadata)?.userData.toString() ?? "null");
    return isClaim(claim) ? claim : NO_CLAIM;
  } catch {
    return NO_CLAIM;
  }
};

const isClaim = (value: unknown): value is Claim =>
  typeof value === "object" &&
  value !== null &&
  "memberId" in value &&
  typeof value.memberId === "string" &&
  "atMs" in value &&
  typeof value.atMs === "number" &&
  "partitions" in value &&
  typeof value.partitions === "object" &&
  value.partitions !== null &&
  Object.values(value.partitions).every(
    (list) => Array.isArray(list) && list.every((partition) => typeof partition === "number"),
  );

/** What `topics apply` and `topics verify` do to a cluster. */
import { type Admin, type KafkaConnection, openAdmin } from "@weir/kafka";
import { refuseUnfitKafka } from "@weir/service";
import { EXIT_CONFIGURATION } from "../../cli/arguments.ts";
import { planTopics, type TopicPlan, type TopicsOf, wantedTopics } from "./topics.ts";

export type TopicsRequest = TopicsOf & {
  /** Null: the input's number if it exists, else the default. */
  readonly partitions: number | null;
  readonly allowPartialHistory?: boolean;
};

/** Makes what is missing. Whoever calls decides what the faults of the plan mean. */
export async function applyTopics(admin: Admin, request: TopicsRequest): Promise<TopicPlan> {
  const plan = await comparedTo(admin, request);
  if (plan.faults.length === 0) await admin.create(plan.missing);
  return plan;
}

export async function comparedTo(admin: Admin, request: TopicsRequest): Promise<TopicPlan> {
  const topics = wantedTopics(request, 1).map((topic) => topic.name);
  return planTopics(request, request.partitions, await admin.describe(topics), request);
}

/** What there is to tell after applyTopics. */
export function applied(plan: TopicPlan): string[] {
  return [
    ...plan.missing.map(
      (topic) => `${plan.faults.length === 0 ? "made" : "not made"}  ${topic.name} (${topic.partitions} partitions)`,
    ),
    ...plan.existing.map((name) => `there  ${name}`),
    ...plan.notes.map((note) => `note   ${note}`),
    ...plan.faults.map((fault) => `WRONG  ${fault}`),
  ];
}

export async function topicsCommand(
  action: "apply" | "verify",
  connection: KafkaConnection,
  request: TopicsRequest,
  waitMs: number,
): Promise<number> {
  const admin = openAdmin(connection);
  try {
    if (!(await brokerWithin(admin, waitMs, connection))) return 1;
    await refuseUnfitKafka(connection, () => {});
    if (action === "apply") {
      const plan = await applyTopics(admin, request);
      console.log(applied(plan).join("\n"));
      return plan.faults.length === 0 ? 0 : EXIT_CONFIGURATION;
    }
    const plan = await comparedTo(admin, request);
    for (const note of plan.notes) console.log(`note   ${note}`);
    const faults = [
      ...plan.missing.map((topic) => `${topic.name} does not exist: run npm run weir -- topics apply`),
      ...plan.faults,
    ];
    for (const fault of faults) console.error(`WRONG  ${fault}`);
    if (faults.length === 0) console.log(`all ${plan.existing.length} topics are as they must be`);
    return faults.length === 0 ? 0 : EXIT_CONFIGURATION;
  } finally {
    await admin.close();
  }
}

async function brokerWithin(admin: Admin, waitMs: number, { brokers }: KafkaConnection): Promise<boolean> {
  const where = brokers.join(",");
  const end = performance.now() + waitMs;
  for (let said = false; !(await admin.brokerReady()); said = true) {
    if (performance.now() >= end) {
      console.error(`no Kafka answers at ${where} (KAFKA_BROKER_URL); npm run kafka starts a local one`);
      return false;
    }
    if (!said) console.log(`waiting for Kafka at ${where}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  return true;
}

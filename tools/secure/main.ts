/**
 * npm run secure: the secure profile on a local broker. All services work with it, by files alone as in production, and
 * everything that they and others must not do is tried. Exit 1: something did not work, was let through, or was told.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { openAdmin } from "@weir/kafka";
import { weirFolder } from "@weir/testing";
import { applyTopics } from "../weir/topics/apply.ts";
import type { TopicsOf } from "../weir/topics/topics.ts";
import { attemptsOn, outcomeOf, STRANGER } from "./attempts.ts";
import { type SecureBroker, startSecureBroker } from "./broker.ts";
import { grantsOf, PRINCIPALS, QUOTAS } from "./grants.ts";
import { applyQuotas } from "./quotas.ts";
import { runServices } from "./services.ts";
import { scanTold, type Told } from "./told.ts";
import { readTopics } from "./topics.ts";

const PAYMENTS = 2_000;
const RULESET = "rulesets/card-payments.yaml";

const folder = join(weirFolder, "secure");
process.exitCode = await main();

async function main(): Promise<number> {
  const topics = readTopics({ RULESET });
  const broker = await startSecureBroker(folder, [STRANGER], console.log);
  try {
    await grant(broker, topics);
    const quotas = await applyQuotas(broker.admin, broker.authorityFile, QUOTAS, folder);
    console.log(`\nQuotas, as the broker has them:\n${quotas.join("\n")}`);
    const services = await runServices(broker, topics.names, RULESET, PAYMENTS, folder);
    const missing = PAYMENTS - services.outputs;
    console.log(`\n${PAYMENTS} payments by TLS 1.3 and SCRAM-SHA-512: ${services.outputs} have their one output`);
    console.log(`\n${row("who", "what it tries", "what becomes of it")}`);
    let wrong = 0;
    const told: Told[] = [...services.told];
    for (const attempt of attemptsOn(broker, topics.names, topics.appId)) {
      const { who, what, said, right } = await outcomeOf(attempt);
      console.log(row(who, what, `${right ? "" : "WRONG, "}${said.slice(0, 110)}`));
      if (!right) wrong += 1;
      told.push({ what: `the answer to ${who}, who ${what}`, text: said });
    }
    const secrets = new Map([...broker.secrets, ...services.given]);
    const { bytes, hits, missed } = scanTold(told, secrets);
    const tells = hits.length + missed.length > 0;
    if (tells) wrong += 1;
    const found = tells ? `WRONG, told: ${hits}; not found where added: ${missed}` : "0 hits; each, added, is found";
    const where = `${told.length} logs and answers, ${Math.round(bytes / 1000)} kB`;
    console.log(row("all services", `tell one of ${secrets.size} passwords and keys`, `${found} (${where})`));
    console.log(wrong === 0 ? "\nAll as it must be" : `\n${wrong} are not as they must be`);
    return missing === 0 && wrong === 0 ? 0 : 1;
  } finally {
    await broker.kafka.stop();
    await rm(folder, { recursive: true });
  }
}

function row(who: string, what: string, result: string): string {
  return `${who.padEnd(15)} ${what.padEnd(46)} ${result}`;
}

/** The permissions by whoever may grant them, the topics by whoever may make them. */
async function grant({ admin, connect }: SecureBroker, topics: TopicsOf): Promise<void> {
  const granting = openAdmin(admin);
  const making = openAdmin(connect(PRINCIPALS.topics));
  try {
    await granting.allow(grantsOf(topics));
    await applyTopics(making, { ...topics, partitions: 2 });
  } finally {
    await Promise.all([granting.close(), making.close()]);
  }
}

/** Does a fault to a run, waits until all partitions are decided again, and says how long that took. */
import type { Random } from "@weir/scenario";
import { until } from "@weir/testing";
import type { Service } from "../process/service.ts";
import type { Brokers } from "./brokers.ts";
import type { Detectors } from "./detectors.ts";
import type { Fault } from "./schedule.ts";

export const SESSION_MS = 6_000;

/**
 * Promised: how long after the fault, or its end, the others decide on all partitions, ms, where no take-over was under
 * way already: a zombie that wakes and is killed costs the group two. Null: nothing is promised.
 */
export const PROMISED_MS: Readonly<Record<Fault, number | null>> = {
  kill: SESSION_MS + 5_000,
  terminate: 3_000,
  freeze: SESSION_MS + 5_000,
  join: null,
  all: null,
  broker: null,
  "broker freeze": null,
  "broker restart": null,
  cut: null,
  reset: null,
  delay: null,
  "half open": null,
  "lost reply": null,
  "lost request": null,
};

/** Nothing may take longer, promised or not. */
const GOES_ON_WITHIN_MS = 90_000;

export type World = {
  readonly brokers: Brokers;
  readonly detectors: Detectors;
  readonly random: Random;
  readonly log: (line: string) => void;
};

/** ms until all partitions were decided again; null: the fault did not come about. Throws when they never were. */
export async function commit(fault: Fault, world: World): Promise<number | null> {
  const { detectors, brokers, random } = world;
  const victim = detectors.drawn(random);
  const node = brokers.nodes[random.below(brokers.nodes.length)] as Brokers["nodes"][number];
  const forMs = 1_000 + random.below(4_000);
  const proxies = <T>(what: (proxy: Brokers["proxies"][number]) => Promise<T>): Promise<T[]> =>
    Promise.all(brokers.proxies.map(what));
  switch (fault) {
    case "kill": {
      victim.signal("SIGKILL");
      const tookMs = await untilDecided(world, detectors.without(victim));
      await detectors.replace(victim);
      return tookMs;
    }
    case "terminate": {
      victim.signal("SIGTERM");
      const ended = detectors.ended(victim);
      const tookMs = await untilDecided(world, detectors.without(victim));
      await ended;
      await detectors.replace(victim);
      return tookMs;
    }
    case "freeze": {
      victim.signal("SIGSTOP");
      const tookMs = await untilDecided(world, detectors.without(victim));
      victim.signal("SIGCONT");
      return tookMs;
    }
    case "join": {
      const more = await detectors.add();
      const tookMs = await untilDecided(world, detectors.all);
      more.signal("SIGTERM");
      await detectors.ended(more);
      detectors.remove(more);
      return tookMs;
    }
    case "all": {
      const all = [...detectors.all];
      for (const one of all) one.signal("SIGKILL");
      await Promise.all(all.map((one) => detectors.replace(one)));
      return untilDecided(world, detectors.all);
    }
    case "broker":
      await node.kill("SIGKILL");
      await sleep(brokers.awayMs);
      await node.restart();
      return afterBroker(world);
    case "broker restart":
      await node.restart();
      return afterBroker(world);
    case "broker freeze":
      await node.kill("SIGSTOP");
      await sleep(forMs);
      await node.kill("SIGCONT");
      return afterBroker(world);
    case "cut":
      await proxies((proxy) => proxy.cut(forMs));
      return untilDecided(world, detectors.all);
    case "reset":
      await proxies((proxy) => proxy.cut(0));
      return untilDecided(world, detectors.all);
    case "delay":
      await proxies((proxy) => proxy.delay(50 + random.below(300), forMs));
      return untilDecided(world, detectors.all);
    case "half open": {
      const direction = (["requests", "replies", "both"] as const)[random.below(3)] ?? "both";
      await proxies((proxy) => proxy.deafen(direction, forMs));
      return untilDecided(world, detectors.all);
    }
    case "lost reply":
    case "lost request": {
      const lost = await proxies((proxy) => proxy.lose(fault === "lost reply" ? "reply" : "request", 5_000));
      return lost.includes(true) ? untilDecided(world, detectors.all) : null;
    }
  }
}

/**
 * Members that joined anew after a broker's death leave their old selves in the group for a session: so long nobody
 * can take over sooner, and the next fault would be measured as this one.
 */
async function afterBroker(world: World): Promise<number> {
  const tookMs = await untilDecided(world, world.detectors.all);
  await sleep(SESSION_MS + 2_000);
  return tookMs;
}

/** All partitions have somebody who is ready, and what comes in is decided. */
async function untilDecided({ detectors }: World, survivors: readonly Service[]): Promise<number> {
  const beganMs = performance.now();
  const decidedBefore = await detectors.decisions(survivors);
  const goesOn = (): Promise<boolean> => detectors.areAllDecided(survivors, decidedBefore);
  if (!(await until(goesOn, GOES_ON_WITHIN_MS, 50)))
    throw new Error(`nothing was decided for ${GOES_ON_WITHIN_MS / 1_000} s`);
  return performance.now() - beganMs;
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

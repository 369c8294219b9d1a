import { expect, test } from "vitest";
import { brokerFaults } from "./broker-faults.ts";
import { newestRequests, type VersionRange } from "./kafkajs.ts";

const FETCH = 1;
const END_TXN = 26;

/** What Weir sends and two versions to either side, Fetch as far as 3.9 has it; with changes. */
function aBroker(changes: Readonly<Record<number, VersionRange>> = {}): Record<number, VersionRange> {
  const taken = [...Map.groupBy(newestRequests(), ({ apiKey }) => apiKey)].map(([apiKey, requests]) => {
    const versions = requests.map(({ version }) => version);
    return [apiKey, { minVersion: Math.max(Math.min(...versions) - 2, 0), maxVersion: Math.max(...versions) + 2 }];
  });
  return { ...Object.fromEntries(taken), [FETCH]: { minVersion: 4, maxVersion: 17 }, ...changes };
}

test("a broker that takes all that is sent has no faults", () => {
  expect(brokerFaults(aBroker())).toEqual([]);
});

test("a broker older than the oldest release that is tested is told once, with the mend", () => {
  const old = aBroker({ [FETCH]: { minVersion: 0, maxVersion: 16 }, [END_TXN]: { minVersion: 0, maxVersion: 0 } });
  expect(brokerFaults(old)).toEqual([
    "it is older than Kafka 3.9 (Fetch up to version 16, not 17), or another server that lacks what that has. Mend: upgrade " +
      "the brokers to Kafka 3.9 or newer",
  ]);
});

test("a broker that no longer takes a request is told by the request", () => {
  expect(brokerFaults(aBroker({ [END_TXN]: { minVersion: 2, maxVersion: 9 } }))).toEqual([
    "it takes EndTxn in versions 2 to 9; this Weir sends version 1. Mend: a newer Weir, or older brokers",
  ]);
});

test("a server without transactions is told each request that it lacks", () => {
  const { [END_TXN]: _, ...without } = aBroker();
  expect(brokerFaults(without)).toEqual([expect.stringContaining("it takes EndTxn not at all")]);
});

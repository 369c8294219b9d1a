/**
 * Whether a broker is one that Weir works with. kafkajs sends its newest version of a request, or the broker's if that
 * is older, and does not look whether the broker still takes it; our own requests have one version each.
 */
import { type KafkaConnection, type LogFunction, openKafka } from "./connection.ts";
import { errorText, newestRequests, openCluster, type VersionRange } from "./kafkajs.ts";
import { settled, within } from "./within.ts";

/** The oldest release that the contract of the port is tested on, and the request by which it is known. */
export const OLDEST_KAFKA = "3.9";
const SIGN_OF_OLDEST = { name: "Fetch", apiKey: 1, version: 17 };

const CALL_TIMEOUT_MS = 15_000;

/** Why Weir cannot work with a broker that takes these versions of requests; empty when it can. */
export const brokerFaults = (taken: Readonly<Record<number, VersionRange>>): string[] => {
  const { name, apiKey, version } = SIGN_OF_OLDEST;
  const newest = taken[apiKey]?.maxVersion ?? -1;
  if (newest < version)
    return [
      `it is older than Kafka ${OLDEST_KAFKA} (${name} up to version ${newest}, not ${version}), or another server that lacks what ` +
        `that has. Mend: upgrade the brokers to Kafka ${OLDEST_KAFKA} or newer`,
    ];
  return newestRequests().flatMap((sent) => {
    const range = taken[sent.apiKey];
    if (range !== undefined && range.minVersion <= sent.version && sent.version <= range.maxVersion) return [];
    const takes = range === undefined ? "not at all" : `in versions ${range.minVersion} to ${range.maxVersion}`;
    return [
      `it takes ${sent.name} ${takes}; this Weir sends version ${sent.version}. Mend: a newer Weir, or older brokers`,
    ];
  });
};

/** Asks the first broker that answers. Throws when none does within 15 s. */
export const askBrokerFaults = async (
  connection: KafkaConnection,
  { log }: { log?: LogFunction } = {},
): Promise<string[]> => {
  const cluster = openCluster(openKafka(connection, log ?? (() => {})));
  try {
    await within(CALL_TIMEOUT_MS, cluster.connect(), "asking for the broker's versions");
    return brokerFaults(cluster.brokerPool.versions ?? {});
  } catch (error) {
    throw new Error(`asking for the broker's versions: ${errorText(error)}`, { cause: error });
  } finally {
    await settled(2000, cluster.disconnect());
  }
};

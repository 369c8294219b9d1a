/** The brokers that are tortured: one, or three that keep every record three times; a proxy before each. */
import { join } from "node:path";
import {
  freePort,
  type JavaKafka,
  type LocalBehind,
  SESSION_EXPIRED_MS,
  startJavaKafka,
  startKafkaCluster,
  startProxy,
  type TcpProxy,
} from "@weir/testing";

export type Brokers = {
  /** For whoever is not to notice: the generator, and the judge. */
  readonly direct: string;
  /** For detectors: the proxies' addresses. */
  readonly behind: string;
  readonly nodes: readonly JavaKafka[];
  readonly proxies: readonly TcpProxy[];
  /** How long a broker that was killed has to stay away, ms. */
  readonly awayMs: number;
  stop(): Promise<void>;
};

export async function startBrokers(options: {
  readonly count: 1 | 3;
  readonly dataDir: string;
  readonly chance: () => number;
  readonly log: (line: string) => void;
}): Promise<Brokers> {
  const { count, dataDir, chance, log } = options;
  const behind: LocalBehind[] = [];
  const proxies: TcpProxy[] = [];
  for (let index = 0; index < count; index += 1) {
    const port = await freePort();
    const proxy = await startProxy({ host: "127.0.0.1", port }, { chance });
    proxies.push(proxy);
    behind.push({ port, advertisedPort: proxy.port });
  }
  const closeProxies = async (): Promise<void> => {
    await Promise.all(proxies.map((proxy) => proxy.close()));
  };
  try {
    const [first] = behind;
    const nodes =
      count === 3
        ? (await startKafkaCluster({ dataDir, behind, shortLived: true, log })).nodes
        : [
            await startJavaKafka({
              ...{ dataDir: join(dataDir, "node-1"), shortLived: true, log },
              ...(first && { behind: first }),
            }),
          ];
    return {
      direct: nodes.map(({ brokers }) => brokers).join(),
      behind: proxies.map(({ port }) => `127.0.0.1:${port}`).join(),
      nodes,
      proxies,
      awayMs: count === 3 ? SESSION_EXPIRED_MS : 0,
      async stop() {
        await Promise.all(nodes.map((node) => node.stop()));
        await closeProxies();
      },
    };
  } catch (error) {
    await closeProxies();
    throw error;
  }
}

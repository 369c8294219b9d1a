import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LocalKafkaError } from "../local-kafka-error.ts";
import { alive, commandLine, signal, until } from "../processes.ts";

/** Who runs a broker on a data folder, kept in the folder itself. */
export type Owner = {
  /** The process that started the broker and without which it ends. */
  readonly ownerPid: number;
  readonly supervisorPid: number;
  readonly brokerPid: number;
  readonly port: number;
};

const fileOf = (dataDir: string): string => join(dataDir, "running.json");

export async function writeOwner(dataDir: string, owner: Owner): Promise<void> {
  await writeFile(fileOf(dataDir), JSON.stringify(owner));
}

export async function removeOwner(dataDir: string): Promise<void> {
  await rm(fileOf(dataDir), { force: true });
}

/**
 * Makes sure that nobody runs a broker on this folder: ends one whose owner is dead, refuses when its owner lives.
 * A kept process id counts only if that process still names this folder, since ids are used again.
 */
export async function sweep(dataDir: string, log: (line: string) => void): Promise<void> {
  const owner = await readOwner(dataDir);
  if (owner === null) return;
  const { brokerPid, supervisorPid, ownerPid, port } = owner;
  if (await belongs(brokerPid, dataDir)) {
    if (alive(ownerPid) && (await belongs(supervisorPid, dataDir))) {
      throw new LocalKafkaError(
        `process ${ownerPid} already runs a broker on ${dataDir} at 127.0.0.1:${port}; stop it first, or use that broker: KAFKA_BROKER_URL=127.0.0.1:${port}`,
      );
    }
    log(`ending a broker (process ${brokerPid}) that was left behind on ${dataDir}`);
    signal(brokerPid, "SIGTERM");
    if (!(await until(() => !alive(brokerPid), 10_000))) {
      signal(brokerPid, "SIGKILL");
      await until(() => !alive(brokerPid), 5_000);
    }
  }
  await removeOwner(dataDir);
}

async function belongs(pid: number, dataDir: string): Promise<boolean> {
  return alive(pid) && (await commandLine(pid)).includes(dataDir);
}

async function readOwner(dataDir: string): Promise<Owner | null> {
  try {
    return JSON.parse(await readFile(fileOf(dataDir), "utf8")) as Owner;
  } catch {
    return null;
  }
}

import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

/**
 * The JVM can keep its loaded classes in a file, which takes about a third off the broker's start. The first broker
 * writes it as it stops; a JVM that cannot use it (another version, other jars) goes on without.
 */
export type ClassArchive = {
  readonly options: readonly string[];
  /** After a clean end of the broker: makes the archive it wrote the one that the next start uses. */
  keep(): Promise<void>;
  /** After any other end: an unfinished archive is worth nothing. */
  drop(): Promise<void>;
};

export function classArchive(lib: string): ClassArchive {
  const file = join(dirname(lib), "classes.jsa");
  if (existsSync(file)) {
    return { options: [`-XX:SharedArchiveFile=${file}`, "-Xshare:auto"], keep: async () => {}, drop: async () => {} };
  }
  const unfinished = `${file}.${process.pid}`;
  return {
    options: [`-XX:ArchiveClassesAtExit=${unfinished}`],
    keep: async () => {
      if (existsSync(unfinished)) await rename(unfinished, file);
    },
    drop: async () => {
      await rm(unfinished, { force: true });
    },
  };
}

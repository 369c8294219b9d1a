/** The two files that come of a replay, written a batch at a time: whenever they are closed they end with a whole line. */
import { type FileHandle, open, realpath } from "node:fs/promises";
import { wordsOf } from "../inputs.ts";
import type { Replayed } from "./replay.ts";

const LF = Buffer.from("\n");

export class Outputs {
  readonly paths: readonly string[];
  readonly #decided: LineFile;
  readonly #rejected: LineFile;

  private constructor(paths: readonly string[], decided: LineFile, rejected: LineFile) {
    this.paths = paths;
    this.#decided = decided;
    this.#rejected = rejected;
  }

  /** What was in the files is gone. Null when there is a fault, such as that one of them is `data`. */
  static async create(path: string, data: string, faults: string[]): Promise<Outputs | null> {
    const paths = [path, rejectedBeside(path)] as const;
    const before = faults.length;
    for (const one of paths) if (await isSame(one, data)) faults.push(`--out would write over the data: ${one}`);
    if (faults.length > before) return null;
    try {
      return new Outputs(paths, await LineFile.create(paths[0]), await LineFile.create(paths[1]));
    } catch (error) {
      faults.push(`--out cannot be written: ${wordsOf(error)}`);
      return null;
    }
  }

  add(replayed: Replayed): void {
    if (replayed.kind === "decided") this.#decided.add(replayed.output);
    else this.#rejected.add(Buffer.from(rejectedLine(replayed)));
  }

  async flush(): Promise<void> {
    await Promise.all([this.#decided.flush(), this.#rejected.flush()]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#decided.close(), this.#rejected.close()]);
  }
}

class LineFile {
  readonly #file: FileHandle;
  #waiting: Buffer[] = [];

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  static async create(path: string): Promise<LineFile> {
    return new LineFile(await open(path, "w"));
  }

  add(line: Buffer): void {
    this.#waiting.push(line, LF);
  }

  async flush(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const bytes = Buffer.concat(this.#waiting);
    this.#waiting = [];
    await this.#file.appendFile(bytes);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

type Rejected = Extract<Replayed, { kind: "rejected" }>;

function rejectedLine({ line, rejection, origin, text }: Rejected): string {
  return JSON.stringify({ line, ...rejection, origin, value: text });
}

/** `a/b.jsonl` -> `a/b.rejected.jsonl` */
function rejectedBeside(path: string): string {
  return `${path.replace(/\.jsonl$/, "")}.rejected.jsonl`;
}

async function isSame(a: string, b: string): Promise<boolean> {
  const [left, right] = await Promise.all([a, b].map((path) => realpath(path).catch(() => null)));
  return left !== null && left === right;
}

/**
 * Runs what is in an image as a runtime does under restricted Pod Security: as the image's user, process 1, with a
 * read-only root, a /tmp of 16 MB, no capabilities and no way to get any. Unlike there, the network is this machine's.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { launch, signal } from "@weir/testing";
import { Service } from "../../process/service.ts";
import type { Image } from "./buildah.ts";

const ENTER = `
root=$1 folder=$2 user=$3 group=$4
shift 4
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o size=16m,mode=1777,nosuid,nodev tmpfs "$root/tmp"
exec setpriv --no-new-privs unshare --root="$root" --wd="$folder" --setgid="$group" --setuid="$user" -- "$@"
`;

export type Ended = { readonly code: number | null; readonly output: string };

export class Container {
  readonly image: Image;
  readonly #root: string;

  /** `root`: where the image's files are. */
  constructor(image: Image, root: string) {
    this.image = image;
    this.#root = root;
  }

  /** To its end, a minute at most. */
  run(command: readonly string[], env: Readonly<Record<string, string>> = {}): Ended {
    const [program = "", ...args] = this.#enter(command);
    const { status, stdout, stderr, error } = spawnSync(program, args, {
      env: { ...this.image.env, ...env },
      encoding: "utf8",
      timeout: 60_000,
    });
    return { code: status, output: error ? error.message : `${stdout}${stderr}`.trim() };
  }

  /** The image's own command. It ends with this process. */
  async start(name: string, logFile: string, env: Readonly<Record<string, string>>): Promise<Service> {
    await rm(logFile, { force: true });
    const [program = "", ...args] = this.#enter(this.image.command);
    const { pid, exit } = await launch(`weir-image-${name}`, program, args, logFile, { ...this.image.env, ...env });
    return new Service(name, logFile, { exit, signal: (what) => void signal(childOf(pid), what) });
  }

  #enter(command: readonly string[]): string[] {
    const { user, folder } = this.image;
    const [uid = "0", gid = uid] = (user || "0").split(":");
    const apart = ["--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child"];
    return ["unshare", ...apart, "sh", "-ec", ENTER, "enter", this.#root, folder || "/", uid, gid, ...command];
  }
}

/** The process that is 1 in there: the only child of the one that went in. */
function childOf(pid: number): number {
  const [child = ""] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ");
  return Number(child) || pid;
}

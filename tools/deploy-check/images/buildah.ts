/** Images without a daemon: buildah, with a store of its own under .weir/images. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { must, type Result, run } from "../toolbox.ts";

/** What an image says of itself. */
export type Image = {
  /** From the bottom up. */
  readonly layers: readonly { readonly digest: string; readonly bytes: number }[];
  readonly user: string;
  readonly folder: string;
  readonly command: readonly string[];
  readonly health: readonly string[];
  readonly env: Readonly<Record<string, string>>;
};

type Inspected = {
  readonly Manifest: string;
  readonly OCIv1: { readonly rootfs: { readonly diff_ids: readonly string[] } };
  readonly Docker: {
    readonly config: {
      readonly User: string;
      readonly WorkingDir: string;
      readonly Env: readonly string[] | null;
      readonly Entrypoint: readonly string[] | null;
      readonly Cmd: readonly string[] | null;
      readonly Healthcheck?: { readonly Test: readonly string[] };
    };
  };
};

export class Buildah {
  readonly #storage: readonly string[];
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
    this.#storage = [...["--root", join(folder, "storage"), "--runroot", join(folder, "run")]];
  }

  do(...args: readonly string[]): Result {
    return run("nice", ["-n", "19", "buildah", ...this.#storage, ...args]);
  }

  has(image: string): boolean {
    return this.do("inspect", "--type", "image", image).ok;
  }

  /**
   * A target of the Dockerfile in `context`. All times in it are 1970, so that it depends on the content of the checkout
   * and of the base alone.
   */
  build(context: string, target: string, base: string, image: string): Result {
    const file = ["-f", join(context, "Dockerfile"), "--target", target, "--build-arg", `NODE_IMAGE=${base}`];
    const how = ["--isolation", "chroot", "--format", "docker", "--pull-never", "--layers", "--timestamp", "0"];
    // Whom this machine trusts, for one that reaches registries through a proxy.
    const lent = ["--volume", "/etc/ssl/certs:/etc/ssl/certs:ro"];
    return this.do("bud", ...how, ...lent, ...file, "--tag", image, context);
  }

  /** Has an image of another store too. */
  take(other: Buildah, image: string): void {
    const copy = `dir:${join(this.folder, "copy")}`;
    must(other.do("push", image, copy));
    must(
      this.do(
        "tag",
        must(this.do("pull", "--quiet", copy))
          .split("\n")
          .at(-1) ?? "",
        image,
      ),
    );
  }

  inspect(image: string): Image {
    const { Manifest, OCIv1, Docker } = JSON.parse(must(this.do("inspect", "--type", "image", image))) as Inspected;
    const { layers } = JSON.parse(Manifest) as { layers: readonly { size: number }[] };
    const { User, WorkingDir, Env, Entrypoint, Cmd, Healthcheck } = Docker.config;
    return {
      layers: OCIv1.rootfs.diff_ids.map((digest, index) => ({ digest, bytes: layers[index]?.size ?? 0 })),
      user: User,
      folder: WorkingDir,
      command: [...(Entrypoint ?? []), ...(Cmd ?? [])],
      health: Healthcheck?.Test.slice(1) ?? [],
      env: Object.fromEntries(
        (Env ?? []).map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]),
      ),
    };
  }

  /** The image's files in a folder, as long as it is used. */
  mount(image: string): { readonly root: string } & Disposable {
    const container =
      must(this.do("from", "--pull-never", image))
        .split("\n")
        .at(-1) ?? "";
    const root = must(this.do("mount", container)).split("\n").at(-1) ?? "";
    return { root, [Symbol.dispose]: () => void this.do("rm", container) };
  }

  /** Everything that it keeps. */
  remove(): void {
    this.do("rm", "--all");
    rmSync(this.folder, { recursive: true, force: true });
  }
}

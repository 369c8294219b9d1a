/** The image that ours are built from: the real one where a registry gives it, else a stand-in made of packages. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathOf } from "../repository.ts";
import { must, needed, run } from "../toolbox.ts";
import type { Buildah } from "./buildah.ts";

/** The npm of the stand-in. */
const NPM = "11.19.1";

export type Base = { readonly name: string; readonly isReal: boolean };

/** `name` as the Dockerfile has it. Throws when there is neither. */
export function baseImage(buildah: Buildah, name: string): Base {
  const real = `docker.io/library/${name}`;
  const standIn = `localhost/stand-in-for-${name}`;
  if (buildah.has(real)) return { name: real, isReal: true };
  if (buildah.has(standIn)) return { name: standIn, isReal: false };
  if (buildah.do("pull", real).ok) return { name: real, isReal: true };
  console.log(`  ${name} cannot be pulled: a stand-in is made of Debian's packages (once)`);
  makeStandIn(buildah, standIn);
  return { name: standIn, isReal: false };
}

/** Debian 12 as small as it comes, Node and npm from npm's packages, and the user `node`. */
function makeStandIn(buildah: Buildah, name: string): void {
  needed({ mmdebstrap: "apt-get install mmdebstrap" });
  const folder = mkdtempSync(join(tmpdir(), "weir-base-"));
  try {
    const local = join(folder, "usr/local");
    mkdirSync(join(local, "bin"), { recursive: true });
    mkdirSync(join(local, "etc"));
    cpSync(pathOf("node_modules/node/bin/node"), join(local, "bin/node"));
    must(
      run("npm", ["install", "--global", "--prefix", local, "--no-fund", "--no-audit", `npm@${NPM}`], { cwd: folder }),
    );
    // For a machine that reaches registries through a proxy with a certificate of its own.
    writeFileSync(join(local, "etc/npmrc"), "cafile=/etc/ssl/certs/ca-certificates.crt\n");
    const archive = join(folder, "base.tar");
    const user = 'chroot "$1" useradd --uid 1000 --user-group --create-home node';
    must(
      run("nice", [
        ...["-n", "19", "mmdebstrap", "--variant=essential", "--include=ca-certificates,libstdc++6,passwd,apt"],
        ...[`--customize-hook=${user}`, `--customize-hook=copy-in ${local} /usr`, "bookworm", archive],
      ]),
    );
    const container = must(buildah.do("from", "scratch")).split("\n").at(-1) ?? "";
    must(buildah.do("add", container, archive, "/"));
    must(buildah.do("config", "--env", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", container));
    must(buildah.do("commit", "--rm", "--format", "docker", "--timestamp", "0", container, name));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

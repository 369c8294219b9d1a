/**
 * Builds the images twice and runs them as a cluster would: what they hold, that they need nothing of root and no disk to
 * write to, and that they work together on a Kafka of this machine.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { freePort, startKafka, until } from "@weir/testing";
import { installedPackages, sbomFaults } from "../../image/sbom.ts";
import type { Service } from "../../process/service.ts";
import { parseDockerfile } from "../dockerfile.ts";
import type { Report } from "../report.ts";
import { pathOf, readText, SERVICES } from "../repository.ts";
import { must, needed, run } from "../toolbox.ts";
import { type Base, baseImage } from "./base.ts";
import { Buildah, type Image } from "./buildah.ts";
import { Container, type Ended } from "./container.ts";
import { bytesBelow, differences, treeOf } from "./tree.ts";

const TOOLS = { buildah: "apt-get install buildah", unshare: "apt-get install util-linux", git: "apt-get install git" };
const DECISIONS = 1_000;
const PATIENCE_MS = 120_000;
const SHOWN = 10;

type Named = { readonly name: string; readonly image: Image; readonly root: string; readonly container: Container };

export const IMAGES = [...SERVICES, "training"] as const;

/** `only`: those of IMAGES; none means all. They are run together where all services are among them. */
export async function images(report: Report, only: readonly string[]): Promise<void> {
  needed(TOOLS);
  const folder = pathOf(".weir/images");
  const buildah = new Buildah(folder);
  const base = baseImage(
    buildah,
    parseDockerfile(readText("Dockerfile"))
      .find(({ word }) => word === "FROM")
      ?.rest.split(" ")[0] ?? "",
  );
  using mounts = new DisposableStack();
  const built = new Map<string, Named>();
  for (const name of only.length > 0 ? only : IMAGES) {
    const done = buildah.build(pathOf("."), name, base.name, tagOf(name));
    report.check(`${name}: builds`, done);
    if (!done.ok) continue;
    const image = buildah.inspect(tagOf(name));
    const { root } = mounts.use(buildah.mount(tagOf(name)));
    const named = { name, image, root, container: new Container(image, root) };
    built.set(name, named);
    content(report, named, buildah.inspect(base.name));
    confinement(report, named);
  }
  again(report, [...built.values()], buildah, base, join(folder, "again"));
  const services = SERVICES.flatMap((name) => built.get(name) ?? []);
  for (const named of services) configuration(report, named);
  const training = built.get("training");
  if (training) trains(report, training);
  if (services.length === SERVICES.length) await together(report, services, folder);
  limits(report, base);
}

function tagOf(name: string): string {
  return `localhost/weir-${name}:check`;
}

/** What would be committed, in another folder and written now. */
function copyOfCheckout(folder: string): string {
  rmSync(folder, { recursive: true, force: true });
  const files = must(run("git", ["ls-files", "--cached", "--others", "--exclude-standard"])).split("\n");
  for (const file of files) {
    if (!existsSync(pathOf(file))) continue;
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    copyFileSync(pathOf(file), join(folder, file));
  }
  return folder;
}

function content(report: Report, { name, image, root }: Named, base: Image): void {
  const tree = treeOf(root, "app");
  const open = [...tree].filter(
    ([, { uid, mode }]) => uid !== 0 || ((mode & 0o022) !== 0 && (mode & 0o170000) !== 0o120000),
  );
  report.check(`${name}: all files of its own are root's, and nobody else may write them`, {
    ok: tree.size > 0 && open.length === 0,
    output: open
      .slice(0, SHOWN)
      .map(([path]) => path)
      .join("\n"),
  });
  const bom = JSON.parse(readFileSync(join(root, "app/sbom.json"), "utf8"));
  const faults = sbomFaults(bom, installedPackages(join(root, "app/node_modules")));
  report.check(`${name}: sbom.json lists the ${bom.components.length} packages that are there`, {
    ok: faults.length === 0,
    output: faults.join("\n"),
  });
  const below = base.layers.reduce((sum, { bytes }) => sum + bytes, 0);
  const all = image.layers.reduce((sum, { bytes }) => sum + bytes, 0);
  const packages = bytesBelow(tree, "app/node_modules");
  const sources = bytesBelow(tree, "app") - packages - bytesBelow(tree, "app/.weir");
  report.note(
    `${name}: ${megabytes(all - below)} MB above the base: packages ${megabytes(packages)} MB, Weir ${megabytes(sources)} MB`,
  );
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

/** That the container is as confined as it claims, so that what works in it works under restricted Pod Security. */
function confinement(report: Report, { name, image, container }: Named): void {
  const status = container.run(["node", "-p", 'require("node:fs").readFileSync("/proc/self/status", "utf8")']);
  const wanted = [
    /^Uid:\s+1000\s+1000\s+1000\s+1000$/m,
    /^Gid:\s+1000\s/m,
    /^CapEff:\s+0+$/m,
    /^NoNewPrivs:\s+1$/m,
    /^Pid:\s+1$/m,
  ];
  report.check(`${name}: runs as user 1000, process 1, without capabilities`, {
    ok: image.user === "1000:1000" && wanted.every((line) => line.test(status.output)),
    output: `${image.user}\n${status.output}`,
  });
  const write = (path: string) => container.run(["node", "-e", `require("node:fs").writeFileSync("${path}", "")`]);
  const home = write("/home/node/x");
  report.refuses(
    `${name} to write to a file system that is read-only`,
    { ok: home.code === 0, output: home.output },
    "EROFS",
  );
  const tmp = write("/tmp/x");
  report.check(`${name}: writes to /tmp`, { ok: tmp.code === 0, output: tmp.output });
}

/**
 * Built from another folder at another time, with nothing left of the first time. Training need not be the same: pip
 * and apt write down when they ran.
 */
function again(report: Report, first: readonly Named[], buildah: Buildah, base: Base, folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  const second = new Buildah(folder);
  try {
    second.take(buildah, base.name);
    const checkout = copyOfCheckout(join(folder, "checkout"));
    for (const { name, image, root } of first) {
      const done = second.build(checkout, name, base.name, tagOf(name));
      report.check(`${name}: builds again`, done);
      if (!done.ok) continue;
      const other = second.inspect(tagOf(name));
      const layers = image.layers.filter(({ digest }, index) => digest !== other.layers[index]?.digest);
      using mounted = second.mount(tagOf(name));
      const found = layers.length > 0 ? differences(treeOf(root), treeOf(mounted.root)) : [];
      const lines = [
        `${layers.length} of ${image.layers.length} layers differ, and ${found.length} files in them`,
        ...found.slice(0, SHOWN),
      ];
      if (name === "training") for (const line of lines) report.note(`${name}, built again: ${line}`);
      else {
        const same = layers.length === 0 && JSON.stringify(meaningOf(other)) === JSON.stringify(meaningOf(image));
        report.check(`${name}: has the same layers, bit by bit, and settings`, { ok: same, output: lines.join("\n") });
      }
    }
  } finally {
    second.remove();
  }
}

/** Without what buildah notes of the containers that it built in, which have other names each time. */
function meaningOf({ layers, ...meaning }: Image): unknown {
  return meaning;
}

function configuration(report: Report, { name, image, container }: Named): void {
  const help = container.run([...image.command, "--help"]);
  report.check(`${name}: --help tells its settings`, {
    ok: help.code === 0 && help.output.includes("KAFKA_BROKER_URL"),
    output: help.output,
  });
  const bare = container.run(image.command, { LOG_LEVEL: "loud" });
  const told = ["KAFKA_BROKER_URL is missing", "LOG_LEVEL"].every((fault) => bare.output.includes(fault));
  report.check(`${name}: names every fault of its configuration and exits 78`, {
    ok: bare.code === 78 && told,
    output: `${bare.code}: ${bare.output}`,
  });
}

function trains(report: Report, { image, container }: Named): void {
  const help = container.run([...image.command, "train", "--help"]);
  report.check("training: train --help", { ok: help.code === 0, output: help.output });
  const python = container.run([".weir/python/bin/python", "-c", "import xgboost; print(xgboost.__version__)"]);
  report.check(`training: has XGBoost ${python.output.slice(0, 20)}`, { ok: python.code === 0, output: python.output });
}

/** Topics by the job, payments by the generator, decisions by the detector, seen by quality; then each is told to end. */
async function together(report: Report, services: readonly Named[], folder: string): Promise<void> {
  const kafka = await startKafka({ dataDir: join(folder, "kafka"), fresh: true, log: (line) => report.note(line) });
  const running: { readonly name: string; readonly service: Service; readonly healthy: () => Ended }[] = [];
  try {
    const settings = { KAFKA_BROKER_URL: kafka.brokers, HOST: "127.0.0.1" };
    const detector = services.find(({ name }) => name === "detector");
    const keyed = { ...settings, INPUT_KEYED: "true" };
    const job = detector?.container.run(["node", "tools/weir/main.ts", "topics", "apply", "--partitions", "2"], keyed);
    report.check("detector: the topics job in it makes the topics", { ok: job?.code === 0, output: job?.output ?? "" });
    for (const { name, image, container } of services) {
      const env = {
        ...settings,
        PORT: String(await freePort()),
        ...(name === "detector" && { INPUT_KEYED: "true" }),
        ...(name === "generator" && { TRANSACTIONS_PER_SECOND: "200" }),
      };
      const service = await container.start(name, join(folder, `${name}.log`), env);
      running.push({ name, service, healthy: () => container.run(image.health, { PORT: env.PORT }) });
    }
    for (const { name, service, healthy } of running) {
      const ready = await service.untilReady(PATIENCE_MS).then(() => "", String);
      const { code, output } = healthy();
      report.check(`${name}: ready, and healthy by the image's own health check`, {
        ok: ready === "" && code === 0,
        output: `${ready} ${code}: ${output}`,
      });
    }
    const decisions = async () =>
      (await running.find(({ name }) => name === "detector")?.service.metric("weir_decisions_total")) ?? 0;
    const enough = await until(async () => (await decisions()) >= DECISIONS, PATIENCE_MS, 200);
    report.check(`${DECISIONS} payments are decided`, { ok: enough, output: `${await decisions()} are` });
    for (const { name, service, healthy } of running) {
      const how = await service.stop(15_000);
      const { code } = healthy();
      report.check(`${name}: drains and exits 0 when told to end, and is not healthy then`, {
        ok: how === "code 0" && code === 1,
        output: `${how}; health check ${code}; ${service.logFile}`,
      });
    }
  } finally {
    for (const { service } of running) await service.stop(1_000);
    await kafka.stop();
  }
}

function limits(report: Report, { isReal }: Base): void {
  if (!isReal)
    report.note("not shown: the real base. Its files, its size and what is known against them are another image's");
  report.note(
    "not shown: a runtime's seccomp and cgroups, Docker's and Kubernetes' own reading of the image, another processor",
  );
}

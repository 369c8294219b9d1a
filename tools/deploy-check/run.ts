/**
 * Checks the deployment files with the programs that will read them:
 *   node tools/deploy-check/run.ts [compose] [kubernetes] [prometheus] [images]      without a word: the first three
 * Needs Go (for Prometheus: promtool, or Go), Python, kubectl or kustomize and, for the images, buildah and an image named as
 * the Dockerfiles' base in its store. Programs are built once into .weir/tools. Each program is also shown something broken,
 * which it must refuse. Exit 1: something was found.
 */
import { crdSchemas, isForeign, schemaFaults } from "./crds.ts";
import { builtObjects, OVERLAYS } from "./kustomize.ts";
import { type Document, filesBelow, pathOf, readText, SERVICES } from "./repository.ts";
import { composeTool, goTool, must, pythonTool, type Result, run } from "./toolbox.ts";

const COMPOSE = "v5.5.1";
const PROMTOOL = "v0.316.0";
const KUBERNETES_VALIDATE = "1.37.0";
const PROMETHEUS = "observability/prometheus";

const parts = { compose, kubernetes, prometheus, images } as const;
type Part = keyof typeof parts;

let found = 0;

const words = process.argv.slice(2);
const unknown = words.filter((word) => !Object.hasOwn(parts, word));
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(" ")}; known are ${Object.keys(parts).join(" ")}`);
  process.exit(78);
}
for (const part of words.length > 0 ? (words as Part[]) : (["compose", "kubernetes", "prometheus"] as const)) {
  console.log(part);
  try {
    await parts[part]();
  } catch (error) {
    check("could be run", { ok: false, output: error instanceof Error ? error.message : String(error) });
  }
}
process.exitCode = found === 0 ? 0 : 1;

function check(what: string, { ok, output }: Result): void {
  console.log(`  ${ok ? "ok  " : "FAIL"} ${what}${ok ? "" : `\n${output}`}`);
  if (!ok) found += 1;
}

function refuses(what: string, result: Result): void {
  check(`refuses ${what}`, { ok: !result.ok, output: "it was taken" });
}

function compose(): void {
  const tool = composeTool(COMPOSE);
  const config = (input: string) => run(tool, ["-f", "-", "--project-directory", ".", "config", "--quiet"], { input });
  const text = readText("docker-compose.yml");
  check("docker compose reads the file", config(text));
  refuses("an unknown key", config(text.replace("    stop_grace_period: 60s", "    stop_grace: 60s")));
  refuses("a network that is not declared", config(text.replace("networks: [stream]", "networks: [streem]")));
}

async function kubernetes(): Promise<void> {
  const validate = pythonTool("kubernetes-validate", KUBERNETES_VALIDATE);
  const strict = (objects: readonly Document[]) =>
    run(validate, ["--strict", "-"], { input: `${objects.map((object) => JSON.stringify(object)).join("\n---\n")}\n` });
  const schemas = await crdSchemas();
  const foreign = (objects: readonly Document[]): Result => {
    const faults = objects.filter(isForeign).flatMap((object) => schemaFaults(object, schemas));
    return { ok: faults.length === 0, output: faults.join("\n") };
  };
  for (const overlay of OVERLAYS) {
    const objects = builtObjects(overlay);
    const own = objects.filter((object) => !isForeign(object));
    check(`${overlay}: ${own.length} objects fit the schema of their kind`, strict(own));
    check(
      `${overlay}: ${objects.length - own.length} objects fit the schema of Strimzi, KEDA or Prometheus`,
      foreign(objects),
    );
    for (const kind of ["Deployment", "KafkaTopic", "KafkaUser", "ScaledObject", "PodMonitor"]) {
      const object = objects.find((each) => each.kind === kind);
      if (!object) continue;
      const odd = [{ ...object, spec: { ...object.spec, replica: 2 } }];
      refuses(`a ${kind} with a field that does not exist`, isForeign(object) ? foreign(odd) : strict(odd));
    }
  }
}

function prometheus(): void {
  const tool = promtool();
  check("promtool reads the configuration", run(tool, ["check", "config", `${PROMETHEUS}/prometheus.yml`]));
  for (const rules of filesBelow(`${PROMETHEUS}/rules`, ".yml"))
    check(`promtool reads ${rules}`, run(tool, ["check", "rules", "--lint-fatal", rules]));
  for (const tests of filesBelow("observability/tests", ".yml"))
    check(`the alerts do as ${tests} says`, run(tool, ["test", "rules", tests]));
  const broken = readText(`${PROMETHEUS}/rules/weir.yml`).replace("max(weir_lag_seconds)", "max(weir_lag_seconds");
  refuses("a rule that does not parse", run(tool, ["check", "rules"], { input: broken }));
}

/** The one on the PATH, else built with Go. */
function promtool(): string {
  if (run("promtool", ["--version"]).ok) return "promtool";
  if (!run("go", ["version"]).ok)
    throw new Error(
      "promtool is needed: apt-get install prometheus, or brew install prometheus, or Go to build it with",
    );
  const module = "github.com/prometheus/prometheus/cmd/promtool";
  return goTool("promtool", PROMTOOL, module, "remove_all_sd,enable_dns_sd");
}

/** Every step of both Dockerfiles, and both images started as their user: without settings a service must exit 78. */
function images(): void {
  const buildah = (...args: string[]) => run("nice", ["-n", "19", "buildah", "--storage-driver", "vfs", ...args]);
  const certificates = ["-v", "/etc/ssl/certs:/etc/ssl/certs:ro"];
  for (const service of SERVICES) {
    const image = `localhost/weir-${service}:deploy-check`;
    const file = pathOf(`services/${service}/Dockerfile`);
    const build = buildah(
      "bud",
      "--isolation",
      "chroot",
      "--format",
      "docker",
      "--pull-never",
      ...certificates,
      "-f",
      file,
      "-t",
      image,
      ".",
    );
    check(`services/${service}/Dockerfile builds`, build);
    if (!build.ok) continue;
    const container =
      must(buildah("from", "--pull-never", image))
        .split("\n")
        .at(-1) ?? "";
    try {
      const started = (...command: string[]) => buildah("run", "--isolation", "chroot", container, "--", ...command);
      const user = started("node", "-p", "process.getuid()");
      check("runs as user 1000", { ok: user.ok && user.output === "1000", output: user.output });
      refuses("to write to its own files", started("node", "-e", 'require("node:fs").writeFileSync("/app/x", "")'));
      const bare = started("node", `services/${service}/main.ts`);
      check("starts, and says what is missing", {
        ok: bare.output.includes("KAFKA_BROKER_URL is missing"),
        output: bare.output,
      });
      if (service === "detector") check("holds the topics job", started("node", "tools/weir/main.ts", "--help"));
    } finally {
      buildah("rm", container);
      buildah("rmi", image);
    }
  }
}

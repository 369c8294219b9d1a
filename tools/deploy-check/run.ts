/**
 * Checks the deployment files with the programs that will read them:
 *   node tools/deploy-check/run.ts [compose] [prometheus] [images [IMAGE...]]      without a word: the first two
 * Needs Go (for Prometheus: promtool, or Go); what the images need they say themselves. Programs are built once into
 * .weir/tools. Each program is also shown something broken, which it must refuse. Exit 1: something was found.
 */
import { IMAGES, images } from "./images/images.ts";
import { Report } from "./report.ts";
import { filesBelow, readText } from "./repository.ts";
import { goModule, goTool, needsGo, run } from "./toolbox.ts";

const COMPOSE = "v5.5.1";
const PROMTOOL = "v0.316.0";
const PROMETHEUS = "observability/prometheus";

const parts = { compose, prometheus, images: () => images(report, named) } as const;
type Part = keyof typeof parts;

const report = new Report();

const words = process.argv.slice(2);
const named = words.filter((word) => (IMAGES as readonly string[]).includes(word));
const chosen = words.filter((word) => !named.includes(word));
const unknown = chosen.filter((word) => !Object.hasOwn(parts, word));
if (unknown.length > 0 || (named.length > 0 && !chosen.includes("images"))) {
  console.error(
    `known are ${Object.keys(parts).join(" ")}, and after images ${IMAGES.join(" ")}; got ${words.join(" ")}`,
  );
  process.exit(78);
}
for (const part of chosen.length > 0 ? (chosen as Part[]) : (["compose", "prometheus"] as const)) {
  console.log(part);
  try {
    await parts[part]();
  } catch (error) {
    report.check("could be run", { ok: false, output: error instanceof Error ? error.message : String(error) });
  }
}
process.exitCode = report.found === 0 ? 0 : 1;

async function compose(): Promise<void> {
  needsGo();
  const module = "github.com/docker/compose/v5";
  const source = () => ({ "go.mod": `module compose\n\ngo 1.26\n\nrequire ${module} ${COMPOSE}\n` });
  const tool = `${await goModule(`docker-compose-${COMPOSE}`, source, [`${module}/cmd`])}/cmd`;
  const config = (input: string) => run(tool, ["-f", "-", "--project-directory", ".", "config", "--quiet"], { input });
  const text = readText("docker-compose.yml");
  report.check("docker compose reads the file", config(text));
  report.refuses("an unknown key", config(text.replace("    stop_grace_period: 60s", "    stop_grace: 60s")));
  report.refuses("a network that is not declared", config(text.replace("networks: [stream]", "networks: [streem]")));
}

async function prometheus(): Promise<void> {
  const tool = await promtool();
  report.check("promtool reads the configuration", run(tool, ["check", "config", `${PROMETHEUS}/prometheus.yml`]));
  for (const rules of filesBelow(`${PROMETHEUS}/rules`, ".yml"))
    report.check(`promtool reads ${rules}`, run(tool, ["check", "rules", "--lint-fatal", rules]));
  for (const tests of filesBelow("observability/tests", ".yml"))
    report.check(`the alerts do as ${tests} says`, run(tool, ["test", "rules", tests]));
  const broken = readText(`${PROMETHEUS}/rules/weir.yml`).replace("max(weir_lag_seconds)", "max(weir_lag_seconds");
  report.refuses("a rule that does not parse", run(tool, ["check", "rules"], { input: broken }));
}

/** The one on the PATH, else built with Go. */
async function promtool(): Promise<string> {
  if (run("promtool", ["--version"]).ok) return "promtool";
  if (!run("go", ["version"]).ok)
    throw new Error(
      "promtool is needed: apt-get install prometheus, or brew install prometheus, or Go to build it with",
    );
  const module = "github.com/prometheus/prometheus/cmd/promtool";
  return goTool("promtool", PROMTOOL, module, "remove_all_sd,enable_dns_sd");
}

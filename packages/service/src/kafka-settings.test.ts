import { describe, expect, test } from "vitest";
import { kafkaSettings } from "./kafka-settings.ts";
import { ConfigurationError, readSettings } from "./settings.ts";
import { topicSettings } from "./shared-settings.ts";

const table = { kafka: kafkaSettings("test") };
const contents: Readonly<Record<string, string>> = {
  "ca.pem": "# Our authority\n-----BEGIN TRUSTED CERTIFICATE-----\nCA",
  "cert.pem": "-----BEGIN CERTIFICATE-----\nCERT",
  "key.pem": "-----BEGIN RSA PRIVATE KEY-----\nKEY",
  pw: "s3cret\n",
};

function source(env: Readonly<Record<string, string>>) {
  return {
    env: { KAFKA_BROKER_URL: "a:9092", ...env },
    readFile(path: string) {
      const content = contents[path];
      if (content === undefined) throw Object.assign(new Error(path), { code: "ENOENT" });
      return content;
    },
  };
}

function faultsOf(env: Readonly<Record<string, string>>): readonly string[] {
  try {
    readSettings(table, source(env));
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
  return [];
}

describe("the connection to Kafka", () => {
  test("is plain and without a login by default", () => {
    const connection = { brokers: ["a:9092"], clientId: "test", tls: null, sasl: null };
    expect(readSettings(table, source({})).kafka).toEqual(connection);
  });

  test("takes the system's authorities when only KAFKA_TLS is set", () => {
    expect(readSettings(table, source({ KAFKA_TLS: "true" })).kafka.tls).toEqual({});
  });

  test("holds the texts of the certificate files, and the password of its file", () => {
    const { tls, sasl } = readSettings(
      table,
      source({
        KAFKA_TLS: "true",
        KAFKA_TLS_CA_FILE: "ca.pem",
        KAFKA_TLS_CERT_FILE: "cert.pem",
        KAFKA_TLS_KEY_FILE: "key.pem",
        KAFKA_SASL_MECHANISM: "scram-sha-512",
        KAFKA_SASL_USERNAME: "weir",
        KAFKA_SASL_PASSWORD_FILE: "pw",
      }),
    ).kafka;
    expect(tls).toEqual({ ca: contents["ca.pem"], cert: contents["cert.pem"], key: contents["key.pem"] });
    expect(sasl).toEqual({ mechanism: "scram-sha-512", username: "weir", password: "s3cret" });
  });

  test.each([
    ["a password without a mechanism", { KAFKA_SASL_PASSWORD: "x" }, "KAFKA_SASL_MECHANISM is missing"],
    [
      "a mechanism without a user",
      { KAFKA_SASL_MECHANISM: "plain", KAFKA_SASL_PASSWORD: "x" },
      "KAFKA_SASL_USERNAME is missing",
    ],
    [
      "a mechanism without a password",
      { KAFKA_SASL_MECHANISM: "plain", KAFKA_SASL_USERNAME: "x" },
      "KAFKA_SASL_PASSWORD is missing",
    ],
    [
      "a password twice",
      {
        KAFKA_SASL_MECHANISM: "plain",
        KAFKA_SASL_USERNAME: "x",
        KAFKA_SASL_PASSWORD: "x",
        KAFKA_SASL_PASSWORD_FILE: "pw",
      },
      "both set",
    ],
    [
      "a certificate without its key",
      { KAFKA_TLS: "true", KAFKA_TLS_CERT_FILE: "cert.pem" },
      "KAFKA_TLS_KEY_FILE is missing",
    ],
    [
      "a key without its certificate",
      { KAFKA_TLS: "true", KAFKA_TLS_KEY_FILE: "key.pem" },
      "KAFKA_TLS_CERT_FILE is missing",
    ],
    ["an authority without TLS", { KAFKA_TLS_CA_FILE: "ca.pem" }, "set KAFKA_TLS=true"],
    [
      "an authority that is none",
      { KAFKA_TLS: "true", KAFKA_TLS_CA_FILE: "key.pem" },
      'KAFKA_TLS_CA_FILE names a file that holds no certificate in PEM: "key.pem"',
    ],
    [
      "a key that is none",
      { KAFKA_TLS: "true", KAFKA_TLS_CERT_FILE: "cert.pem", KAFKA_TLS_KEY_FILE: "ca.pem" },
      "holds no private key in PEM",
    ],
    ["an unreadable authority", { KAFKA_TLS: "true", KAFKA_TLS_CA_FILE: "no.pem" }, "there is no such file"],
    [
      "an unknown mechanism",
      { KAFKA_SASL_MECHANISM: "PLAIN", KAFKA_SASL_USERNAME: "x", KAFKA_SASL_PASSWORD: "x" },
      'got "PLAIN"',
    ],
  ])("refuses %s", (_, env, fault) => {
    expect(faultsOf(env)).toEqual([expect.stringContaining(fault)]);
  });

  test("reports the faults of TLS and of the login together", () => {
    const env = {
      KAFKA_TLS: "true",
      KAFKA_TLS_CERT_FILE: "no.pem",
      KAFKA_SASL_PASSWORD: "hunter2",
      KAFKA_SASL_PASSWORD_FILE: "no",
    };
    const faults = faultsOf(env);
    expect(faults).toHaveLength(5);
    expect(faults.join()).not.toContain("hunter2");
  });
});

describe("the topics", () => {
  test("must all differ, defaults included", () => {
    const read = () => readSettings({ topics: topicSettings }, source({ FRAUD_TOPIC: "queueing.transactions" }));
    expect(read).toThrow('FRAUD_TOPIC must differ from TRANSACTIONS_TOPIC, both are "queueing.transactions"');
  });

  test.each(["a b", "..", "ü", "x".repeat(250)])("may not be named %j", (topic) => {
    expect(() => readSettings({ topics: topicSettings }, source({ LEGIT_TOPIC: topic }))).toThrow(
      "LEGIT_TOPIC must be",
    );
  });
});

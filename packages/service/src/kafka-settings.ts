/** How to reach Kafka, from the environment: brokers, TLS, SASL. */
import type { KafkaConnection } from "@weir/kafka";
import { brokerList, type Entry, flag, group, oneOf, pemFile, secret, secretFile, text } from "./setting.ts";

const MECHANISMS = ["plain", "scram-sha-256", "scram-sha-512"] as const;

const tls = group(
  {
    on: flag({ name: "KAFKA_TLS", about: "Encrypt the connection to Kafka", default: false }),
    ca: pemFile({
      name: "KAFKA_TLS_CA_FILE",
      about: "Certificate authority in PEM; without it the system's",
      what: "certificate",
      default: null,
    }),
    cert: pemFile({
      name: "KAFKA_TLS_CERT_FILE",
      about: "Client certificate in PEM",
      what: "certificate",
      default: null,
    }),
    key: pemFile({
      name: "KAFKA_TLS_KEY_FILE",
      about: "Key of the client certificate in PEM",
      what: "private key",
      default: null,
    }),
  },
  {
    check: (given) => {
      const faults: string[] = [];
      const files = ["KAFKA_TLS_CA_FILE", "KAFKA_TLS_CERT_FILE", "KAFKA_TLS_KEY_FILE"].filter((name) => given(name));
      if (files.length > 0 && (given("KAFKA_TLS") ?? "false") === "false") {
        faults.push(`${files.join(" and ")} would have no effect: set KAFKA_TLS=true as well`);
      }
      const pair = ["KAFKA_TLS_CERT_FILE", "KAFKA_TLS_KEY_FILE"] as const;
      const missing = pair.filter((name) => given(name) === undefined);
      if (missing.length === 1) {
        const there = pair.find((name) => name !== missing[0]);
        faults.push(`${missing[0]} is missing: ${there} is set, a client certificate needs both`);
      }
      return faults;
    },
    combine: ({ on, ca, cert, key }): KafkaConnection["tls"] =>
      on
        ? {
            ...(ca === null ? {} : { ca: ca.text }),
            ...(cert === null ? {} : { cert: cert.text }),
            ...(key === null ? {} : { key: key.text }),
          }
        : null,
  },
);

const sasl = group(
  {
    mechanism: oneOf({ name: "KAFKA_SASL_MECHANISM", about: "Log in to Kafka", words: MECHANISMS, default: null }),
    username: text({ name: "KAFKA_SASL_USERNAME", about: "User to log in as", default: null }),
    password: secret({ name: "KAFKA_SASL_PASSWORD", about: "Password of that user", default: null }),
    passwordFile: secretFile({
      name: "KAFKA_SASL_PASSWORD_FILE",
      about: "File that holds the password instead",
      default: null,
    }),
  },
  {
    check: (given) => {
      const faults: string[] = [];
      const others = ["KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD", "KAFKA_SASL_PASSWORD_FILE"].filter((name) =>
        given(name),
      );
      if (given("KAFKA_SASL_MECHANISM") === undefined) {
        if (others.length > 0) {
          faults.push(
            `KAFKA_SASL_MECHANISM is missing: ${others.join(" and ")} would have no effect; set it to ${MECHANISMS.join(" or ")}`,
          );
        }
      } else {
        if (given("KAFKA_SASL_USERNAME") === undefined) {
          faults.push("KAFKA_SASL_USERNAME is missing: KAFKA_SASL_MECHANISM needs a user");
        }
        if (given("KAFKA_SASL_PASSWORD") === undefined && given("KAFKA_SASL_PASSWORD_FILE") === undefined) {
          faults.push("KAFKA_SASL_PASSWORD is missing: set it, or KAFKA_SASL_PASSWORD_FILE to a file that holds it");
        }
      }
      if (given("KAFKA_SASL_PASSWORD") !== undefined && given("KAFKA_SASL_PASSWORD_FILE") !== undefined) {
        faults.push("KAFKA_SASL_PASSWORD and KAFKA_SASL_PASSWORD_FILE are both set: unset one of them");
      }
      return faults;
    },
    combine: ({ mechanism, username, password, passwordFile }): KafkaConnection["sasl"] => {
      const known = password ?? passwordFile;
      return mechanism === null || username === null || known === null
        ? null
        : { mechanism, username, password: known };
    },
  },
);

/** The connection a service opens. `clientId` names it in the broker's logs and quotas. */
export function kafkaSettings(clientId: string): Entry<KafkaConnection> {
  const brokers = brokerList({ name: "KAFKA_BROKER_URL", about: "Kafka's addresses to start from" });
  return group({ brokers, tls, sasl }, { combine: (values): KafkaConnection => ({ ...values, clientId }) });
}

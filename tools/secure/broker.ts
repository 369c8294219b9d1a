/** A local broker that nobody reaches without a certificate that they trust and a password, and where nothing is allowed that is not granted. */
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type KafkaConnection, openAdmin } from "@weir/kafka";
import { type BrokerSecurity, type JavaKafka, startJavaKafka } from "@weir/testing";
import { type Certificate, makeCertificate } from "./certificate.ts";
import { PRINCIPALS } from "./grants.ts";

/** May everything: it grants the others what they may. */
const ADMIN = "admin";

export type SecureBroker = {
  readonly kafka: JavaKafka;
  readonly authorityFile: string;
  /** Of each user, the file that holds the password. */
  readonly passwordFile: (user: string) => string;
  readonly connect: (user: string) => KafkaConnection;
  readonly admin: KafkaConnection;
  /** Passwords of all users, and of the keys; by what they are called. */
  readonly secrets: ReadonlyMap<string, string>;
};

/** Starts with an empty cluster in `folder`; `strangers` are users without any permission. */
export async function startSecureBroker(
  folder: string,
  strangers: readonly string[],
  log: (line: string) => void,
): Promise<SecureBroker> {
  const certificate = await makeCertificate(join(folder, "certificates"));
  const users = new Map(
    [ADMIN, ...Object.values(PRINCIPALS), ...strangers].map((user) => [user, randomBytes(24).toString("hex")]),
  );
  const passwordFile = (user: string): string => join(folder, "certificates", `${user}.password`);
  for (const [user, password] of users) await writeFile(passwordFile(user), password, { mode: 0o600 });
  const ca = await readFile(certificate.authorityFile, "utf8");
  const at = (brokers: string, user: string): KafkaConnection => ({
    brokers: [brokers],
    clientId: user,
    tls: { ca },
    sasl: { mechanism: "scram-sha-512", username: user, password: users.get(user) ?? "" },
  });
  const security: BrokerSecurity = {
    settings: settingsOf(certificate, users.get(ADMIN) as string),
    users,
    answers: async (port) => {
      const admin = openAdmin(at(`127.0.0.1:${port}`, ADMIN));
      try {
        return await admin.brokerReady();
      } finally {
        await admin.close();
      }
    },
  };
  const kafka = await startJavaKafka({ dataDir: join(folder, "kafka"), fresh: true, log, security });
  const connect = (user: string): KafkaConnection => at(kafka.brokers, user);
  const { authorityFile, password } = certificate;
  const secrets = new Map([...users].map(([user, secret]) => [`password of ${user}`, secret]));
  secrets.set("password of the TLS keys", password);
  return { kafka, authorityFile, passwordFile, connect, admin: connect(ADMIN), secrets };
}

/** The node comes to its own controller with its certificate, and clients by password: both are principals, none is anonymous. */
function settingsOf({ keystoreFile, password, authorityFile, brokerPrincipal }: Certificate, adminPassword: string) {
  const login = "org.apache.kafka.common.security.scram.ScramLoginModule required";
  return {
    "listener.security.protocol.map": "SASL_SSL:SASL_SSL,CONTROLLER:SSL",
    "security.inter.broker.protocol": "SASL_SSL",
    "sasl.enabled.mechanisms": "SCRAM-SHA-512",
    "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
    "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": `${login} username="${ADMIN}" password="${adminPassword}";`,
    "ssl.enabled.protocols": "TLSv1.3",
    "ssl.protocol": "TLSv1.3",
    "ssl.keystore.type": "PKCS12",
    "ssl.keystore.location": keystoreFile,
    "ssl.keystore.password": password,
    "ssl.key.password": password,
    "ssl.truststore.type": "PEM",
    "ssl.truststore.location": authorityFile,
    "listener.name.controller.ssl.client.auth": "required",
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "allow.everyone.if.no.acl.found": "false",
    "super.users": `${brokerPrincipal};User:${ADMIN}`,
  };
}

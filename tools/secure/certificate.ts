/**
 * A certificate authority for this machine alone, and a broker's certificate by it, made with the keytool that Java brings
 * along. What comes out is for local use: the authority's key lies beside it.
 */
import { randomBytes } from "node:crypto";
import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { findJava, run } from "@weir/testing";

export type Certificate = {
  /** PEM of the authority: what clients trust, and the broker too. */
  readonly authorityFile: string;
  /** PKCS12 with the broker's key and chain. */
  readonly keystoreFile: string;
  readonly password: string;
  /** As the broker's authorizer names who comes with that key. */
  readonly brokerPrincipal: string;
};

const ALGORITHM = ["-keyalg", "EC", "-groupname", "secp256r1", "-validity", "30"];

/** Made anew in `folder`, for brokers at 127.0.0.1 and localhost. */
export async function makeCertificate(folder: string): Promise<Certificate> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const java = await findJava();
  const keytool = java.includes("/") ? join(dirname(java), "keytool") : "keytool";
  const password = randomBytes(16).toString("hex");
  const file = (name: string): string => join(folder, name);
  const tool = async (store: string, ...args: readonly string[]): Promise<string> => {
    const common = ["-storetype", "PKCS12", "-keystore", file(store), "-storepass", password];
    const { code, missing, timedOut, stdout, stderr } = await run(keytool, [...args, ...common], {
      timeoutMs: 120_000,
    });
    if (missing) throw new Error(`no keytool beside ${java}: install a whole Java, such as openjdk-17-jre-headless`);
    if (code !== 0) throw new Error(`keytool ${args[0]}: ${timedOut ? "no end in two minutes" : `${stdout}${stderr}`}`);
    return stdout;
  };
  const brokerName = "CN=weir-broker";
  await tool(
    "authority.p12",
    "-genkeypair",
    "-alias",
    "authority",
    "-dname",
    "CN=Weir local authority",
    "-ext",
    "bc:c",
    ...ALGORITHM,
  );
  const authority = await tool("authority.p12", "-exportcert", "-alias", "authority", "-rfc");
  await writeFile(file("authority.pem"), authority);
  await tool("broker.p12", "-genkeypair", "-alias", "broker", "-dname", brokerName, ...ALGORITHM);
  await tool("broker.p12", "-certreq", "-alias", "broker", "-file", file("broker.csr"));
  const names = ["-ext", "san=ip:127.0.0.1,dns:localhost", "-ext", "eku=serverAuth,clientAuth"];
  const signed = [
    "-gencert",
    "-alias",
    "authority",
    "-infile",
    file("broker.csr"),
    "-rfc",
    "-validity",
    "30",
    ...names,
  ];
  await writeFile(file("broker.pem"), `${await tool("authority.p12", ...signed)}${authority}`);
  await tool("broker.p12", "-importcert", "-alias", "authority", "-file", file("authority.pem"), "-noprompt");
  await tool("broker.p12", "-importcert", "-alias", "broker", "-file", file("broker.pem"), "-noprompt");
  for (const store of ["authority.p12", "broker.p12"]) await chmod(file(store), 0o600);
  return {
    authorityFile: file("authority.pem"),
    keystoreFile: file("broker.p12"),
    password,
    brokerPrincipal: `User:${brokerName}`,
  };
}

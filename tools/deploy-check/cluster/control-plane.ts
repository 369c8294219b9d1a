/**
 * A Kubernetes cluster on 127.0.0.1 in which everything is real but its nodes: etcd, API server, controllers, scheduler;
 * kwok says of nodes and pods that they are ready. Nothing in it is kept but the logs of its parts.
 */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, type Launched, launch, signal, until } from "@weir/testing";
import type { Document } from "../repository.ts";
import { execute, type Result } from "../toolbox.ts";
import type { Programs } from "./programs.ts";

const STARTS_WITHIN_MS = 60_000;
const STOPS_WITHIN_MS = 10_000;
/** Of all that is applied here. */
export const NAMESPACE = "weir";
/** A zone each, so that it can be seen what is spread. */
const NODES = ["a", "b", "c"] as const;

export class Cluster implements AsyncDisposable {
  readonly #programs: Programs;
  readonly #folder: string;
  readonly #interrupted: AbortSignal;
  readonly #running: { readonly name: string; readonly process: Launched }[] = [];

  private constructor(programs: Programs, folder: string, interrupted: AbortSignal) {
    this.#programs = programs;
    this.#folder = folder;
    this.#interrupted = interrupted;
  }

  /**
   * Its files are in `folder`, which is emptied. Throws when a part does not come up, and where its log is; and, as all that
   * is asked of it then does, once `interrupted` has aborted.
   */
  static async start(programs: Programs, folder: string, interrupted: AbortSignal): Promise<Cluster> {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const cluster = new Cluster(programs, folder, interrupted);
    try {
      await cluster.#start();
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** kubectl with these words; `input`: what it reads where they say `-f -`. */
  async kubectl(words: readonly string[], input?: Document): Promise<Result> {
    const files = ["--kubeconfig", this.#file("kubeconfig"), "--cache-dir", this.#file("cache")];
    const result = await execute(this.#programs.kubectl, [...files, "--namespace", NAMESPACE, ...words], {
      env: { KUBERC: "off" },
      signal: this.#interrupted,
      ...(input !== undefined && { input: JSON.stringify(input) }),
    });
    this.#interrupted.throwIfAborted();
    return result;
  }

  /** Server-side, with unknown fields refused. A warning counts as a no: Pod Security only warns of a Deployment. */
  async apply(objects: readonly Document[], ...more: readonly string[]): Promise<Result> {
    const words = ["apply", "--server-side", "--validate=strict", "-f", "-", ...more];
    const { ok, output } = await this.kubectl(words, listOf(objects));
    return { ok: ok && !output.includes("Warning:"), output };
  }

  /** Whether what is there differs from what these would make of it; if so, how. */
  differences(objects: readonly Document[]): Promise<Result> {
    return this.kubectl(["diff", "--server-side", "-f", "-"], listOf(objects));
  }

  /** All of a kind in the namespace. */
  async list(kind: string): Promise<Document[]> {
    const { ok, output } = await this.kubectl(["get", kind, "-o", "json"]);
    if (!ok) throw new Error(output);
    return JSON.parse(output).items;
  }

  /** Nothing becomes ready, and nothing that is to end does, while `during` runs. */
  async withNodesFrozen(during: () => Promise<void>): Promise<void> {
    const pid = this.#running.find(({ name }) => name === "kwok")?.process.pid ?? -1;
    signal(pid, "SIGSTOP");
    try {
      await during();
    } finally {
      signal(pid, "SIGCONT");
    }
  }

  /** Whoever was started last ends first, and etcd when nobody writes any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const { process } of this.#running.splice(0).reverse()) {
      signal(process.pid, "SIGTERM");
      const force = setTimeout(() => signal(process.pid, "SIGKILL"), STOPS_WITHIN_MS);
      await process.exit;
      clearTimeout(force);
    }
  }

  #file(name: string): string {
    return join(this.#folder, name);
  }

  async #start(): Promise<void> {
    const [clients, peers, secure] = [await freePort(), await freePort(), await freePort()];
    const etcd = `http://127.0.0.1:${clients}`;
    await this.#launch("etcd", [
      ...["--data-dir", this.#file("etcd"), "--unsafe-no-fsync", "--log-level", "warn"],
      ...["--listen-client-urls", etcd, "--advertise-client-urls", etcd],
      ...["--listen-peer-urls", `http://127.0.0.1:${peers}`],
    ]);
    const token = this.#writeSecrets();
    await this.#launch("kube-apiserver", [
      ...["--etcd-servers", etcd, "--bind-address", "127.0.0.1", "--secure-port", String(secure)],
      ...["--cert-dir", this.#file("certificates"), "--endpoint-reconciler-type", "none"],
      ...["--service-cluster-ip-range", "10.0.0.0/24", "--authorization-mode", "RBAC"],
      ...["--token-auth-file", this.#file("tokens.csv")],
      ...["--service-account-issuer", "https://kubernetes.default.svc"],
      ...["--service-account-key-file", this.#file("sa.pub")],
      ...["--service-account-signing-key-file", this.#file("sa.key")],
    ]);
    this.#writeKubeconfig(`https://127.0.0.1:${secure}`, token);
    await this.#until("the API server is ready", ["get", "--raw", "/readyz"]);
    const alone = ["--leader-elect=false", "--secure-port=0", "--kubeconfig", this.#file("kubeconfig")];
    await this.#launch("kube-controller-manager", [
      ...alone,
      ...["--service-account-private-key-file", this.#file("sa.key")],
    ]);
    await this.#launch("kube-scheduler", alone);
    await this.#launch("kwok", [
      ...["--kubeconfig", this.#file("kubeconfig"), "--manage-all-nodes=true", "--node-lease-duration-seconds=40"],
      // Without a server of its own, which would be open to others.
      "--node-port=0",
      ...this.#programs.stages.map((file) => `--config=${file}`),
    ]);
    const nodes = await this.apply(NODES.map(nodeOf));
    if (!nodes.ok) throw new Error(nodes.output);
    await this.#until("the nodes are ready", ["wait", "--for=condition=Ready", "node", "--all", "--timeout=1s"]);
  }

  async #launch(name: Exclude<keyof Programs, "stages" | "kubectl">, args: readonly string[]): Promise<void> {
    const launched = await launch(`weir-${name}`, this.#programs[name], args, this.#file(`${name}.log`));
    this.#running.push({ name, process: launched });
  }

  /** Until kubectl says yes to `words`. Throws when a part has ended, or it takes too long. */
  async #until(what: string, words: readonly string[]): Promise<void> {
    const ended = (): string | undefined => this.#running.find(({ process }) => process.ended() !== null)?.name;
    const settled = async () => ended() !== undefined || (await this.kubectl(words)).ok;
    const inTime = await until(settled, STARTS_WITHIN_MS, 100);
    if (!inTime) throw new Error(`it took too long until ${what}; see the logs in ${this.#folder}`);
    if (ended() !== undefined) throw new Error(`${ended()} ended before ${what}; see ${this.#file(`${ended()}.log`)}`);
  }

  /** Keys for the tokens of ServiceAccounts; and the token of who may do everything, which is returned. */
  #writeSecrets(): string {
    const { publicKey, privateKey } = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
    });
    const token = randomBytes(24).toString("hex");
    const files = { "sa.pub": publicKey, "sa.key": privateKey, "tokens.csv": `${token},admin,admin,system:masters\n` };
    for (const [name, text] of Object.entries(files)) writeFileSync(this.#file(name), text, { mode: 0o600 });
    return token;
  }

  #writeKubeconfig(server: string, token: string): void {
    const cluster = { server, "certificate-authority": this.#file("certificates/apiserver.crt") };
    const config = {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "check", cluster }],
      users: [{ name: "admin", user: { token } }],
      contexts: [{ name: "check", context: { cluster: "check", user: "admin" } }],
      "current-context": "check",
    };
    writeFileSync(this.#file("kubeconfig"), JSON.stringify(config), { mode: 0o600 });
  }
}

function listOf(items: readonly Document[]): Document {
  return { apiVersion: "v1", kind: "List", items };
}

function nodeOf(name: string): Document {
  const resources = { cpu: "8", memory: "32Gi", pods: "110" };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: { "kubernetes.io/hostname": name, "topology.kubernetes.io/zone": `zone-${name}` },
      annotations: { "kwok.x-k8s.io/node": "fake" },
    },
    status: { allocatable: resources, capacity: resources },
  };
}

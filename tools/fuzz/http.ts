/** A detector's HTTP servers, by raw requests over a real socket: the detector runs in this process, over the log in memory. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { detectorOn } from "@weir/detector";
import { rejectedHeaders, TOPICS } from "@weir/schema";
import { MemoryBroker, MemoryLog } from "@weir/stream";
import { type Chance, repositoryRoot } from "@weir/testing";
import type { Service } from "../process/service.ts";
import { startHere } from "../start/memory/here.ts";
import { damaged } from "./damage.ts";
import { must, type Target } from "./target.ts";

const TOKEN = "fuzzed-0123456789abcdef";
const ORIGIN = `${TOPICS.transactions}/0/3`;

const PATHS = [
  ...["/livez", "/readyz", "/metrics", "/", "/rejected", "/entities/source/a", "/entities/target/%C3%A9", "/entities"],
  `/rejected/${encodeURIComponent(ORIGIN)}`,
  `/rejected/${encodeURIComponent(ORIGIN)}/replay`,
  `/rejected/${ORIGIN}`,
  ...[
    "/entities/constructor/__proto__",
    "/%",
    "/%00",
    "/..%2f..%2fetc/passwd",
    `/rejected/${"x".repeat(400)}`,
    "//",
    "*",
  ],
];
const QUERIES = [
  "",
  "?limit=5",
  "?limit=-1",
  "?limit=1e9",
  "?reason=internal",
  "?reason=a&reason=b",
  "?__proto__=1",
  "?%",
  "?&&==",
];
const METHODS = ["POST", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "get", "GET\u0000"];
const HEADERS = [
  `Authorization: Bearer ${TOKEN}`,
  `Authorization: Bearer ${TOKEN}x`,
  "Authorization: Basic YTpi",
  "Authorization:",
  "Content-Type: application/json",
  "Content-Type: text/plain; charset=\u0001",
  "Content-Length: 5",
  "Content-Length: -1",
  "Content-Length: 99999999999",
  "Transfer-Encoding: chunked",
  "Transfer-Encoding: gzip, chunked",
  "Expect: 100-continue",
  "Connection: upgrade",
  "Upgrade: websocket",
  "Accept-Encoding: br",
  `X-Long: ${"x".repeat(20_000)}`,
  "No colon",
];
const BODIES = ["", "", "{}", '{"a":', "5\r\nhello\r\n0\r\n\r\n", "x".repeat(3_000), "[".repeat(1_000)];

/** What a server may say. 500 is never right, and 501 and 505 are Node's own for what it does not speak. */
const STATUSES = new Set([
  200, 202, 400, 401, 404, 405, 408, 409, 410, 411, 413, 414, 415, 417, 422, 429, 431, 501, 503, 505,
]);
const ANSWER_WITHIN_MS = 8_000;

export function http(): Target {
  let started: Promise<Running> | null = null;
  return {
    name: "http",
    share: 10,
    draw(chance) {
      const text = Buffer.from(request(chance), "latin1");
      return chance.below(4) === 0 ? damaged(chance, text) : text;
    },
    async take(input) {
      started ??= startDetector();
      const { url, adminUrl } = await started;
      const answer = await askWithin(input.length % 3 === 0 ? url : adminUrl, input);
      must(!answer.includes(TOKEN), "the token is not told");
      must(!/\bat .*\.[jt]s:\d/.test(answer), `no stack trace is told: ${answer.slice(0, 500)}`);
      const last = answer.replace(/^(HTTP\/1\.1 100 Continue\r\n\r\n)+/, "");
      const status = statusOf(last);
      must(status === 0 || STATUSES.has(status), `${status} is no answer to a request: ${answer.slice(0, 200)}`);
      const alive = await fetch(`${url}/livez`);
      must(alive.status === 200 || alive.status === 429, `after it /livez says ${alive.status}`);
      return status === 0 ? "closed" : String(status);
    },
    close: async () => {
      await (await started)?.stop();
    },
  };
}

function request(chance: Chance): string {
  const method = chance.below(2) === 0 ? "GET" : chance.of(...METHODS);
  const lines = [`${method} ${chance.of(...PATHS)}${chance.of("", ...QUERIES)} HTTP/1.1`];
  if (chance.below(20) > 0) lines.push("Host: a");
  if (chance.below(2) === 0) lines.push(`Authorization: Bearer ${TOKEN}`);
  for (let more = chance.of(0, 0, 0, 1, 2); more > 0; more -= 1) lines.push(chance.of(...HEADERS));
  const body = chance.below(3) === 0 ? chance.of(...BODIES) : "";
  if (body !== "" && chance.below(3) > 0) lines.push(`Content-Length: ${body.length}`);
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
}

function statusOf(answer: string): number {
  return answer === "" ? 0 : Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1] ?? Number.NaN);
}

/** Once the server takes requests again, if it has had too many in a second. */
async function askWithin(url: string, input: Buffer): Promise<string> {
  const answer = await ask(url, input);
  if (statusOf(answer) !== 429) return answer;
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  return ask(url, input);
}

/** All that comes back until the connection is closed; "" for nothing. */
function ask(url: string, input: Buffer): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(Number(port), hostname);
    const tooLate = setTimeout(() => {
      socket.destroy();
      reject(new Error(`the connection was still open after ${ANSWER_WITHIN_MS} ms`));
    }, ANSWER_WITHIN_MS);
    const done = (): void => {
      clearTimeout(tooLate);
      socket.destroy();
      resolve(Buffer.concat(chunks).toString("latin1"));
    };
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("error", done);
    socket.on("close", done);
    socket.end(input);
  });
}

type Running = { readonly url: string; readonly adminUrl: string; readonly stop: () => Promise<void> };

async function startDetector(): Promise<Running> {
  const folder = await mkdtemp(join(tmpdir(), "weir-fuzz-"));
  await writeFile(join(folder, "token"), TOKEN);
  const broker = new MemoryBroker();
  const inner = ["weir.by-source", "weir.by-target"];
  const inputs = [TOPICS.transactions, TOPICS.labels, ...inner];
  const states = inputs.map((topic) => `weir.state.${topic}`);
  for (const topic of [...Object.values(TOPICS), ...inner, ...states, "weir.rejected.ledger"])
    broker.createTopic(topic, 1);
  const headers = rejectedHeaders({ reason: "internal", origin: ORIGIN, faults: [], engine: "0" });
  const value = Buffer.from('{"source":"a","target":"b","amount":1,"currency":"EUR"}');
  broker.produce({ topic: TOPICS.rejected, partition: 0, key: null, value, headers, timestampMs: 1 });
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  const log = new MemoryLog(broker, { interfere: (point) => (point === "read:before" ? turn() : undefined) });
  const environment = {
    LOG_LEVEL: "fatal",
    RULESET: join(repositoryRoot, "rulesets/card-payments.yaml"),
    ADMIN_TOKEN_FILE: join(folder, "token"),
  };
  const service: Service = startHere(
    detectorOn({ log, place: "memory" }),
    "detector",
    { ...environment, LOG_LEVEL: "info" },
    join(folder, "detector.log"),
  );
  await service.untilReady(30_000);
  return {
    url: await service.url(),
    adminUrl: await service.adminUrl(),
    async stop() {
      await service.stop(10_000);
      await rm(folder, { recursive: true });
    },
  };
}

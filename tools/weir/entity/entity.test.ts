import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EntityAnswer } from "@weir/detector";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { run } from "./command.ts";
import { entityLines } from "./lines.ts";

const NOW_MS = Date.UTC(2026, 0, 2);
const WINDOW = { afterMs: NOW_MS - 3_600_000, untilMs: NOW_MS, approximate: false };

function anAnswer(members: Partial<EntityAnswer> = {}): EntityAnswer {
  return {
    ...{ field: "source", key: "alice", ruleset: "r@1#00", topic: "weir.by-source", partition: 2, group: "g" },
    ...{ applied: 12, committed: 10, streamTimeMs: NOW_MS, liveEvents: 2, currenciesLeftOut: 0, outOf: 7 },
    ...{ oldestMs: NOW_MS - 5_000, newestMs: NOW_MS - 1_000, historySinceMs: null },
    features: [
      { name: "paid", aggregate: "count", ...WINDOW, value: 2 },
      { name: "spent", aggregate: "sum", ...WINDOW, byCurrency: { EUR: 0.1 + 0.2, JPY: 700 } },
      { name: "usual", aggregate: "mean", ...WINDOW, untilMs: NOW_MS - 60_000, byCurrency: { EUR: null } },
      { name: "since", aggregate: "since_last", ...WINDOW, approximate: true, value: null },
      { name: "known", aggregate: "seen", ...WINDOW, needs: "a transaction's target" },
    ],
    decisions: [
      {
        ...{ id: "in/0/7", outcome: "decline", score: 0.95, eventTime: NOW_MS, order: 7, ruleset: "r@1#00" },
        reasons: [{ rule: "large", score: 0.95, when: "amount >= 900", observed: { amount: 912.5 } }],
      },
    ],
    ...members,
  };
}

test("windows are lines, decisions are lines with their reasons below", () => {
  expect(entityLines(anAnswer())).toEqual([
    "source alice, by r@1#00",
    "as of 2026-01-02T00:00:00.000Z in weir.by-source/2: applied to offset 12, committed to 10",
    "2 transactions kept, from 2026-01-01T23:59:55.000Z to 2026-01-01T23:59:59.000Z",
    "  paid   2                             count over 1h",
    "  spent  0.3 EUR, 700 JPY              sum over 1h",
    "  usual  missing EUR                   mean over 59m, 1m ago",
    "  since  missing                       since_last over 1h (approximate)",
    "  known  needs a transaction's target  seen over 1h",
    "1 decisions, of the last 7 of this detector",
    "  decline 0.95  2026-01-02T00:00:00.000Z  in/0/7",
    "    large scores 0.95: amount (912.5) >= 900",
  ]);
});

test("a history that begins within the windows is told, one that begins before them is not", () => {
  const told = entityLines(anAnswer({ historySinceMs: NOW_MS - 60_000 }));
  expect(told).toContain("  (what was before 2026-01-01T23:59:00.000Z may not be known)");
  expect(entityLines(anAnswer({ historySinceMs: NOW_MS - 3_600_000 })).join()).not.toContain("may not be known");
});

test("a key of nobody's terminal, and one with decisions alone", () => {
  const nothing = { oldestMs: null, newestMs: null, liveEvents: 0, features: [], decisions: [] };
  expect(entityLines(anAnswer({ ...nothing, key: "a\u001b[2J" }))).toEqual([
    "source a\ufffd[2J, by r@1#00",
    "as of 2026-01-02T00:00:00.000Z in weir.by-source/2: applied to offset 12, committed to 10",
    "0 transactions kept",
    "0 decisions, of the last 7 of this detector",
  ]);
});

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

/** A detector that gives this answer, what it was asked, and what the command says. */
async function aServer(status: number, body: unknown) {
  const asked: unknown[] = [];
  const server = createServer(({ url, headers }, response) => {
    asked.push([url, headers.authorization]);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const said = { out: "", error: "" };
  const sayTo = (stream: keyof typeof said) => (text: string) => {
    said[stream] += text;
  };
  const lineTo = (stream: keyof typeof said) => (line: string) => sayTo(stream)(`${line}\n`);
  vi.spyOn(console, "log").mockImplementation(lineTo("out"));
  vi.spyOn(console, "error").mockImplementation(lineTo("error"));
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    sayTo("error")(String(text));
    return true;
  });
  const folder = mkdtempSync(join(tmpdir(), "weir-entity-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "token"), "secret\n");
  vi.stubEnv("ADMIN_TOKEN_FILE", join(folder, "token"));
  return { asked, said, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

test("the command asks with the token, for a key of any text, and prints what comes", async () => {
  const { asked, said, url } = await aServer(200, anAnswer());
  expect(await run(["source", "a/b c", "--url", `${url}/`])).toBe(0);
  expect(asked).toEqual([["/entities/source/a%2Fb%20c", "Bearer secret"]]);
  expect(said.out).toContain("paid   2");
  expect(await run(["source", "a", "--url", url, "--json"])).toBe(0);
  expect(said.out).toContain('"liveEvents": 2');
});

test("a refusal is said, with exit code 1", async () => {
  const { said, url } = await aServer(503, { error: "the state is not ready", phase: "settling" });
  expect(await run(["source", "a", "--url", url])).toBe(1);
  expect(said).toEqual({ out: "", error: "npm run weir -- entity: 503 the state is not ready (settling)\n" });
});

test("a missing word, token or detector is said", async () => {
  const { said } = await aServer(200, {});
  expect(await run(["source"])).toBe(78);
  expect(await run(["source", "a", "b"])).toBe(78);
  expect(await run(["source", "a", "--url", "nowhere"])).toBe(78);
  expect(await run(["source", "a", "--url", "http://127.0.0.1:1"])).toBe(1);
  expect(said.error).toContain("no detector answers at http://127.0.0.1:1");
  vi.stubEnv("ADMIN_TOKEN_FILE", "");
  expect(await run(["source", "a"])).toBe(78);
  expect(said.error).toContain("ADMIN_TOKEN_FILE is missing");
});

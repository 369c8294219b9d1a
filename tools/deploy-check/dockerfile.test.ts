import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { copiedInto, dockerfileFaults, parseDockerfile, targetOf } from "./dockerfile.ts";
import { readText } from "./repository.ts";

const PATH = "Dockerfile";
const PORTS = { generator: 8081, detector: 8080, quality: 8082 } as const;

describe("the Dockerfile", () => {
  it("keeps every rule", () => {
    expect(dockerfileFaults(PORTS, readText(PATH))).toEqual([]);
  });

  it("is let in by name: .dockerignore shuts out everything first", () => {
    const lines = readText(".dockerignore")
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
    expect(lines[0]).toBe("*");
    for (const line of ["packages/testing", "**/node_modules", "**/*.test.ts"]) expect(lines).toContain(line);
  });
});

/** The entry and every file of the repository that it imports by a relative path, in turn. */
function importedFrom(entry: string, seen = new Set<string>()): Set<string> {
  if (seen.has(entry)) return seen;
  seen.add(entry);
  for (const [, path = ""] of readText(entry).matchAll(/(?:from |import\()"(\.[^"]+)"/g))
    importedFrom(join(dirname(entry), path), seen);
  return seen;
}

it.each([
  ["generator", "services/generator/main.ts"],
  ["detector", "services/detector/main.ts"],
  ["detector", "tools/weir/main.ts"],
  ["quality", "services/quality/main.ts"],
  ["training", "tools/weir/main.ts"],
])("the image %s holds all files that %s imports", (target, entry) => {
  const folders = copiedInto(targetOf(parseDockerfile(readText(PATH)), target));
  const files = [...importedFrom(entry)];
  expect(files.length).toBeGreaterThan(1);
  expect(files.filter((file) => !folders.some((folder) => file.startsWith(`${folder}/`)))).toEqual([]);
});

describe("the rules for the Dockerfile", () => {
  it.each<[string, string | RegExp, string]>([
    ["is built from node:24 ", /NODE_IMAGE=\S+/, "NODE_IMAGE=node:24"],
    ["uses ADD", "COPY packages packages", "COPY packages packages\nADD x y"],
    ["npm ci runs without --omit=dev", " --omit=dev", ""],
    ["npm ci runs without --workspace=@weir/detector", " --workspace=@weir/detector", ""],
    ["detector: runs as root", "USER 1000:1000\nSTOPSIGNAL", "STOPSIGNAL"],
    ["detector: runs as node", "USER 1000:1000\nSTOPSIGNAL", "USER node\nSTOPSIGNAL"],
    ["detector: owns its own files", "COPY services/detector", "COPY --chown=1000 services/detector"],
    ["quality: runs something in the image", "COPY services/quality", "RUN npm i\nCOPY services/quality"],
    ["generator: CMD is not in exec form", /CMD \["services\/generator.*\n/, "CMD node services/generator/main.ts\n"],
    ["generator: starts services/quality", 'CMD ["services/generator', 'CMD ["services/quality'],
    ["detector: ENTRYPOINT is not in exec form", 'ENTRYPOINT ["node"]', "ENTRYPOINT node"],
    ["detector: HEALTHCHECK is not in exec form", /CMD \["node", "-e".*\n/, "CMD node /livez\n"],
    ["detector: HEALTHCHECK needs a program", /CMD \["node", "-e".*\n/, 'CMD ["curl", "http://127.0.0.1/livez"]\n'],
    ["detector: HEALTHCHECK does not ask /livez", "/livez", "/"],
    ["detector: exposes 9999", "EXPOSE 8080", "EXPOSE 9999"],
    ["detector: does not listen on 8080", "PORT=8080", "PORT=8090"],
    ["detector: is not labelled version", /image.version/g, "image.revision"],
    ["quality: is not labelled title", 'title="weir-quality"', 'title="quality"'],
    ["detector: has a secret in ENV", "ENV PORT=8080", "ENV KAFKA_SASL_PASSWORD=x PORT=8080"],
  ])("find: %s", (fault, from, to) => {
    const text = readText(PATH);
    const broken = text.replace(from, to);
    expect(broken).not.toBe(text);
    expect(dockerfileFaults(PORTS, broken).join("\n")).toContain(fault);
  });

  it("find a service that has no target", () => {
    expect(dockerfileFaults({ ...PORTS, gate: 8083 }, readText(PATH)).join("\n")).toContain("gate: runs as root");
  });
});

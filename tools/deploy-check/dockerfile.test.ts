import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { dockerfileFaults, parseDockerfile, workspaceFolders } from "./dockerfile.ts";
import { readText } from "./repository.ts";

const PORTS = { generator: 8081, detector: 8080, quality: 8082 } as const;

describe.each(Object.entries(PORTS))("services/%s/Dockerfile", (service, port) => {
  it("keeps every rule", () => {
    expect(dockerfileFaults(service, port, readText(`services/${service}/Dockerfile`))).toEqual([]);
  });

  it("starts a file that it copies", () => {
    const instructions = parseDockerfile(readText(`services/${service}/Dockerfile`));
    const [file] = JSON.parse(instructions.findLast(({ word }) => word === "CMD")?.rest ?? "[]") as string[];
    expect(file).toBe(`services/${service}/main.ts`);
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

describe("what an image holds", () => {
  it.each([
    ["generator", "services/generator/main.ts"],
    ["detector", "services/detector/main.ts"],
    ["detector", "tools/weir/main.ts"],
    ["quality", "services/quality/main.ts"],
  ])("are, for the %s, all files that %s imports", (service, entry) => {
    const folders = parseDockerfile(readText(`services/${service}/Dockerfile`)).flatMap(({ word, rest }) =>
      word === "COPY" ? (/^(\S+) \1$/.exec(rest)?.[1] ?? []) : [],
    );
    const files = [...importedFrom(entry)];
    expect(files.length).toBeGreaterThan(1);
    expect(files.filter((file) => !folders.some((folder) => file.startsWith(`${folder}/`)))).toEqual([]);
  });

  it("are the workspaces that the service names, and theirs", () => {
    expect(workspaceFolders("generator")).toEqual([
      "packages/engine",
      "packages/kafka",
      "packages/model",
      "packages/scenario",
      "packages/schema",
      "packages/service",
      "packages/stream",
      "services/generator",
    ]);
  });

  it("is let in by name: .dockerignore shuts out everything first", () => {
    const lines = readText(".dockerignore")
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
    expect(lines[0]).toBe("*");
    for (const line of ["packages/testing", "**/node_modules", "**/*.test.ts"]) expect(lines).toContain(line);
  });
});

describe("the rules for a Dockerfile", () => {
  it.each<[string, string | RegExp, string]>([
    ["is built from node:24 ", /NODE_IMAGE=\S+/, "NODE_IMAGE=node:24"],
    ["uses ADD", "COPY packages/schema packages/schema", "COPY packages/schema packages/schema\nADD x y"],
    ["npm ci runs without --omit=dev", " --omit=dev", ""],
    ["npm ci runs without --workspace=@weir/detector", " --workspace=@weir/detector", ""],
    ["copies the source of", "COPY packages/stream packages/stream\n", ""],
    ["copies the package.json of", "COPY packages/stream/package.json packages/stream/\n", ""],
    ["runs as root", "USER 1000:1000\n", ""],
    ["runs as node", "USER 1000:1000", "USER node"],
    ["owns its own files", "EXPOSE", "COPY rulesets x\nEXPOSE"],
    ["CMD is not in exec form", /CMD \["services.*\n/, "CMD node services/detector/main.ts\n"],
    ["ENTRYPOINT is not in exec form", 'ENTRYPOINT ["node"]', "ENTRYPOINT node"],
    ["HEALTHCHECK is not in exec form", /CMD \["node", "-e".*\n/, "CMD node /livez\n"],
    ["HEALTHCHECK needs a program", /CMD \["node", "-e".*\n/, 'CMD ["curl", "http://127.0.0.1:8080/livez"]\n'],
    ["HEALTHCHECK does not ask /livez", "/livez", "/"],
    ["exposes 9999", "EXPOSE 8080", "EXPOSE 9999"],
    ["is not labelled", "image.version", "image.revision"],
    ["has a secret in ENV", "ENV ", "ENV KAFKA_SASL_PASSWORD=x "],
  ])("find: %s", (fault, from, to) => {
    const text = readText("services/detector/Dockerfile");
    const broken = text.replace(from, to);
    expect(broken).not.toBe(text);
    expect(dockerfileFaults("detector", 8080, broken).join("\n")).toContain(fault);
  });
});

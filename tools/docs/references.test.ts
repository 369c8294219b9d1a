import { existsSync } from "node:fs";
import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";
import { repositoryRoot } from "@weir/testing";
import { describe, expect, test } from "vitest";
import { referencesIn, scriptsIn } from "./references.ts";

const read = (path: string): Promise<string> => readFile(join(repositoryRoot, path), "utf8");

const documents: string[] = [];
const exclude = (name: string): boolean => name === "node_modules" || name === ".weir";
for await (const path of glob("**/*.md", { cwd: repositoryRoot, exclude })) documents.push(path);

describe.each(documents.sort())("%s", (document) => {
  test("names files that are there, with the words it quotes from them, and scripts that npm knows", async () => {
    const text = await read(document);
    for (const { path, quote } of referencesIn(document, text)) {
      expect(existsSync(join(repositoryRoot, path)), path).toBe(true);
      if (quote !== null) expect(await read(path), path).toContain(quote);
    }
    const { scripts } = JSON.parse(await read("package.json")) as { scripts: Record<string, string> };
    for (const script of scriptsIn(text)) expect(Object.keys(scripts)).toContain(script);
  });
});

test("the guarantees say of each fault F1 to F28 which test covers it, or why none does", async () => {
  const text = await read("docs/guarantees.md");
  const rows = text.split("\n").filter((line) => /^\| F\d+ \|/.test(line));
  expect(rows.map((row) => row.split(" ")[1])).toEqual(Array.from({ length: 28 }, (_, at) => `F${at + 1}`));
  for (const row of rows) {
    const covered = referencesIn("docs/guarantees.md", row).some(({ path }) =>
      /\.test\.ts$|^tools\/|\/sim\//.test(path),
    );
    expect(covered || row.includes("Not covered"), row).toBe(true);
  }
});

test("a link, what is quoted of it and a script are found, and links elsewhere are not", () => {
  const text = 'see [a](../b/c.test.ts) "x y", "z" and [d](e.md#part), [f](https://g), [h](#i), `npm run j:k -- --l`';
  expect(referencesIn("docs/m.md", text)).toEqual([
    { path: "b/c.test.ts", quote: "x y" },
    { path: "b/c.test.ts", quote: "z" },
    { path: "docs/e.md", quote: null },
  ]);
  expect(scriptsIn(text)).toEqual(["j:k"]);
});

import { open } from "node:fs/promises";
import { exportedLetter } from "@weir/rejected";
import { flag, integer, text } from "../../cli/arguments.ts";
import { count } from "../../cli/format.ts";
import { choosing, chosenLetters, defineAction, INTERRUPTED } from "./world.ts";

export const exportAction = defineAction({
  usage: "export --out FILE.jsonl [options]",
  about: "Writes them to a file, one JSON document a line, in the order of the rejected topic's partitions",
  options: {
    out: text({ about: "where to; what was in it is gone", placeholder: "FILE.jsonl", fallback: null }),
    payload: flag("key, headers and payload as they are; without it their kinds and lengths, as show tells them"),
    limit: integer({ about: "how many at most", min: 1, max: Number.MAX_SAFE_INTEGER, fallback: null }),
    ...choosing,
  },
  more: [
    'Bytes are texts where they are UTF-8, else {"base64": ...}. With --payload a line can be mended by hand (its payload, and',
    "key if need be) and sent in with replay --fixed. The file then holds payments: it is made readable for its owner alone.",
    "",
    "Exit codes: 0 all is written; 1 Kafka or the file failed; 78 something must be changed; 130 stopped by Ctrl-C: the file",
    "ends with a whole line.",
  ],
  check: (words, { out }) => [
    ...words.map((word) => `${JSON.stringify(word)} means nothing here`),
    ...(out === null ? ["--out is missing"] : []),
  ],
  async act(_words, { out, payload, limit, ...chosen }, world) {
    await using file = await open(out ?? "", "w", 0o600);
    const most = limit ?? Number.POSITIVE_INFINITY;
    let written = 0;
    for await (const { letters } of chosenLetters(world, chosen)) {
      const lines = letters
        .slice(0, most - written)
        .map((letter) => JSON.stringify(exportedLetter(letter, { payload })));
      if (lines.length > 0) await file.appendFile(`${lines.join("\n")}\n`);
      written += lines.length;
      if (written >= most) break;
    }
    world.screen.clear();
    console.log(`${count(written)} rejected records written to ${out}`);
    return world.interrupt.aborted ? INTERRUPTED : 0;
  },
});

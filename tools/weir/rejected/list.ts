import { type LetterRow, Listing, listed, printable } from "@weir/rejected";
import { choice, flag, integer } from "../../cli/arguments.ts";
import { count } from "../../cli/format.ts";
import { choosing, chosenLetters, defineAction, INTERRUPTED } from "./world.ts";

/** More than one reads; export is for all of them. */
const MOST = 10_000;

export const listAction = defineAction({
  usage: "list [options]",
  about: "Lists what could not be decided: where it came from, when, why, how large; and how many there are by reason",
  options: {
    ...choosing,
    order: choice({ about: "which to show", words: ["newest", "oldest"], fallback: "newest" }),
    limit: integer({ about: "rows to show at most", min: 1, max: MOST, fallback: 50 }),
    json: flag("one JSON document instead of a table"),
  },
  more: [
    "The time is the input record's own timestamp, the bytes those of its key, value and headers",
    "(of one that was too large, those of its reference). Nothing of a payload is shown.",
    "",
    "Exit codes: 0 all is read; 1 Kafka failed; 78 something must be changed; 130 stopped by Ctrl-C, what was read is shown.",
  ],
  check: (words) => words.map((word) => `${JSON.stringify(word)} means nothing here`),
  async act(_words, values, world) {
    const listing = new Listing(values.limit, values.order);
    let others = 0;
    for await (const batch of chosenLetters(world, values)) {
      for (const letter of batch.letters) listing.add(letter);
      others += batch.others;
    }
    const rows = listing.rows();
    console.log(
      values.json
        ? JSON.stringify(listed(rows, listing.totals, others), null, 2)
        : listText(rows, listing.totals, others, values.order),
    );
    return world.interrupt.aborted ? INTERRUPTED : 0;
  },
});

type Totals = ReadonlyMap<string, number>;

/** `others`: records that Weir did not write. */
export function listText(rows: readonly LetterRow[], totals: Totals, others: number, order: string): string {
  const head = ["origin", "time", "reason", "first fault", "bytes"];
  const cells = rows.map(({ origin, timestampMs, reason, firstFault, bytes }) => [
    origin,
    timestampMs < 0 ? "none" : new Date(timestampMs).toISOString(),
    reason,
    firstFault === null
      ? ""
      : printable(`${firstFault.field}: expected ${firstFault.expected}, got ${firstFault.got}`).slice(0, 70),
    String(bytes),
  ]);
  const widths = head.map((name, column) => Math.max(name.length, ...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === 4 ? cell.padStart(widths[4] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join("  ");
  const all = [...totals.values()].reduce((sum, one) => sum + one, 0);
  const byReason = [...totals].toSorted(([, a], [, b]) => b - a);
  const named = Math.max(0, ...byReason.map(([reason]) => reason.length));
  return [
    ...(rows.length === 0 ? [] : [line(head), ...cells.map(line), ""]),
    all === 0
      ? "nothing was rejected, or nothing is kept any more"
      : `${count(rows.length)} of ${count(all)} shown, the ${order} first`,
    ...byReason.map(([reason, of]) => `  ${reason.padEnd(named)}  ${count(of)}`),
    ...(others === 0 ? [] : [`${count(others)} records in the topic were not written by Weir`]),
  ].join("\n");
}

/**
 * The part of the data that the project ships for its tests: the customers with most published rows and those who paid
 * twice in one second, and the terminals where they did so, each with all of its payments. So a published row of such a
 * customer at such a terminal has the same features in the cut as in the whole.
 */
const MOST_PUBLISHED = 10;

export type Cut = { readonly rows: string; readonly golden: string; readonly published: number };

/** Both as CSV: the payments with tx_id, t_sec, customer and terminal first, and the published rows with tx_id first. */
export function cutOf(payments: string, golden: string, fromSeconds: number): Cut {
  const [header = "", ...rows] = linesOf(payments);
  const [goldenHeader = "", ...goldenRows] = linesOf(golden);
  const byId = new Map(rows.map((row) => [fieldOf(row, ID), row]));
  const published = goldenRows.map((row) => byId.get(fieldOf(row, ID)) ?? "");
  const byCustomer = Map.groupBy(published, (row) => fieldOf(row, CUSTOMER));
  const most = [...byCustomer].sort(([, a], [, b]) => b.length - a.length).slice(0, MOST_PUBLISHED);
  const customers = new Set([...most.map(([customer]) => customer), ...hasty(rows, fromSeconds)]);
  const own = published.filter((row) => customers.has(fieldOf(row, CUSTOMER)));
  const terminals = new Set(own.map((row) => fieldOf(row, TERMINAL)));
  const ids = new Set(own.map((row) => fieldOf(row, ID)));
  const kept = rows.filter((row) => customers.has(fieldOf(row, CUSTOMER)) || terminals.has(fieldOf(row, TERMINAL)));
  const features = [goldenHeader, ...goldenRows.filter((row) => ids.has(fieldOf(row, ID)))];
  return {
    rows: textOf([header, ...kept]),
    golden: textOf(features.map((row) => row.split(",").slice(0, GOLDEN_FIELDS).join(","))),
    published: ids.size,
  };
}

const [ID, SECONDS, CUSTOMER, TERMINAL] = [0, 1, 2, 3];
/** tx_id and the features, without the score of a model. */
const GOLDEN_FIELDS = 16;

/** Customers who paid twice in one second. */
function hasty(rows: readonly string[], fromSeconds: number): Set<string> {
  const found = new Set<string>();
  const last = new Map<string, string>();
  for (const row of rows) {
    const [customer, seconds] = [fieldOf(row, CUSTOMER), fieldOf(row, SECONDS)];
    if (last.get(customer) === seconds && Number(seconds) >= fromSeconds) found.add(customer);
    last.set(customer, seconds);
  }
  return found;
}

function fieldOf(row: string, index: number): string {
  return row.split(",")[index] ?? "";
}

function linesOf(csv: string): string[] {
  return csv.split("\n").filter((line) => line !== "");
}

function textOf(lines: readonly string[]): string {
  return `${lines.join("\n")}\n`;
}

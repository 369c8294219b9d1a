/**
 * The 15 features of the card-fraud handbook computed as a batch over the whole file, in plain code that shares nothing
 * with the engine: for each key its transactions sorted by time, sums from the first on, and two binary searches for
 * each window. Windows are (t - w, t], for terminals (t - 7d - w, t - 7d].
 *
 * https://fraud-detection-handbook.github.io/fraud-detection-handbook/Chapter_3_GettingStarted/BaselineFeatureTransformation.html
 */
export type Transactions = {
  readonly ids: readonly string[];
  /** Seconds since 2018-04-01T00:00:00Z, a Sunday. */
  readonly seconds: Float64Array;
  readonly customers: readonly string[];
  readonly terminals: readonly string[];
  readonly cents: Float64Array;
  readonly frauds: Uint8Array;
};

export const FEATURES = [
  "amount",
  "weekend",
  "night",
  "customer_count_1d",
  "customer_mean_1d",
  "customer_count_7d",
  "customer_mean_7d",
  "customer_count_30d",
  "customer_mean_30d",
  "terminal_count_1d",
  "terminal_risk_1d",
  "terminal_count_7d",
  "terminal_risk_7d",
  "terminal_count_30d",
  "terminal_risk_30d",
] as const;

const DAY = 86_400;
/**
 * The days of the handbook's protocol, 2018-07-25 to 2018-08-14, both included: a week each to train, to wait for labels
 * and to test. The windows reach back 37 days before.
 */
export const PROTOCOL = { fromSeconds: 115 * DAY, untilSeconds: 136 * DAY, days: 21 } as const;

const WINDOWS = [1, 7, 30].map((days) => days * DAY);
const DELAY = 7 * DAY;

/** Columns tx_id, t_sec, customer, terminal, amount, fraud and perhaps more, without quotes. */
export function parseTransactions(csv: string): Transactions {
  const [header = "", ...lines] = csv.split("\n").filter((line) => line !== "");
  const rows = lines.map((line) => line.split(","));
  const column = (name: string): string[] => {
    const index = header.split(",").indexOf(name);
    if (index === -1) throw new Error(`no column ${name} in ${header}`);
    return rows.map((row) => row[index] as string);
  };
  return {
    ids: column("tx_id"),
    seconds: Float64Array.from(column("t_sec"), Number),
    customers: column("customer"),
    terminals: column("terminal"),
    cents: Float64Array.from(column("amount"), (amount) => Math.round(Number(amount) * 100)),
    frauds: Uint8Array.from(column("fraud"), Number),
  };
}

/**
 * What of the transaction's own second is in its window: those up to it in the file, as in the handbook and in Weir, or
 * all of them.
 */
export type SameSecond = "up to it" | "all";

/** Features of the transaction at `row`, in the order of FEATURES. */
export function createBatch(transactions: Transactions, sameSecond: SameSecond): (row: number) => number[] {
  const { seconds, customers, terminals, cents, frauds } = transactions;
  const ofCustomer = historyOf(customers, seconds, cents);
  const ofTerminal = historyOf(terminals, seconds, frauds);
  return (row) => {
    const t = seconds[row] as number;
    const day = Math.floor(t / DAY);
    const features = [
      (cents[row] as number) / 100,
      // Days from a Sunday on: 0 and 6 are the weekend.
      day % 7 === 0 || day % 7 === 6 ? 1 : 0,
      Math.floor((t - day * DAY) / 3600) <= 6 ? 1 : 0,
    ];
    for (const window of WINDOWS) {
      const last = sameSecond === "all" ? undefined : row;
      const { count, sum } = ofCustomer(customers[row] as string, t - window, t, last);
      features.push(count, sum / (100 * count));
    }
    for (const window of WINDOWS) {
      const { count, sum } = ofTerminal(terminals[row] as string, t - DELAY - window, t - DELAY);
      features.push(count, count === 0 ? 0 : sum / count);
    }
    return features;
  };
}

/** In time order, ties in the order of the file; sums[n] is of the first n values. */
type History = {
  readonly rows: readonly number[];
  readonly times: readonly number[];
  readonly sums: readonly number[];
};

/** For each key how many transactions are in (after, until], up to row `last` of those at `until`; and their sum. */
function historyOf(keys: readonly string[], seconds: Float64Array, values: Float64Array | Uint8Array) {
  const rowsOf = Map.groupBy(keys.keys(), (row) => keys[row] as string);
  const histories = new Map<string, History>();
  for (const [key, rows] of rowsOf) {
    rows.sort((a, b) => (seconds[a] as number) - (seconds[b] as number));
    const sums = [0];
    for (const row of rows) sums.push((sums.at(-1) as number) + (values[row] as number));
    histories.set(key, { rows, times: rows.map((row) => seconds[row] as number), sums });
  }
  return (key: string, after: number, until: number, last?: number) => {
    const { rows, times, sums } = histories.get(key) ?? { rows: [], times: [], sums: [0] };
    const from = notAfter(times, after);
    let to = notAfter(times, until);
    if (last !== undefined) while (rows[to - 1] !== last) to -= 1;
    return { count: to - from, sum: (sums[to] as number) - (sums[from] as number) };
  };
}

/** How many of the sorted times are at most `time`. */
function notAfter(times: readonly number[], time: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] as number) <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}

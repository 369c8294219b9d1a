package peer;

import java.util.Arrays;

/** Features of one entity at a payment, of the events at (t - window, t]; amounts in major units. */
final class Windows {
  static final int COUNT = 8;
  static final int COUNT_10M = 0;
  static final int COUNT_24H = 1;
  static final int SPEND_24H = 2;
  static final int OTHERS_1H = 3;
  static final int KNOWN_90D = 4;
  static final int PAYMENTS_30D = 5;
  static final int USUAL_30D = 6;
  static final int SPREAD_30D = 7;

  static final long MINUTE_MS = 60_000;
  static final long HOUR_MS = 60 * MINUTE_MS;
  static final long DAY_MS = 24 * HOUR_MS;
  /** How much later than younger ones an event may come and still be kept. */
  static final long LATENESS_MS = 12 * HOUR_MS;

  private long[] others = new long[64];

  /** {count, sum} over an hour, the payment itself with them. */
  double[] one(byte[] history, long nowMs, int amountMinor) {
    long count = 1;
    long sum = amountMinor;
    for (int index = History.length(history) - 1; index >= 0; index--) {
      long ageMs = nowMs - History.timeMs(history, index);
      if (ageMs < 0 || ageMs >= HOUR_MS) continue;
      count++;
      sum += History.amountMinor(history, index);
    }
    return new double[] {count, sum / 100.0};
  }

  /** All eight in one pass. The last four are of what was before. */
  double[] eight(byte[] history, long nowMs, int amountMinor, long other) {
    long count10m = 1;
    long count24h = 1;
    long spend24h = amountMinor;
    int distinct = 0;
    others[distinct++] = other;
    boolean known = false;
    long payments30d = 0;
    long sum30d = 0;
    long squares30d = 0;
    for (int index = History.length(history) - 1; index >= 0; index--) {
      long ageMs = nowMs - History.timeMs(history, index);
      if (ageMs < 0 || ageMs >= 90 * DAY_MS) continue;
      long who = History.other(history, index);
      known |= who == other;
      if (ageMs >= 30 * DAY_MS) continue;
      long amount = History.amountMinor(history, index);
      payments30d++;
      sum30d += amount;
      squares30d += amount * amount;
      if (ageMs >= DAY_MS) continue;
      count24h++;
      spend24h += amount;
      if (ageMs < 10 * MINUTE_MS) count10m++;
      if (ageMs < HOUR_MS && !contains(distinct, who)) {
        if (distinct == others.length) others = Arrays.copyOf(others, 2 * distinct);
        others[distinct++] = who;
      }
    }
    double usual = payments30d == 0 ? 0 : (double) sum30d / payments30d;
    double spread =
        payments30d == 0 ? 0 : Math.sqrt((double) (payments30d * squares30d - sum30d * sum30d)) / payments30d;
    return new double[] {
      count10m, count24h, spend24h / 100.0, distinct, known ? 1 : 0, payments30d, usual / 100, spread / 100
    };
  }

  private boolean contains(int distinct, long who) {
    for (int index = 0; index < distinct; index++) if (others[index] == who) return true;
    return false;
  }
}

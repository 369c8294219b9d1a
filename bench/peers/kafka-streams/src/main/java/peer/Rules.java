package peer;

import static peer.Windows.*;

/** The rules of bench/rulesets by hand: a bit for each that hits. */
final class Rules {
  static final String[] NAMES = {
    "large", "rapid", "spree", "fan-out", "stranger", "unusual", "outlier",
    "crowd", "well-paid", "fan-in", "new-payer", "unusual-for-target", "outlier-for-target"
  };
  static final double[] SCORES = {0.95, 0.7, 0.75, 0.8, 0.65, 0.7, 0.75, 0.7, 0.75, 0.8, 0.65, 0.7, 0.75};

  private Rules() {}

  static int large(int amountMinor) {
    return hit(0, amountMinor >= 90_000);
  }

  static int oneWindow(int amountMinor, double[] countAndSpend) {
    return large(amountMinor) | hit(2, countAndSpend[0] >= 3 && countAndSpend[1] >= 1_800);
  }

  static int eightWindows(int amountMinor, double[] of) {
    double amount = amountMinor / 100.0;
    double spread = of[SPREAD_30D];
    return large(amountMinor)
        | hit(1, of[COUNT_10M] >= 3)
        | hit(2, of[COUNT_24H] >= 25 && of[SPEND_24H] >= 14_000)
        | hit(3, of[OTHERS_1H] >= 5)
        | hit(4, of[KNOWN_90D] == 0 && of[PAYMENTS_30D] >= 3 && amount >= 890)
        | hit(5, of[PAYMENTS_30D] >= 5 && amount > 1.9 * of[USUAL_30D])
        | hit(6, of[PAYMENTS_30D] >= 10 && spread > 0 && (amount - of[USUAL_30D]) / spread > 1.75);
  }

  static int chain(int amountMinor, double[] ofSource, double[] of) {
    double amount = amountMinor / 100.0;
    double spread = of[SPREAD_30D];
    return eightWindows(amountMinor, ofSource)
        | hit(7, of[COUNT_10M] >= 4)
        | hit(8, of[COUNT_24H] >= 26 && of[SPEND_24H] >= 15_000)
        | hit(9, of[OTHERS_1H] >= 6)
        | hit(10, of[KNOWN_90D] == 0 && of[PAYMENTS_30D] >= 3 && amount >= 895)
        | hit(11, of[PAYMENTS_30D] >= 5 && amount > 2.1 * of[USUAL_30D])
        | hit(12, of[PAYMENTS_30D] >= 10 && spread > 0 && (amount - of[USUAL_30D]) / spread > 1.85);
  }

  private static int hit(int rule, boolean hits) {
    return hits ? 1 << rule : 0;
  }
}

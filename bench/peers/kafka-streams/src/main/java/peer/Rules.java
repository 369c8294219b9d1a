package peer;

import static peer.Windows.*;

/** The rules of ../../../../../../rulesets, by hand. */
final class Rules {
  private Rules() {}

  static boolean large(int amountMinor) {
    return amountMinor >= 90_000;
  }

  static boolean oneWindow(int amountMinor, double[] countAndSpend) {
    return large(amountMinor) || (countAndSpend[0] >= 3 && countAndSpend[1] >= 1_800);
  }

  static boolean eightWindows(int amountMinor, double[] of) {
    double amount = amountMinor / 100.0;
    return large(amountMinor) || bySource(amount, of);
  }

  static boolean chain(int amountMinor, double[] ofSource, double[] ofTarget) {
    double amount = amountMinor / 100.0;
    return large(amountMinor) || bySource(amount, ofSource) || byTarget(amount, ofTarget);
  }

  private static boolean bySource(double amount, double[] of) {
    return of[COUNT_10M] >= 3
        || (of[COUNT_24H] >= 25 && of[SPEND_24H] >= 14_000)
        || of[OTHERS_1H] >= 5
        || (of[KNOWN_90D] == 0 && of[PAYMENTS_30D] >= 3 && amount >= 890)
        || (of[PAYMENTS_30D] >= 5 && amount > 1.9 * of[USUAL_30D])
        || (of[PAYMENTS_30D] >= 10 && of[SPREAD_30D] > 0 && (amount - of[USUAL_30D]) / of[SPREAD_30D] > 1.75);
  }

  private static boolean byTarget(double amount, double[] of) {
    return of[COUNT_10M] >= 4
        || (of[COUNT_24H] >= 26 && of[SPEND_24H] >= 15_000)
        || of[OTHERS_1H] >= 6
        || (of[KNOWN_90D] == 0 && of[PAYMENTS_30D] >= 3 && amount >= 895)
        || (of[PAYMENTS_30D] >= 5 && amount > 2.1 * of[USUAL_30D])
        || (of[PAYMENTS_30D] >= 10 && of[SPREAD_30D] > 0 && (amount - of[USUAL_30D]) / of[SPREAD_30D] > 1.85);
  }
}

package peer;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The events of one key as the store holds them: no object for each, 20 bytes for time, amount and the other party's
 * hash. To add one is one copy.
 */
final class History {
  static final byte[] EMPTY = {};
  private static final int BYTES = 20;
  private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);

  private History() {}

  static int length(byte[] history) {
    return history.length / BYTES;
  }

  static long timeMs(byte[] history, int index) {
    return (long) LONG.get(history, index * BYTES);
  }

  static int amountMinor(byte[] history, int index) {
    return (int) INT.get(history, index * BYTES + 8);
  }

  static long other(byte[] history, int index) {
    return (long) LONG.get(history, index * BYTES + 12);
  }

  /** The event comes last; those at the front whose time is at or before `expiredMs` go. */
  static byte[] with(byte[] history, long expiredMs, long timeMs, int amountMinor, long other) {
    int first = 0;
    while (first < length(history) && timeMs(history, first) <= expiredMs) first++;
    byte[] next = Arrays.copyOfRange(history, first * BYTES, history.length + BYTES);
    int at = next.length - BYTES;
    LONG.set(next, at, timeMs);
    INT.set(next, at + 8, amountMinor);
    LONG.set(next, at + 12, other);
    return next;
  }
}

package tocsin.bench;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;

/** The twin of fold.py: the same integers, the same answers. State is 56 bytes. */
final class Fold {
  static final int RESULT_EVERY = 10;

  long events, credits, debits, debitEvents, debitRun, balanceSum, lowestBalance;

  static Fold from(byte[] bytes) {
    Fold fold = new Fold();
    if (bytes == null) return fold;
    ByteBuffer in = ByteBuffer.wrap(bytes);
    fold.events = in.getLong();
    fold.credits = in.getLong();
    fold.debits = in.getLong();
    fold.debitEvents = in.getLong();
    fold.debitRun = in.getLong();
    fold.balanceSum = in.getLong();
    fold.lowestBalance = in.getLong();
    return fold;
  }

  byte[] bytes() {
    return ByteBuffer.allocate(56).putLong(events).putLong(credits).putLong(debits).putLong(debitEvents)
        .putLong(debitRun).putLong(balanceSum).putLong(lowestBalance).array();
  }

  static long minor(String amount) {
    int length = amount.length();
    return Long.parseLong(amount.substring(0, length - 3) + amount.substring(length - 2));
  }

  long apply(String direction, long amount, long balance) {
    events++;
    if (direction.equals("CREDIT")) {
      credits += amount;
      debitRun = 0;
    } else {
      debits += amount;
      debitEvents++;
      debitRun++;
    }
    balanceSum += balance;
    lowestBalance = Math.min(lowestBalance, balance);
    return score(balance);
  }

  private long score(long balance) {
    long flow = credits + debits;
    long outflowShare = flow != 0 ? Math.floorDiv(debits * 1000, flow) : 0;
    long erosion = balanceSum > 0 ? Math.floorDiv(balance * events * 1000, balanceSum) : 0;
    long lowWater = lowestBalance < 0 ? 1000 : 0;
    long frequency = Math.floorDiv(debitEvents * 1000, events);
    long run = Math.min(debitRun, 10) * 100;
    long thin = Math.min(Math.max(0, 1000 - erosion), 1000);
    return Math.floorDiv(outflowShare * 3 + thin * 3 + lowWater + frequency + run * 2, 10);
  }

  static boolean resultIsDue(String borrower, long events) {
    CRC32 crc = new CRC32();
    crc.update(borrower.getBytes(StandardCharsets.UTF_8));
    return (events + crc.getValue()) % RESULT_EVERY == 0;
  }
}

package io.coatcheck.benchmarks;

import java.util.Arrays;
import java.util.Random;

/**
 * The visitors: how many sessions there are, what is in them, and in which order they come.
 *
 * <p>The order follows Zipf's law with an exponent of 1: the most active session is seen about
 * twice as often as the second, and with 100,000 sessions the first 1 % make about 60 % of the
 * requests. Everything is the same in each run.
 */
final class Workload {

  static final String PRINCIPAL = "principal";
  static final String LOCALE = "locale";
  static final String CART = "cart";

  private static final int VISITS = 1 << 20;

  private final int sessions;
  private final int[] visits;
  private int next;

  Workload(int sessions) {
    this.sessions = sessions;
    visits = visits(sessions);
  }

  private static int[] visits(int sessions) {
    double[] upTo = new double[sessions];
    double sum = 0;
    for (int rank = 0; rank < sessions; rank++) {
      sum += 1.0 / (rank + 1);
      upTo[rank] = sum;
    }
    Random random = new Random(42);
    int[] sessionOfRank = new int[sessions];
    for (int rank = 0; rank < sessions; rank++) {
      int other = random.nextInt(rank + 1);
      sessionOfRank[rank] = sessionOfRank[other];
      sessionOfRank[other] = rank;
    }
    int[] visits = new int[VISITS];
    for (int i = 0; i < VISITS; i++) {
      int found = Arrays.binarySearch(upTo, random.nextDouble() * sum);
      visits[i] = sessionOfRank[found < 0 ? -found - 1 : found];
    }
    return visits;
  }

  int sessions() {
    return sessions;
  }

  /** Returns whose request is next. Not thread-safe: each thread has a workload of its own. */
  int next() {
    next = (next + 1) & (VISITS - 1);
    return visits[next];
  }

  /** Returns whose request is the {@code n}th, for several threads. */
  int visitor(long n) {
    return visits[(int) n & (VISITS - 1)];
  }

  static String principal(int session) {
    return "user-" + (1_000_000 + session);
  }

  static String locale(int session) {
    return "lang-" + (100 + session % 200);
  }

  static String cart(int session) {
    return "item-" + (500_000 + session) + " x 2";
  }
}

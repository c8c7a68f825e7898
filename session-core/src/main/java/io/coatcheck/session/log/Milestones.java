package io.coatcheck.session.log;

/** The counts at which a repeated problem is logged: 1, 2, 4, 8 and so on. */
public final class Milestones {

  private Milestones() {}

  /** Returns whether a count is a power of two. */
  public static boolean include(long count) {
    return Long.bitCount(count) == 1;
  }
}

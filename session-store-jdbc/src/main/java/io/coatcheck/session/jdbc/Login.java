package io.coatcheck.session.jdbc;

import io.coatcheck.session.token.SessionId;
import java.util.Comparator;

/** A live session of the principal, ordered by which has to end first. */
record Login(SessionId id, long authenticatedAt) implements Comparable<Login> {

  private static final Comparator<Login> OLDEST_FIRST =
      Comparator.comparingLong(Login::authenticatedAt).thenComparing(Login::id);

  @Override
  public int compareTo(Login other) {
    return OLDEST_FIRST.compare(this, other);
  }
}

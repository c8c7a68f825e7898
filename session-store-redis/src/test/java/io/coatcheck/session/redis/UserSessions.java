package io.coatcheck.session.redis;

import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.testkit.SampleSessions;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/** The sessions of a user on several devices. */
final class UserSessions {

  private UserSessions() {}

  /** Returns sessions that are not stored yet, of logins one second apart. */
  static List<StoredSession> of(String principal, int count, Instant firstLogin) {
    return IntStream.range(0, count)
        .mapToObj(i -> SampleSessions.authenticated(principal, firstLogin.plusSeconds(i)).build())
        .toList();
  }

  /**
   * Signs a user out everywhere; returns how many sessions ended, and adds them to {@code ended}.
   */
  static int signOut(SessionStore store, String principal, List<StoredSession> ended) {
    return store
        .principalIndex()
        .orElseThrow()
        .deleteByPrincipal(principal, Set.of(), DeletedSessions.of(true, ended::add));
  }
}

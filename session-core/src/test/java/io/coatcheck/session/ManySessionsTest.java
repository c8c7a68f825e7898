package io.coatcheck.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.event.EndReason;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.token.SecretHash;
import io.coatcheck.session.token.SessionId;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** I20: a principal may have more sessions than anything here does at once. */
class ManySessionsTest {

  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
  private static final SecureRandom RANDOM = new SecureRandom();

  private final InMemorySessionStore store = InMemorySessionStore.builder().build();
  private final List<SessionEvent.Ended> ended = new ArrayList<>();

  private SessionManagerBuilder manager() {
    return SessionManager.builder(store)
        .clock(InstantSource.fixed(NOW.plusSeconds(5_000)))
        .cleanUpInterval(Duration.ZERO)
        .listener(
            event -> {
              if (event instanceof SessionEvent.Ended end) {
                ended.add(end);
              }
            });
  }

  private void insert(String principal, int number) {
    for (int i = 0; i < number; i++) {
      byte[] hash = new byte[SecretHash.LENGTH];
      RANDOM.nextBytes(hash);
      store.insert(
          StoredSession.builder(SessionId.generate(NOW, RANDOM))
              .secretHash(SecretHash.of(hash))
              .createdAt(NOW)
              .principal(principal)
              .authenticatedAt(NOW.plusSeconds(i))
              .lastSeenAt(NOW.plusSeconds(i * 7L % 5_000))
              .absoluteDeadline(NOW.plus(Duration.ofHours(12)))
              .build());
    }
  }

  @Test
  @DisplayName("stores 1: the list holds at most the maximum, those used last")
  void sessionsOf_moreThanTheMost_listsThoseUsedLast() {
    insert("alice", 2_600);
    try (SessionManager manager = manager().build()) {
      List<SessionInfo> listed = manager.sessionsOf("alice");
      assertThat(listed)
          .hasSize(SessionManager.MAX_LISTED)
          .isSortedAccordingTo(
              Comparator.comparing(SessionInfo::lastSeenAt)
                  .reversed()
                  .thenComparing(SessionInfo::id));
      Instant oldestListed = listed.get(listed.size() - 1).lastSeenAt();
      Set<SessionId> ids = new HashSet<>(listed.stream().map(SessionInfo::id).toList());
      PrincipalIndex index = store.principalIndex().orElseThrow();
      SessionId after = null;
      int left = 0;
      for (List<StoredSession> page = index.findByPrincipal("alice", null, 1_000);
          !page.isEmpty();
          page = index.findByPrincipal("alice", after, 1_000)) {
        for (StoredSession session : page) {
          after = session.id();
          if (!ids.contains(session.id())) {
            left++;
            assertThat(session.lastSeenAt()).isBeforeOrEqualTo(oldestListed);
          }
        }
      }
      assertThat(left).isEqualTo(2_600 - SessionManager.MAX_LISTED);
    }
  }

  @Test
  @DisplayName("B06: the first login after a limit was introduced ends the surplus, oldest first")
  void authenticate_farAboveTheLimit_endsTheSurplus() {
    insert("alice", 2_600);
    insert("bob", 3);
    try (SessionManager manager =
        manager().sessionsPerPrincipal(5, WhenFull.EVICT_OLDEST).build()) {
      LoginOutcome login = manager.authenticate(null, "alice", LoginOptions.defaults());
      assertThat(login).isInstanceOf(LoginOutcome.Granted.class);
      assertThat(manager.sessionsOf("alice"))
          .hasSize(5)
          .allSatisfy(
              left ->
                  assertThat(left.authenticatedAt().orElseThrow())
                      .isAfterOrEqualTo(NOW.plusSeconds(2_596)));
      assertThat(ended)
          .hasSize(2_596)
          .doesNotHaveDuplicates()
          .allSatisfy(end -> assertThat(end.reason()).isEqualTo(EndReason.LIMIT));
      assertThat(manager.sessionsOf("bob")).hasSize(3);
    }
  }

  @Test
  @DisplayName("B06: where newcomers are refused, nothing ends")
  void authenticate_farAboveTheLimit_isRefused() {
    insert("alice", 100);
    try (SessionManager manager =
        manager().sessionsPerPrincipal(5, WhenFull.REFUSE_NEWCOMER).build()) {
      assertThat(manager.authenticate(null, "alice", LoginOptions.defaults()))
          .isEqualTo(new LoginOutcome.Refused(LoginResult.LIMIT_REACHED));
      assertThat(ended).isEmpty();
    }
  }

  @Test
  @DisplayName("stores 1: all are revoked and reported, although a listener fails")
  void revokeAllOf_moreThanAStep_endsAndReportsAll() {
    insert("alice", 2_600);
    insert("bob", 3);
    try (SessionManager manager = manager().build()) {
      manager.addListener(
          event -> {
            if (ended.size() == 1) {
              throw new IllegalStateException("of the listener");
            }
          });
      assertThat(manager.revokeAllOf("alice")).isEqualTo(2_600);
      assertThat(ended).hasSize(2_600).doesNotHaveDuplicates();
      assertThat(manager.sessionsOf("alice")).isEmpty();
      assertThat(manager.sessionsOf("bob")).hasSize(3);
    }
  }
}

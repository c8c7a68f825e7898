package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.BatchTouch;
import io.coatcheck.session.store.CleanUp;
import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.Evictions;
import io.coatcheck.session.store.ForwardingNearCopies;
import io.coatcheck.session.store.ForwardingSessionStore;
import io.coatcheck.session.store.LiveSessions;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.NearCopies;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The contract of decorators detects each wrong decorator. */
@SuppressWarnings("UnnecessaryMethodReference") // Another object with the same effect.
class WrongDecoratorsTest {

  private static void assertFails(UnaryOperator<SessionStore> wrong, String... tests) {
    assertThat(ContractRun.decoratorFailures(wrong))
        .as("the tests that fail")
        .containsExactlyInAnyOrder(tests);
  }

  @Test
  void soundDecorator_passes() {
    assertFails(Sound::new);
  }

  @Test
  void capability_forgotten() {
    assertFails(
        store ->
            new Sound(store) {
              @Override
              public Optional<BatchTouch> batchTouch() {
                return Optional.empty();
              }
            },
        "answer_isTheCallersToChange",
        "capability_isOfferedOrWithheld",
        "operation_isForwardedAsTheSameCall");
  }

  @Test
  void capability_withheldButOffered() {
    assertFails(
        store ->
            new Sound(store) {
              @Override
              public Optional<LiveSessions> liveSessions() {
                return store().liveSessions();
              }
            },
        "capability_isOfferedOrWithheld",
        "capability_thatHandlesSessions_isNotTheWrappedStoresOwn");
  }

  @Test
  void capability_invented() {
    assertFails(
        store ->
            new Sound(store) {
              private final Optional<BatchTouch> none = Optional.of((moments, now) -> Set.of());

              @Override
              public Optional<BatchTouch> batchTouch() {
                return store().batchTouch().isPresent() ? store().batchTouch() : none;
              }
            },
        "capability_thatTheWrappedStoreLacks_isAbsent");
  }

  @Test
  void capability_newEachTime() {
    assertFails(
        store ->
            new Sound(store) {
              @Override
              public Optional<BatchTouch> batchTouch() {
                return store().batchTouch().map(inner -> inner::touchAll);
              }
            },
        "capability_isTheSameEachTime");
  }

  @Test
  void capabilityWithSessions_notWrapped() {
    assertFails(
        store ->
            new Sound(store) {
              @Override
              public Optional<Evictions> evictions() {
                return store().evictions();
              }
            },
        "capability_thatHandlesSessions_isNotTheWrappedStoresOwn");
  }

  @Test
  void defaultMethod_notForwarded() {
    assertFails(
        store ->
            new Sound(store) {
              @Override
              public Optional<StoredSession> delete(SessionId id, long generation) {
                return find(id)
                    .filter(session -> session.generation() == generation)
                    .flatMap(session -> delete(id));
              }
            },
        "operation_isForwardedAsTheSameCall");
  }

  @Test
  void defaultMethodOfACapability_notForwarded() {
    assertFails(
        store ->
            new Sound(store) {
              private final Optional<NearCopies> forgetful =
                  store()
                      .nearCopies()
                      .map(
                          inner ->
                              new ForwardingNearCopies(inner) {
                                @Override
                                public boolean touchInOutage(SessionId id, Instant lastSeenAt) {
                                  return false;
                                }
                              });

              @Override
              public Optional<NearCopies> nearCopies() {
                return forgetful;
              }
            },
        "operation_isForwardedAsTheSameCall");
  }

  @Test
  void setting_notForwarded() {
    assertFails(
        store ->
            new Sound(store) {
              @Override
              public Duration touchInterval() {
                return Duration.ofMinutes(1);
              }
            },
        "operation_isForwardedAsTheSameCall");
  }

  @Test
  void answer_changed() {
    assertFails(
        store ->
            new Sound(store) {
              @Override
              public CleanUp deleteExpired(
                  Instant cutoff, int limit, Consumer<StoredSession> deleted) {
                return new CleanUp(super.deleteExpired(cutoff, limit, deleted).deleted(), true);
              }
            },
        "operation_isForwardedAsTheSameCall");
  }

  @Test
  void close_notForwarded() {
    assertFails(
        store ->
            new Sound(store) {
              @Override
              public void close() {}
            },
        "operation_isForwardedAsTheSameCall");
  }

  @Test
  void needAttributes_lost() {
    assertFails(
        store ->
            new Sound(store) {
              private final Optional<PrincipalIndex> needing =
                  store()
                      .principalIndex()
                      .map(
                          inner ->
                              new Index(inner) {
                                @Override
                                public int deleteByPrincipal(
                                    String principal,
                                    Set<SessionId> except,
                                    DeletedSessions deleted) {
                                  return super.deleteByPrincipal(
                                      principal, except, deleted::accept);
                                }
                              });

              @Override
              public Optional<PrincipalIndex> principalIndex() {
                return needing;
              }
            },
        "needAttributes_isPassedOn");
  }

  @Test
  void list_copiedToOneThatCannotBeChanged() {
    assertFails(
        store ->
            new Sound(store) {
              private final Optional<PrincipalIndex> copying =
                  super.principalIndex()
                      .map(
                          index ->
                              new Index(index) {
                                @Override
                                public List<StoredSession> findByPrincipal(
                                    String principal, @Nullable SessionId after, int limit) {
                                  return List.copyOf(
                                      super.findByPrincipal(principal, after, limit));
                                }
                              });

              @Override
              public Optional<PrincipalIndex> principalIndex() {
                return copying;
              }
            },
        "answer_isTheCallersToChange");
  }

  /** Wraps each capability that handles sessions, and withholds the live ones. */
  private static class Sound extends ForwardingSessionStore {

    private final Optional<PrincipalIndex> index;
    private final Optional<LoginLimit> limit;
    private final Optional<Evictions> evictions;
    private final Optional<NearCopies> copies;

    Sound(SessionStore store) {
      super(store);
      index = store.principalIndex().map(Index::new);
      limit = store.loginLimit().map(inner -> inner::admit);
      evictions = store.evictions().map(inner -> inner::onEvicted);
      copies = store.nearCopies().map(inner -> new ForwardingNearCopies(inner) {});
    }

    @Override
    public Optional<PrincipalIndex> principalIndex() {
      return index;
    }

    @Override
    public Optional<LoginLimit> loginLimit() {
      return limit;
    }

    @Override
    public Optional<Evictions> evictions() {
      return evictions;
    }

    @Override
    public Optional<NearCopies> nearCopies() {
      return copies;
    }

    @Override
    public Optional<LiveSessions> liveSessions() {
      return Optional.empty();
    }
  }

  private static class Index implements PrincipalIndex {

    private final PrincipalIndex inner;

    Index(PrincipalIndex inner) {
      this.inner = inner;
    }

    @Override
    public List<StoredSession> findByPrincipal(
        String principal, @Nullable SessionId after, int limit) {
      return inner.findByPrincipal(principal, after, limit);
    }

    @Override
    public int deleteByPrincipal(String principal, Set<SessionId> except, DeletedSessions deleted) {
      return inner.deleteByPrincipal(principal, except, deleted);
    }

    @Override
    public int deleteOldest(String principal, int keep, Instant now, DeletedSessions deleted) {
      return inner.deleteOldest(principal, keep, now, deleted);
    }
  }
}

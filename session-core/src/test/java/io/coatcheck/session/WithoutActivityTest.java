package io.coatcheck.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionToken;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("A request that does not count as activity")
@ParameterizedClass(name = "{0}")
@EnumSource(WithoutActivityTest.Kind.class)
class WithoutActivityTest {

  private static final Duration IDLE = SessionPolicy.defaults().idleTimeout();

  /** The kinds of stores, which touch in ways of their own. */
  enum Kind {
    LIVE(store -> InMemorySessionStore.builder().build()),
    COPIES(store -> store),
    NEAR_CACHE(store -> NearCacheSessionStore.builder(store).build());

    @SuppressWarnings("ImmutableEnumChecker") // None of the functions above holds anything.
    private final Function<SessionStore, SessionStore> made;

    Kind(Function<SessionStore, SessionStore> made) {
      this.made = made;
    }
  }

  @Parameter Kind kind;

  private final TestClock clock = new TestClock();
  private SessionStore store;
  private SessionManager manager;

  @BeforeEach
  void start() {
    store =
        kind.made.apply(
            new HookedStore(
                InMemorySessionStore.builder().copyOnRead(true).build(), Duration.ofMinutes(1)));
    manager =
        SessionManager.builder(store)
            .clock(clock)
            .codec(EngineFixture.CODEC)
            .cleanUpInterval(Duration.ZERO)
            .renewInterval(Duration.ofMinutes(10))
            .build();
  }

  @AfterEach
  void stop() {
    manager.close();
  }

  private String loggedIn() {
    return EngineFixture.sent(
        EngineFixture.granted(manager.authenticate(null, "alice", LoginOptions.defaults())));
  }

  private Resolution poll(String token) {
    return manager.adapter().resolveWithoutActivity(List.of(token), List.of());
  }

  private Session polled(String token) {
    return ((Resolution.Live) poll(token)).session();
  }

  private Instant lastSeenAt(String token) {
    return store
        .find(SessionToken.parse(token).orElseThrow().id())
        .map(StoredSession::lastSeenAt)
        .orElseThrow();
  }

  /** What a poll may do with its session. */
  enum Work {
    READ {
      @Override
      void on(SessionManager manager, Session session) {
        manager.save(session);
      }
    },
    WRITE {
      @Override
      void on(SessionManager manager, Session session) {
        session.setAttribute("unread", session.generation() + session.lastSeenAt().toString());
        assertThat(manager.save(session)).isTrue();
      }
    },
    RENEW {
      @Override
      void on(SessionManager manager, Session session) {
        assertThat(manager.renew(session)).isTrue();
      }
    },
    RENEW_IN_PASSING {
      @Override
      void on(SessionManager manager, Session session) {
        manager.adapter().renewIfDue(session);
        manager.save(session);
      }
    };

    abstract void on(SessionManager manager, Session session);
  }

  @ParameterizedTest
  @DisplayName("is accepted, and never moves the deadline")
  @EnumSource(Work.class)
  void poll_doesNotExtend(Work work) {
    String token = loggedIn();
    Instant begun = clock.instant();
    for (int minute = 7; minute < IDLE.toMinutes(); minute += 7) {
      clock.advance(Duration.ofMinutes(7));
      Session session = polled(token);
      assertThat(session.expiresAt()).isEqualTo(begun.plus(IDLE));
      work.on(manager, session);
      assertThat(session.expiresAt()).isEqualTo(begun.plus(IDLE));
      token = session.unsentToken().map(SessionToken::value).orElse(token);
      assertThat(lastSeenAt(token)).isEqualTo(begun);
    }
    clock.advance(Duration.between(clock.instant(), begun.plus(IDLE)));
    assertThat(poll(token)).isInstanceOf(Resolution.Expired.class);
  }

  @Test
  @DisplayName("does not undo an extension by an active request")
  void write_besideARequestThatCounts_keepsItsActivity() {
    String token = loggedIn();
    clock.advance(Duration.ofMinutes(5));
    Session poll = polled(token);
    Session counts =
        ((Resolution.Live) manager.adapter().resolve(List.of(token), List.of())).session();
    counts.setAttribute("a", "1");
    assertThat(manager.save(counts)).isTrue();
    poll.setAttribute("b", "2");
    assertThat(manager.save(poll)).isTrue();

    assertThat(lastSeenAt(token)).isEqualTo(clock.instant());
  }

  @Test
  @DisplayName("a login in it counts as activity, and so does what it stores after the login")
  void login_counts() {
    String token = loggedIn();
    clock.advance(Duration.ofMinutes(5));
    Session session = polled(token);
    EngineFixture.granted(manager.authenticate(session, "alice", LoginOptions.defaults()));
    session.setAttribute("a", "1");
    assertThat(manager.save(session)).isTrue();

    assertThat(lastSeenAt(EngineFixture.sent(session))).isEqualTo(clock.instant());
  }

  @Test
  void refusedTokens_areRefused() {
    assertThat(poll("nonsense")).isInstanceOf(Resolution.Malformed.class);
    String token = loggedIn();
    clock.advance(IDLE);
    assertThat(poll(token)).isInstanceOf(Resolution.Expired.class);
    manager.revokeAllOf("alice");
    assertThat(poll(token)).isInstanceOf(Resolution.Unknown.class);
    assertThat(manager.adapter().resolveWithoutActivity(List.of(), List.of()))
        .isInstanceOf(Resolution.Absent.class);
  }
}

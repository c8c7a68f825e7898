package io.coatcheck.session.nearcache;

import static io.coatcheck.session.event.EndReason.IDLE;
import static io.coatcheck.session.nearcache.RemoteStore.NOW;
import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.LoginOutcome;
import io.coatcheck.session.Resolution;
import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.SessionPolicy;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.session.token.SessionToken;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@DisplayName("I6: deadlines of sessions whose copies a change feed keeps")
@Timeout(180)
class CopyDeadlinesTest {

  private static final SecureRandom RANDOM = new SecureRandom();

  private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 1_000);
  private final RemoteStore remote = new RemoteStore().withFeed();
  private final AtomicReference<Instant> clock = new AtomicReference<>(NOW);
  private final List<SessionEvent.Ended> ended = new CopyOnWriteArrayList<>();
  private final SessionManager here =
      manager(NearCacheSessionStore.builder(remote).nanoTime(nanos::get).build());
  private final SessionManager elsewhere = manager(remote);
  private final String token = login();

  @AfterEach
  void close() {
    here.close();
    elsewhere.close();
  }

  private SessionManager manager(SessionStore store) {
    return SessionManager.builder(store)
        .clock(clock::get)
        .policy(SessionPolicy.builder().idleTimeout(Duration.ofMinutes(30)).build())
        .cleanUpInterval(Duration.ZERO)
        .listener(
            event -> {
              if (event instanceof SessionEvent.Ended end) {
                ended.add(end);
              }
            })
        .build();
  }

  private String login() {
    LoginOutcome outcome = here.authenticate(null, "alice", LoginOptions.defaults());
    return ((LoginOutcome.Granted) outcome).session().unsentToken().orElseThrow().value();
  }

  private Resolution resolve(SessionManager node) {
    remote.feed.completeUpTo(nanos.get());
    return node.adapter().resolve(List.of(token));
  }

  /** What the store does just before it answers, so that the deadline of the copy passes. */
  private void answerLate() {
    remote.beforeTouch = () -> {};
    clock.updateAndGet(now -> now.plusMillis(20));
  }

  /** Returns the session just before the deadline that its copy shows; it is used elsewhere. */
  private Session usedElsewhere(SessionManager node) {
    resolve(node);
    clock.set(NOW.plus(Duration.ofMinutes(29)));
    elsewhere.save(((Resolution.Live) resolve(elsewhere)).session());
    clock.set(NOW.plus(Duration.ofMinutes(30)).minusMillis(10));
    return ((Resolution.Live) resolve(node)).session();
  }

  private void assertGoesOn(SessionManager node) {
    assertThat(clock.get()).isAfter(NOW.plus(Duration.ofMinutes(30)));
    assertThat(resolve(node)).isInstanceOf(Resolution.Live.class);
    assertThat(resolve(elsewhere)).isInstanceOf(Resolution.Live.class);
    assertThat(ended).isEmpty();
  }

  @Test
  @DisplayName("a session in use on another node does not expire here")
  void usedElsewhere_isLive() {
    resolve(here);
    clock.set(NOW.plus(Duration.ofMinutes(20)));
    Session session = ((Resolution.Live) resolve(elsewhere)).session();
    elsewhere.save(session);
    clock.set(NOW.plus(Duration.ofMinutes(40)));

    assertThat(resolve(here)).isInstanceOf(Resolution.Live.class);
  }

  @Test
  @DisplayName("a late update on an old copy does not end a session in use on another node")
  void usedElsewhere_lateUpdate_goesOn() {
    Session session = usedElsewhere(here);
    session.setAttribute("a", "1");
    remote.beforeUpdateAnswers = this::answerLate;

    assertThat(here.save(session)).isTrue();

    assertGoesOn(here);
  }

  @Test
  @DisplayName("nor does a late renewal")
  void usedElsewhere_lateRenewal_goesOn() {
    Session session = usedElsewhere(here);
    remote.beforeUpdateAnswers = this::answerLate;

    assertThat(here.renew(session)).isTrue();

    assertThat(session.isEnded()).isFalse();
    assertThat(remote.find(session.id())).isPresent();
    assertThat(ended).isEmpty();
  }

  @Test
  @DisplayName("nor does a late touch")
  void usedElsewhere_lateTouch_goesOn() {
    try (SessionManager alone =
        manager(
            NearCacheSessionStore.builder(remote).revalidate(false).nanoTime(nanos::get).build())) {
      Session session = usedElsewhere(alone);
      remote.beforeTouch = this::answerLate;

      assertThat(alone.save(session)).isTrue();

      assertThat(session.isEnded()).isFalse();
      assertGoesOn(alone);
    }
  }

  @Test
  @DisplayName("but a late update of a session that nobody used in time ends it")
  void unused_lateUpdate_isEnded() {
    resolve(here);
    clock.set(NOW.plus(Duration.ofMinutes(30)).minusMillis(10));
    Session session = ((Resolution.Live) resolve(here)).session();
    session.setAttribute("a", "1");
    remote.beforeUpdateAnswers = this::answerLate;

    assertThat(here.save(session)).isFalse();

    assertThat(resolve(elsewhere)).isInstanceOf(Resolution.Unknown.class);
    assertThat(ended).singleElement().extracting(SessionEvent.Ended::reason).isEqualTo(IDLE);
  }

  @Test
  @DisplayName("I2: and so does a late touch")
  void unused_lateTouch_isEnded() {
    resolve(here);
    clock.set(NOW.plus(Duration.ofMinutes(30)).minusMillis(10));
    Session session = ((Resolution.Live) resolve(here)).session();
    remote.beforeTouch = this::answerLate;

    here.save(session);

    assertThat(session.isEnded()).isTrue();
    assertThat(resolve(elsewhere)).isInstanceOf(Resolution.Unknown.class);
    assertThat(ended).singleElement().extracting(SessionEvent.Ended::reason).isEqualTo(IDLE);
  }

  @Test
  @DisplayName("a copy that expires while another token is looked up causes no refusal")
  void usedElsewhere_anotherTokensLookUp_isLive() {
    resolve(here);
    clock.set(NOW.plus(Duration.ofMinutes(29)));
    elsewhere.save(((Resolution.Live) resolve(elsewhere)).session());
    clock.set(NOW.plus(Duration.ofMinutes(30)).minusMillis(10));
    String junk = SessionToken.generate(SessionId.generate(NOW, RANDOM), RANDOM).value();
    remote.beforeFindAnswers = () -> clock.updateAndGet(now -> now.plusMillis(20));

    assertThat(here.adapter().resolve(List.of(token, junk))).isInstanceOf(Resolution.Live.class);

    assertGoesOn(here);
  }

  @Test
  @DisplayName("a copy that the feed keeps admits no request at the deadline, to the instant")
  void unused_expiresToTheInstant() {
    resolve(here);
    clock.set(NOW.plus(Duration.ofMinutes(30)).minusMillis(1));
    assertThat(here.adapter().resolveWithoutActivity(List.of(token), List.of()))
        .isInstanceOf(Resolution.Live.class);
    clock.set(NOW.plus(Duration.ofMinutes(30)));

    assertThat(resolve(here)).isInstanceOf(Resolution.Expired.class);
  }
}

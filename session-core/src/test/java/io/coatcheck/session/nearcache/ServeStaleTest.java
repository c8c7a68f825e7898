package io.coatcheck.session.nearcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.LoginOutcome;
import io.coatcheck.session.Resolution;
import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.SessionManagerBuilder;
import io.coatcheck.session.codec.JavaSerializationCodec;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.test.log.RecordedLog;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("stores 18: serveStaleOnOutage holds for requests that read, whatever else is due")
class ServeStaleTest {

  private static final Duration BOUND = Duration.ofSeconds(1);

  private final AtomicReference<Instant> time =
      new AtomicReference<>(Instant.parse("2026-03-01T12:00:00Z"));
  private final AtomicLong nanos = new AtomicLong();
  private final RemoteStore remote = new RemoteStore();
  private final List<SessionManager> opened = new ArrayList<>();
  private NearCacheSessionStore node;

  @AfterEach
  void close() {
    remote.down = false;
    opened.forEach(SessionManager::close);
  }

  private SessionManager manager(
      Duration serveStale, UnaryOperator<SessionManagerBuilder> settings) {
    node =
        NearCacheSessionStore.builder(remote)
            .maxStaleness(BOUND)
            .serveStaleOnOutage(serveStale)
            .revalidate(false)
            .nanoTime(nanos::get)
            .build();
    SessionManager made =
        settings
            .apply(
                SessionManager.builder(node)
                    .clock(time::get)
                    .codec(JavaSerializationCodec.builder().build())
                    .cleanUpInterval(Duration.ZERO))
            .build();
    opened.add(made);
    return made;
  }

  private SessionManager manager() {
    return manager(Duration.ofHours(1), builder -> builder);
  }

  private void pass(Duration more) {
    time.updateAndGet(now -> now.plus(more));
    nanos.addAndGet(more.toNanos());
  }

  private static String login(SessionManager manager) {
    Session session =
        ((LoginOutcome.Granted) manager.authenticate(null, "alice", LoginOptions.defaults()))
            .session();
    String token = session.unsentToken().orElseThrow().value();
    session.markTokenSent();
    manager.adapter().resolve(List.of(token));
    return token;
  }

  /** A request that only reads, as the filter does it. */
  private static Session read(SessionManager manager, String token) {
    Session session = ((Resolution.Live) manager.adapter().resolve(List.of(token))).session();
    if (!manager.adapter().renewIfDue(session)) {
      assertThat(manager.save(session)).isTrue();
    }
    return session;
  }

  @Test
  void dueTouch_doesNotEndIt() {
    SessionManager manager = manager();
    String token = login(manager);
    remote.down = true;

    // Longer than the idle timeout, of a user who clicks every minute.
    for (int minute = 0; minute < 59; minute++) {
      pass(Duration.ofMinutes(1));
      assertThat(read(manager, token).principal()).contains("alice");
    }
    pass(Duration.ofMinutes(2));
    assertThatThrownBy(() -> read(manager, token)).isInstanceOf(SessionStoreException.class);
  }

  @Test
  @DisplayName("the store is not asked for what can wait: each time would last its timeout")
  void staleCopy_touchIsNotTried() {
    SessionManager manager = manager();
    String token = login(manager);
    remote.down = true;
    pass(Duration.ofMinutes(2));

    read(manager, token);

    assertThat(remote.touches).hasValue(0);
  }

  @Test
  @DisplayName("a touch that fails while the copy is still young enough")
  void outageJustBegun_touchFails_isAdmitted() {
    SessionManager manager = manager();
    String token = login(manager);
    remote.down = true;
    time.updateAndGet(now -> now.plusSeconds(90));

    read(manager, token);

    assertThat(remote.touches).hasValue(1);
  }

  @Test
  @DisplayName("each request touches, with a touch interval of zero")
  void exactTouch_isNoReasonToRefuse() {
    SessionManager manager =
        manager(Duration.ofHours(1), builder -> builder.touchInterval(Duration.ZERO));
    String token = login(manager);
    remote.down = true;
    for (int i = 0; i < 5; i++) {
      time.updateAndGet(now -> now.plusMillis(100));
      assertThat(read(manager, token).principal()).contains("alice");
    }
    assertThat(remote.touches).as("tried while the copy is young").hasValue(5);
    pass(Duration.ofMinutes(5));
    assertThat(read(manager, token).principal()).contains("alice");
    assertThat(remote.touches).hasValue(5);
  }

  @Test
  @DisplayName("I6: where only writes fail, a session in use expires by what the store has")
  void onlyTouchesFail_expiresAsStored() {
    Duration grace = Duration.ofSeconds(10);
    SessionManager manager = manager(grace, builder -> builder);
    String token = login(manager);
    Revalidator revalidator =
        new Revalidator((Copies) node.nearCopies().orElseThrow(), remote, BOUND.dividedBy(4), null);
    remote.beforeTouch =
        () -> {
          throw new SessionStoreException("read-only");
        };
    Duration step = Duration.ofMillis(500);
    Duration used = Duration.ZERO;
    while (used.compareTo(Duration.ofMinutes(35)) < 0 && isAdmitted(manager, token)) {
      pass(step);
      used = used.plus(step);
      revalidator.revalidate();
    }

    assertThat(manager.adapter().resolve(List.of(token))).isInstanceOf(Resolution.Expired.class);
    Duration deadline = Duration.ofMinutes(30);
    assertThat(used).isBetween(deadline, deadline.plus(BOUND).plus(grace));
    assertThat(remote.finds.get()).as("comparisons keep the copy until then").isLessThan(10);
  }

  private static boolean isAdmitted(SessionManager manager, String token) {
    return manager.adapter().resolve(List.of(token)) instanceof Resolution.Live live
        && manager.save(live.session());
  }

  @Test
  @DisplayName("after the outage, the next request touches")
  void afterTheOutage_activityIsStored() {
    SessionManager manager = manager();
    String token = login(manager);
    remote.down = true;
    pass(Duration.ofMinutes(2));
    Session session = read(manager, token);
    remote.down = false;
    pass(Duration.ofSeconds(10));

    read(manager, token);

    assertThat(remote.find(session.id()).orElseThrow().lastSeenAt()).isEqualTo(time.get());
  }

  @Test
  @DisplayName("a renewal that is due waits for the end of the outage")
  void dueRenewal_waits() {
    SessionManager manager =
        manager(Duration.ofHours(1), builder -> builder.renewInterval(Duration.ofMinutes(15)));
    String token = login(manager);
    remote.down = true;
    for (int i = 0; i < 4; i++) {
      pass(Duration.ofMinutes(10));
      assertThat(read(manager, token).unsentToken()).isEmpty();
    }
    remote.down = false;
    // More than the idle timeout has passed since anything was stored, but for this touch.
    assertThat(manager.adapter().resolve(List.of(token))).isInstanceOf(Resolution.Expired.class);
  }

  @Test
  @DisplayName("I9: a write fails, and its outcome is not known, so that the copy goes")
  void write_fails() {
    SessionManager manager = manager();
    String token = login(manager);
    remote.down = true;
    pass(Duration.ofMinutes(2));
    Session session = ((Resolution.Live) manager.adapter().resolve(List.of(token))).session();
    session.setAttribute("a", "1");

    assertThatThrownBy(() -> manager.save(session)).isInstanceOf(SessionStoreException.class);
    assertThatThrownBy(() -> read(manager, token)).isInstanceOf(SessionStoreException.class);
  }

  @Test
  @DisplayName("I9: without it, a touch that fails fails the request")
  void notChosen_failsClosed() {
    SessionManager manager = manager(Duration.ZERO, builder -> builder);
    String token = login(manager);
    remote.down = true;
    time.updateAndGet(now -> now.plusSeconds(90));

    assertThatThrownBy(() -> read(manager, token)).isInstanceOf(SessionStoreException.class);
  }

  @Test
  @DisplayName("I2: what may have ended here is not served, though the answer was lost")
  void endedHere_isNotServed() {
    SessionManager manager = manager();
    String token = login(manager);
    Session session = ((Resolution.Live) manager.adapter().resolve(List.of(token))).session();
    remote.down = true;

    assertThatThrownBy(() -> manager.invalidate(session)).isInstanceOf(SessionStoreException.class);
    assertThatThrownBy(() -> read(manager, token)).isInstanceOf(SessionStoreException.class);
  }

  @Test
  @DisplayName("I2: nor what ended here while the look-up failed")
  void endedHereDuringTheLookUp_isNotServed() {
    SessionManager manager = manager();
    String token = login(manager);
    pass(Duration.ofSeconds(2));
    remote.beforeFindAnswers =
        () -> {
          manager.revokeAllOf("alice");
          throw new SessionStoreException("the answer was lost");
        };

    assertThatThrownBy(() -> manager.adapter().resolve(List.of(token)))
        .isInstanceOf(SessionStoreException.class);
  }

  @Test
  @DisplayName("that the store cannot be read is logged once, though every request is answered")
  void answersFromCopies_areLogged() {
    RecordedLog log = RecordedLog.of(NearCacheSessionStore.class);
    try (log) {
      SessionManager manager = manager();
      String token = login(manager);
      pass(Duration.ofSeconds(2));
      remote.down = true;
      for (int i = 0; i < 20; i++) {
        assertThat(manager.adapter().resolve(List.of(token))).isInstanceOf(Resolution.Live.class);
      }
    }

    assertThat(log.lines())
        .filteredOn(line -> line.startsWith("The store cannot be read, and sessions are served"))
        .hasSize(1);
  }
}

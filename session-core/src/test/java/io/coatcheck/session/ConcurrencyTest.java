package io.coatcheck.session;

import static io.coatcheck.session.EngineFixture.granted;
import static io.coatcheck.session.EngineFixture.sent;
import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.event.SessionListener;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.WhenFull;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Many rounds of the same race, begun at a barrier. */
class ConcurrencyTest {

  private static final int ROUNDS = 300;

  private final ExecutorService threads = Executors.newCachedThreadPool();

  @AfterEach
  void shutDown() throws InterruptedException {
    threads.shutdownNow();
    assertThat(threads.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
  }

  /** Runs all at once, and returns what each returned; what one throws fails the test. */
  private <T> List<T> atOnce(List<Callable<T>> tasks) throws Exception {
    CyclicBarrier barrier = new CyclicBarrier(tasks.size());
    List<Future<T>> futures = new ArrayList<>();
    for (Callable<T> task : tasks) {
      futures.add(
          threads.submit(
              () -> {
                barrier.await(60, TimeUnit.SECONDS);
                return task.call();
              }));
    }
    List<T> results = new ArrayList<>();
    for (Future<T> future : futures) {
      results.add(future.get(120, TimeUnit.SECONDS));
    }
    return results;
  }

  private static EngineFixture fixture(boolean copyOnRead) {
    return new EngineFixture(
        new HookedStore(
            InMemorySessionStore.builder().copyOnRead(copyOnRead).build(),
            copyOnRead ? Duration.ofMinutes(1) : Duration.ZERO),
        builder -> builder);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  @DisplayName("I4, F23: 20 requests each set an own and a common attribute: nothing is lost")
  void save_manyAtOnce_allSurvive(boolean copyOnRead) throws Exception {
    try (EngineFixture fixture = fixture(copyOnRead)) {
      for (int round = 0; round < ROUNDS / 10; round++) {
        String token = fixture.anonymous();
        List<Callable<Boolean>> requests =
            IntStream.range(0, 20)
                .<Callable<Boolean>>mapToObj(
                    i ->
                        () -> {
                          Session session = fixture.live(token);
                          session.setAttribute("own" + i, i);
                          session.setAttribute("common", i);
                          return fixture.manager.save(session);
                        })
                .toList();

        // If a compare-and-set were missing, one of the own attributes would be gone.
        assertThat(atOnce(requests)).containsOnly(true);

        Session after = fixture.live(token);
        assertThat(after.attributeNames()).hasSize(22);
        IntStream.range(0, 20).forEach(i -> assertThat(after.attribute("own" + i)).isEqualTo(i));
        assertThat((Integer) after.attribute("common")).isBetween(0, 19);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  @DisplayName("I2, F6: writes, touches and renewals against a logout: it never comes back")
  void invalidate_againstEverything_staysEnded(boolean copyOnRead) throws Exception {
    try (EngineFixture fixture = fixture(copyOnRead)) {
      for (int round = 0; round < ROUNDS; round++) {
        String token = fixture.loggedIn("alice");
        fixture.clock.advance(Duration.ofMinutes(2));
        Session writer = fixture.live(token);
        Session toucher = fixture.live(token);
        Session renewer = fixture.live(token);
        Session leaver = fixture.live(token);
        writer.setAttribute("a", "1");

        atOnce(
            List.<Callable<Boolean>>of(
                () -> fixture.manager.save(writer),
                () -> fixture.manager.save(toucher),
                () -> fixture.manager.renew(renewer),
                () -> {
                  fixture.manager.invalidate(leaver);
                  return true;
                }));

        // If a save could insert, the session would be found again here.
        assertThat(fixture.store.find(leaver.id())).isEmpty();
        assertThat(fixture.isLive(token)).isFalse();
        assertThat(renewer.unsentToken().map(sent -> fixture.isLive(sent.value())).orElse(false))
            .isFalse();
      }
      assertThat(fixture.eventsOf(SessionEvent.Ended.class)).hasSize(ROUNDS);
    }
  }

  @Test
  @DisplayName("I3: a login against slow requests of the anonymous session")
  void authenticate_againstWriters_isNotUndone() throws Exception {
    try (EngineFixture fixture = fixture(true)) {
      for (int round = 0; round < ROUNDS; round++) {
        String before = fixture.anonymous();
        Session login = fixture.live(before);
        Session one = fixture.live(before);
        Session other = fixture.live(before);
        one.setAttribute("one", "1");
        other.setAttribute("other", "2");

        atOnce(
            List.<Callable<Object>>of(
                () -> fixture.manager.save(one),
                () -> fixture.manager.save(other),
                () -> fixture.manager.authenticate(login, "alice", LoginOptions.defaults())));

        Session after = fixture.live(sent(login));
        assertThat(after.principal()).contains("alice");
        assertThat(after.attribute("cart")).isEqualTo("a book");
        assertThat(fixture.isLive(before)).isFalse();
      }
    }
  }

  @Test
  @DisplayName("F19: 20 logins at once on one anonymous session: all succeed, one keeps it")
  void authenticate_manyAtOnce_oneKeepsTheSession() throws Exception {
    try (EngineFixture fixture = fixture(true)) {
      for (int round = 0; round < ROUNDS / 10; round++) {
        String before = fixture.anonymous();
        List<Session> sessions =
            IntStream.range(0, 20).mapToObj(i -> fixture.live(before)).toList();
        atOnce(
            sessions.stream()
                .<Callable<Session>>map(
                    session ->
                        () ->
                            granted(
                                fixture.manager.authenticate(
                                    session, "alice", LoginOptions.defaults())))
                .toList());

        assertThat(sessions.stream().map(session -> session.id()).distinct()).hasSize(20);
        assertThat(sessions)
            .filteredOn(session -> before.startsWith(session.id().toString()))
            .hasSize(1);
        assertThat(sessions)
            .allSatisfy(session -> assertThat(fixture.isLive(sent(session))).isTrue());
        assertThat(fixture.isLive(before)).isFalse();
      }
    }
  }

  @ParameterizedTest
  @EnumSource(WhenFull.class)
  @DisplayName("I13: 50 logins at once with a limit of 3 leave exactly 3")
  void authenticate_limit_isExact(WhenFull whenFull) throws Exception {
    try (EngineFixture fixture =
        new EngineFixture(builder -> builder.sessionsPerPrincipal(3, whenFull))) {
      for (int round = 0; round < 10; round++) {
        String principal = "alice" + round;
        List<Callable<LoginOutcome>> logins =
            IntStream.range(0, 50)
                .<Callable<LoginOutcome>>mapToObj(
                    i ->
                        () -> {
                          LoginOutcome result =
                              fixture.manager.authenticate(
                                  null, principal, LoginOptions.defaults());
                          assertThat(fixture.manager.sessionsOf(principal))
                              .hasSizeLessThanOrEqualTo(3);
                          return result;
                        })
                .toList();

        List<LoginOutcome> results = atOnce(logins);

        assertThat(fixture.manager.sessionsOf(principal)).hasSize(3);
        assertThat(results)
            .filteredOn(LoginOutcome.Granted.class::isInstance)
            .hasSize(whenFull == WhenFull.EVICT_OLDEST ? 50 : 3);
      }
    }
  }

  @Test
  @DisplayName("F37: one request's session used by several threads while it is saved")
  void save_whileAnotherThreadSets_neverFails() throws Exception {
    try (EngineFixture fixture = fixture(true)) {
      String token = fixture.anonymous();
      Session session = fixture.live(token);
      atOnce(
          List.<Callable<Object>>of(
              () -> {
                for (int i = 0; i < 500; i++) {
                  session.setAttribute("a" + i % 50, i);
                }
                return true;
              },
              () -> {
                for (int i = 0; i < 100; i++) {
                  fixture.manager.save(session);
                }
                return true;
              },
              () -> {
                for (int i = 0; i < 500; i++) {
                  session.attributeNames();
                }
                return true;
              }));
      fixture.manager.save(session);

      Session after = fixture.live(token);
      for (int i = 0; i < 50; i++) {
        assertThat(after.attribute("a" + i)).isEqualTo(450 + i);
      }
    }
  }

  @Test
  @DisplayName("F34: continuous clean-up ends no live session")
  void cleanUp_againstUse_sparesWhatLives() throws Exception {
    try (EngineFixture fixture = fixture(false)) {
      List<String> tokens = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        tokens.add(fixture.loggedIn("user" + i));
      }
      List<Callable<Object>> tasks = new ArrayList<>();
      for (String token : tokens) {
        tasks.add(
            () -> {
              for (int i = 0; i < 500; i++) {
                Session session = fixture.live(token);
                session.setAttribute("n", i);
                assertThat(fixture.manager.save(session)).isTrue();
              }
              return true;
            });
      }
      tasks.add(
          () -> {
            for (int i = 0; i < 500; i++) {
              fixture.clock.advance(Duration.ofSeconds(1));
              fixture.manager.cleanUp();
            }
            return true;
          });

      atOnce(tasks);

      assertThat(fixture.eventsOf(SessionEvent.Ended.class)).isEmpty();
    }
  }

  @Test
  @DisplayName("I19, attack 9: listeners that use other sessions on other threads: no deadlock")
  void listeners_thatUseTheManager_neverDeadlock() throws Exception {
    List<String> tokens = new CopyOnWriteArrayList<>();
    AtomicReference<EngineFixture> known = new AtomicReference<>();
    ThreadLocal<Boolean> within = ThreadLocal.withInitial(() -> false);
    SessionListener listener =
        event -> {
          if (tokens.isEmpty() || within.get()) {
            return;
          }
          within.set(true);
          try {
            String other = tokens.get(ThreadLocalRandom.current().nextInt(tokens.size()));
            threads
                .submit(
                    () -> {
                      within.set(true);
                      if (known.get().manager.adapter().resolve(List.of(other))
                          instanceof Resolution.Live live) {
                        live.session().setAttribute("heard", event.toString());
                        known.get().manager.save(live.session());
                      }
                    })
                .get(60, TimeUnit.SECONDS);
          } catch (Exception e) {
            throw new IllegalStateException(e);
          } finally {
            within.set(false);
          }
        };
    List<Throwable> failures = new CopyOnWriteArrayList<>();
    try (EngineFixture fixture =
        new EngineFixture(
            builder ->
                builder
                    .listener(
                        event -> {
                          try {
                            listener.onEvent(event);
                          } catch (RuntimeException e) {
                            failures.add(e);
                          }
                        })
                    .storeTimeout(Duration.ofSeconds(30)))) {
      known.set(fixture);
      IntStream.range(0, 4).forEach(i -> tokens.add(fixture.loggedIn("user" + i)));
      List<Callable<Object>> tasks =
          IntStream.range(0, 8)
              .<Callable<Object>>mapToObj(
                  i ->
                      () -> {
                        for (int round = 0; round < 40; round++) {
                          Session one = fixture.live(tokens.get(i % 4));
                          Session other = fixture.live(tokens.get(i % 4));
                          one.setAttribute("one", round);
                          other.setAttribute("other", round);
                          fixture.manager.save(one);
                          // Was second, which the listeners are notified of.
                          fixture.manager.save(other);
                        }
                        return true;
                      })
              .toList();
      atOnce(tasks);
    }
    assertThat(failures).isEmpty();
  }
}

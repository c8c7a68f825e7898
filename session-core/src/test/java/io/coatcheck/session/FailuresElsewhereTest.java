package io.coatcheck.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What other session managers got wrong and no other test here has: the numbers are those of the
 * table in docs/SECURITY.md.
 */
@DisplayName("Known failures of other session libraries")
class FailuresElsewhereTest {

  @Test
  @DisplayName("F26: a reader's touch does not undo another request's write")
  void touch_writesNoAttributes() {
    try (EngineFixture fixture = new EngineFixture()) {
      String token = fixture.anonymous();
      fixture.clock.advance(Duration.ofMinutes(2));
      Session writer = fixture.live(token);
      fixture.clock.advance(Duration.ofSeconds(1));
      Session reader = fixture.live(token);
      assertThat(reader.attribute("cart")).isEqualTo("a book");
      writer.setAttribute("cart", "two books");
      fixture.manager.save(writer);
      StoredSession written = fixture.stored(reader);
      fixture.store.calls.clear();

      fixture.manager.save(reader);

      assertThat(fixture.store.calls).containsExactly("touch");
      StoredSession touched = fixture.stored(reader);
      assertThat(touched.version()).isEqualTo(written.version());
      assertThat(touched.attributes()).isEqualTo(written.attributes());
      assertThat(touched.lastSeenAt()).isAfter(written.lastSeenAt());
    }
  }

  @ParameterizedTest
  @DisplayName("F32: clock skew ends no session early and extends none beyond the skew")
  @ValueSource(ints = {-5, 5})
  void skewedClocks(int minutes) {
    Duration skew = Duration.ofMinutes(minutes);
    try (EngineFixture fixture = new EngineFixture();
        SessionManager skewed =
            SessionManager.builder(fixture.store)
                .clock(() -> fixture.clock.instant().plus(skew))
                .codec(EngineFixture.CODEC)
                .cleanUpInterval(Duration.ZERO)
                .build()) {
      SessionPolicy policy = fixture.manager.policy();
      String token = fixture.loggedIn("alice");
      Instant begun = fixture.clock.instant();
      Instant seen = Instant.MIN;
      // Both nodes are used in turn, each minute, until one of them says that it is over.
      while (skewed.adapter().resolve(List.of(token)) instanceof Resolution.Live live
          && fixture.isLive(token)) {
        skewed.save(live.session());
        Session here = fixture.live(token);
        fixture.manager.save(here);
        Instant stored = fixture.stored(here).lastSeenAt();
        assertThat(stored).as("last seen, which never goes back").isAfterOrEqualTo(seen);
        seen = stored;
        fixture.clock.advance(Duration.ofMinutes(1));
      }

      Duration lived = Duration.between(begun, fixture.clock.instant());
      assertThat(lived)
          .isBetween(
              policy.absoluteTimeout().minus(skew.abs()),
              policy.absoluteTimeout().plus(skew.abs()));
      fixture.clock.advance(skew.abs());
      assertThat(fixture.isLive(token)).isFalse();
      assertThat(skewed.adapter().resolve(List.of(token))).isNotInstanceOf(Resolution.Live.class);
    }
  }

  @Test
  @DisplayName("F36: a reader never sees half of what a writer stored together")
  void pair_isSeenWhole() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try (EngineFixture fixture = new EngineFixture()) {
      String token = fixture.anonymous();
      Session first = fixture.live(token);
      first.setAttribute("a", 0);
      first.setAttribute("b", 0);
      fixture.manager.save(first);
      AtomicBoolean isWriting = new AtomicBoolean(true);
      CyclicBarrier barrier = new CyclicBarrier(4);
      List<Future<?>> readers = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        readers.add(
            threads.submit(
                () -> {
                  barrier.await(60, TimeUnit.SECONDS);
                  while (isWriting.get()) {
                    Session session = fixture.live(token);
                    assertThat(session.attribute("a")).isEqualTo(session.attribute("b"));
                  }
                  return null;
                }));
      }
      barrier.await(60, TimeUnit.SECONDS);
      for (int i = 1; i <= 2_000; i++) {
        Session session = fixture.live(token);
        session.setAttribute("a", i);
        session.setAttribute("b", i);
        assertThat(fixture.manager.save(session)).isTrue();
      }
      isWriting.set(false);
      for (Future<?> reader : readers) {
        reader.get(60, TimeUnit.SECONDS);
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  @DisplayName("F58: 100,000 ended sessions leave no entry, and 20 closed managers leave no thread")
  void used_leavesNothingBehind() throws InterruptedException {
    long threadsBefore = threads();
    TestClock clock = new TestClock();
    List<SessionId> ids = new ArrayList<>();
    InMemorySessionStore store = InMemorySessionStore.builder().build();
    try (SessionManager manager =
        SessionManager.builder(store).clock(clock).cleanUpInterval(Duration.ZERO).build()) {
      for (int i = 0; i < 100_000; i++) {
        Session session = manager.adapter().create(manager.adapter().resolve(List.of()));
        session.setAttribute("a", "1");
        if (i % 2 == 0) {
          manager.authenticate(session, "user" + i % 100, LoginOptions.defaults());
        } else {
          manager.save(session);
        }
        ids.add(session.id());
        if (i % 4 == 0) {
          manager.invalidate(session);
        }
      }
      clock.advance(Duration.ofHours(13));
      manager.cleanUp();

      assertThat(ids).allMatch(id -> store.find(id).isEmpty());
      for (int i = 0; i < 100; i++) {
        assertThat(manager.sessionsOf("user" + i)).isEmpty();
      }
    }
    for (int i = 0; i < 20; i++) {
      SessionManager.builder(InMemorySessionStore.builder().build())
          .cleanUpInterval(Duration.ofMillis(50))
          .build()
          .close();
    }
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (threads() > threadsBefore && System.nanoTime() < deadline) {
      Thread.onSpinWait();
    }
    assertThat(threads()).isLessThanOrEqualTo(threadsBefore);
  }

  private static long threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("coatcheck"))
        .count();
  }
}

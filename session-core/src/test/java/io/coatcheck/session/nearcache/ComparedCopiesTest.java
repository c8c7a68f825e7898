package io.coatcheck.session.nearcache;

import static io.coatcheck.session.nearcache.NodeFixture.NOW;
import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.NearCopies;
import io.coatcheck.session.store.StoredSession;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("copies in use are compared with the store in batches")
class ComparedCopiesTest {

  private final NodeFixture fixture = new NodeFixture();
  private final RemoteStore remote = fixture.remote;
  private final NearCacheSessionStore node = fixture.node;
  private final NearCopies copies = fixture.copies;
  private final Revalidator revalidator = fixture.revalidator();

  @AfterEach
  void close() {
    fixture.close();
  }

  @Test
  void revalidate_keepsUsedCopiesYoung() {
    StoredSession session = remote.stored("alice");
    fixture.look(session);
    for (int i = 0; i < 20; i++) {
      fixture.look(session);
      fixture.pass(Duration.ofMillis(300));
      revalidator.revalidate();
    }
    assertThat(remote.finds).hasValue(1);
    assertThat(remote.batches).hasValue(20);
  }

  @Test
  void revalidate_unusedCopies_growOld() {
    StoredSession session = remote.stored("alice");
    fixture.look(session);
    revalidator.revalidate();
    assertThat(remote.batches).hasValue(0);
    fixture.pass(Duration.ofSeconds(1));

    fixture.look(session);
    assertThat(remote.finds).hasValue(2);
  }

  @Test
  void revalidate_endedElsewhere_forgetsAndNotifies() {
    List<StoredSession> gone = new CopyOnWriteArrayList<>();
    copies.onEndedElsewhere(gone::add);
    StoredSession session = remote.stored("alice");
    fixture.look(session);
    fixture.look(session);
    remote.delete(session.id());

    revalidator.revalidate();

    Await.until(() -> !gone.isEmpty());
    assertThat(gone).containsExactly(session);
    assertThat(fixture.look(session).session()).isEmpty();
  }

  @Test
  void revalidate_changedElsewhere_looksAgain() {
    StoredSession session = remote.stored("alice");
    fixture.look(session);
    fixture.look(session);
    remote.update(session, NOW);

    revalidator.revalidate();

    assertThat(fixture.look(session).session().orElseThrow().version()).isEqualTo(1);
  }

  @Test
  @DisplayName("a copy that is newer than what the store has after a failover is discarded")
  void revalidate_lowerVersion_looksAgain() {
    StoredSession session = remote.stored("alice");
    node.update(session, NOW);
    fixture.look(session);
    fixture.look(session);
    remote.delete(session.id());
    remote.insert(session);

    revalidator.revalidate();

    assertThat(fixture.look(session).session().orElseThrow().version()).isZero();
  }

  @Test
  void revalidate_manySessions_areFewQueries() {
    for (int i = 0; i < 2_500; i++) {
      StoredSession session = remote.stored("user" + i);
      fixture.look(session);
      fixture.look(session);
    }
    revalidator.revalidate();
    assertThat(remote.batches).hasValue(3);
  }

  @Test
  @DisplayName("I15: the thread is named, runs, survives failures, and ends with the store")
  void thread_runsAndEnds() {
    remote.down = false;
    Set<Thread> before = Thread.getAllStackTraces().keySet();
    NearCacheSessionStore running =
        NearCacheSessionStore.builder(remote).maxStaleness(Duration.ofMillis(20)).build();
    running.nearCopies().orElseThrow().onEndedElsewhere(session -> {});
    List<Thread> threads =
        Thread.getAllStackTraces().keySet().stream()
            .filter(one -> one.getName().startsWith("coatcheck-") && !before.contains(one))
            .toList();
    assertThat(threads)
        .hasSize(2)
        .allMatch(Thread::isDaemon)
        .anyMatch(one -> one.getName().startsWith("coatcheck-revalidator-"))
        .anyMatch(one -> one.getName().startsWith("coatcheck-notifier-"));

    running.close();
    running.close();

    Await.until(() -> threads.stream().noneMatch(Thread::isAlive));
    assertThat(remote.closed).isTrue();
  }
}

package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.store.NearCopies;
import io.coatcheck.session.store.StoredSession;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("I7: the queries of a node with copies that the change feed keeps")
@Timeout(240)
class ChangeFeedBudgetTest {

  /** Longer than the test takes, so that the feed is never late, however busy the machine is. */
  private static final Duration BOUND = Duration.ofMinutes(1);

  private static final int SESSIONS = 50;
  private static final int POLLS = 20;

  /**
   * What was asked during a number of polls.
   *
   * @param polls queries of the log of changes
   * @param others all other statements
   */
  private record Asked(int polls, int others) {}

  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  @DisplayName(
      "one query a poll, and one for the first sight of a session, at any rate of requests")
  void queries_areTheSameAtAnyRateOfRequests(TestDatabase database) {
    Pool pool = new Pool(database, database.database, true, null);
    try (Table table = Table.withChanges(pool);
        NearCacheSessionStore node =
            NearCacheSessionStore.builder(table.builder().build()).maxStaleness(BOUND).build()) {
      Asked expected = new Asked(POLLS, SESSIONS);
      Polls polls = new Polls();
      table.watched.failWith(polls);
      try {
        assertThat(asked(table, node, polls, 250)).as("at 250 requests a poll").isEqualTo(expected);
        assertThat(asked(table, node, polls, 5_000))
            .as("at 5,000 requests a poll")
            .isEqualTo(expected);
      } finally {
        polls.letAllPass();
      }
    }
  }

  /** Counts the statements of a node during some polls, with so many requests after each. */
  private static Asked asked(Table table, NearCacheSessionStore node, Polls polls, int requests) {
    NearCopies copies = node.nearCopies().orElseThrow();
    List<StoredSession> sessions = new ArrayList<>();
    for (int i = 0; i < SESSIONS; i++) {
      StoredSession session = Sessions.anonymous().build();
      table.store.insert(session);
      sessions.add(session);
    }
    long created = System.nanoTime();
    Table.await(
        "the feed is complete after the sessions were created",
        () -> node.lag().orElseThrow().toNanos() < System.nanoTime() - created);
    polls.hold();
    for (int poll = 0; poll < POLLS; poll++) {
      polls.letOnePass();
      for (int i = 0; i < requests; i++) {
        StoredSession session = sessions.get(i % SESSIONS);
        assertThat(copies.lookUp(session.id(), 0, 0).session()).isPresent();
      }
    }
    return polls.letAllPass();
  }

  /** Holds up the reader of the log before each query, and counts all statements meanwhile. */
  private static final class Polls implements WatchedDataSource.Fault {

    private boolean holds;
    private boolean isWaiting;
    private int toPass;
    private int polls;
    private int others;

    @Override
    public synchronized void before(String sql) {
      if (!sql.contains("_change")) {
        others++;
        return;
      }
      isWaiting = true;
      while (holds && toPass == 0) {
        try {
          wait();
        } catch (InterruptedException e) {
          throw new IllegalStateException("the reader is not interrupted while it asks", e);
        }
      }
      isWaiting = false;
      toPass = Math.max(0, toPass - 1);
      polls++;
    }

    /** Holds the next query, and counts from then on. */
    void hold() {
      synchronized (this) {
        holds = true;
      }
      awaitNext();
      synchronized (this) {
        polls = 0;
        others = 0;
      }
    }

    /** Lets one query pass, and waits for the next one. */
    void letOnePass() {
      synchronized (this) {
        toPass++;
        notifyAll();
      }
      awaitNext();
    }

    private void awaitNext() {
      Table.await("the next query of the log", this::isNextWaiting);
    }

    private synchronized boolean isNextWaiting() {
      return isWaiting && toPass == 0;
    }

    /** Holds nothing any more, and returns what was asked. */
    synchronized Asked letAllPass() {
      holds = false;
      notifyAll();
      return new Asked(polls, others);
    }
  }
}

package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.StoredSessionBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** What the parts of a contract share: the store, a second handle on it, and a moment. */
abstract class ContractPart {

  /** Not a whole second, so that a store that keeps seconds is found out. */
  static final Instant NOW = Instant.parse("2026-11-23T12:00:00.123Z");

  /** More sessions than fit into a page, or a step, of any store. */
  static final int MANY = 1_200;

  static final Duration MILLISECOND = Duration.ofMillis(1);

  private final Supplier<Nodes> nodes;

  ContractPart(Supplier<Nodes> nodes) {
    this.nodes = nodes;
  }

  /** The store under test, and the same sessions as another node sees them. */
  record Nodes(SessionStore store, SessionStore other) {}

  SessionStore store() {
    return nodes.get().store();
  }

  SessionStore otherNode() {
    return nodes.get().other();
  }

  /** Inserts a session and returns it. */
  StoredSession insert(StoredSessionBuilder builder) {
    StoredSession session = builder.build();
    store().insert(session);
    return session;
  }

  /** Inserts many sessions, more than any store may deal with in one step; returns them. */
  List<StoredSession> insertMany(int number, Supplier<StoredSessionBuilder> session) {
    List<StoredSession> inserted = new ArrayList<>();
    for (int i = 0; i < number; i++) {
      inserted.add(insert(session.get()));
    }
    return inserted;
  }

  /** Returns a later moment, or the last one that a store must know. */
  static Instant after(Instant moment, Duration later) {
    Instant sum = moment.plus(later);
    return sum.isAfter(StoredSession.MAX_MOMENT) ? StoredSession.MAX_MOMENT : sum;
  }

  void assertStored(StoredSession expected) {
    assertThat(store().find(expected.id())).contains(expected);
    assertThat(otherNode().find(expected.id())).contains(expected);
  }

  void assertGone(StoredSession session) {
    assertThat(store().find(session.id())).isEmpty();
    assertThat(otherNode().find(session.id())).isEmpty();
  }
}

package io.coatcheck.session.testkit;

import static io.coatcheck.session.testkit.SessionDifferences.assertSame;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.StoredSessionBuilder;
import io.coatcheck.session.token.SecretHash;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;

/** The state that the parts of a contract share: the store, a second handle on it, and a moment. */
@ExtendWith(FailureReport.class)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
abstract class ContractPart {

  /** Not a whole second, so that a store that keeps only seconds fails. */
  static final Instant NOW = Instant.parse("2026-11-23T12:00:00.123Z");

  /** More sessions than fit into a page, or a step, of any store. */
  static final int MANY = 1_200;

  static final Duration MILLISECOND = Duration.ofMillis(1);

  private final Supplier<Nodes> nodes;

  ContractPart(Supplier<Nodes> nodes) {
    this.nodes = nodes;
  }

  /** The store under test, and the same sessions as another node sees them. */
  record Nodes(SessionStore store, SessionStore other, StoreUnderTest author) {}

  SessionStore store() {
    return nodes.get().store();
  }

  SessionStore otherNode() {
    return nodes.get().other();
  }

  /** Skips a test of a capability that the store does not have. */
  static void assumeHas(Optional<?> capability, Class<?> type) {
    assumeTrue(capability.isPresent(), "Not tested: the store has no " + type.getSimpleName());
  }

  /** Skips a test of another node if the store has none. */
  void assumeOtherNode() {
    assumeTrue(
        otherNode() != store(),
        "Not tested: createOtherNode() says that no other process can reach the store");
  }

  /** The operations on the backend that the author of the store provides. */
  StoreUnderTest author() {
    return nodes.get().author();
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

  /**
   * Runs a call with a moment just before a deadline, and at the same time a clean-up at the
   * deadline. If they take long, both may leave the session alone: the deadline has passed for the
   * call, and the clean-up skips sessions that another call has locked. The next clean-up then
   * deletes the session.
   */
  static Race.Outcome<Boolean, Integer> againstCleanUp(
      Callable<Boolean> call, SessionStore cleaner, Instant deadline) {
    Callable<Integer> cleanUp = () -> cleaner.deleteExpired(deadline, 10, gone -> {}).deleted();
    long began = System.nanoTime();
    Race.Outcome<Boolean, Integer> outcome = Race.between(call, cleanUp);
    boolean isLeft = !outcome.first() && outcome.second() == 0 && JustInTime.isLate(began);
    return isLeft
        ? new Race.Outcome<>(false, cleaner.deleteExpired(deadline, 10, gone -> {}).deleted())
        : outcome;
  }

  void assertStored(StoredSession expected) {
    assertSame("find", store().find(expected.id()), expected);
    assertSame("find on the other node", otherNode().find(expected.id()), expected);
  }

  void assertGone(StoredSession session) {
    assertThat(store().find(session.id())).as("find of a session that is gone").isEmpty();
    assertThat(otherNode().find(session.id()))
        .as("find of a session that is gone, on the other node")
        .isEmpty();
  }

  /** Returns a session with all parts of another one, except its id and version. */
  static StoredSession under(SessionId id, long version, StoredSession parts) {
    return StoredSession.builder(id)
        .version(version)
        .secretHash(parts.secretHash())
        .previousSecretHash(parts.previousSecretHash().orElse(null))
        .previousReadableUntil(parts.previousReadableUntil().orElse(null))
        .principal(parts.principal().orElse(null))
        .authenticatedAt(parts.authenticatedAt().orElse(null))
        .createdAt(parts.createdAt())
        .lastSeenAt(parts.lastSeenAt())
        .idleTimeout(parts.idleTimeout().orElse(null))
        .absoluteDeadline(parts.absoluteDeadline())
        .rotatedAt(parts.rotatedAt())
        .generation(parts.generation())
        .fence(parts.fence())
        .remembered(parts.remembered())
        .clientAddress(parts.clientAddress().orElse(null))
        .userAgent(parts.userAgent().orElse(null))
        .attributes(parts.attributes())
        .build();
  }

  /** Uses the store on other threads, as a consumer that is called without a lock may. */
  void useOnOtherThreads() {
    Race.among(List.of(() -> isUsable(store()), () -> isUsable(otherNode())), author().patience());
  }

  static boolean isUsable(SessionStore node) {
    StoredSession session = SampleSessions.authenticated("someone else", NOW).build();
    node.insert(session);
    return node.find(session.id()).isPresent()
        && node.update(session, NOW)
        && node.touch(session.id(), NOW.plusSeconds(1), NOW)
        && node.delete(session.id()).isPresent();
  }

  /** Returns a session with a new secret and the next generation. */
  static StoredSession renewed(StoredSession session) {
    return session.toBuilder()
        .previousSecretHash(session.secretHash())
        .secretHash(SecretHash.of(new byte[SecretHash.LENGTH]))
        .generation(session.generation() + 1)
        .build();
  }

  static StoredSession successor(StoredSession session) {
    return session.toBuilder().version(session.version() + 1).build();
  }
}

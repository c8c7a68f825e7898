package io.coatcheck.session.testkit;

import static io.coatcheck.session.testkit.SessionDifferences.assertSame;
import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.StoredSessionBuilder;
import io.coatcheck.session.token.SessionId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeEach;

/** The state that the parts of the contracts of an index and of a limit share. */
abstract class IndexPart extends ContractPart {

  static final Comparator<StoredSession> BY_ID = Comparator.comparing(StoredSession::id);

  /** The page size in the tests: small enough that most lists have several pages. */
  private static final int PAGE = 50;

  IndexPart(Supplier<Nodes> nodes) {
    super(nodes);
  }

  @BeforeEach
  final void needsPrincipalIndex() {
    if (needsIndex()) {
      assumeIndex();
    }
  }

  /** Skips a test if the store has no index. */
  final void assumeIndex() {
    assumeHas(store().principalIndex(), PrincipalIndex.class);
  }

  /** Returns whether the part is skipped if the store has no index. */
  boolean needsIndex() {
    return true;
  }

  PrincipalIndex index() {
    return store().principalIndex().orElseThrow();
  }

  PrincipalIndex otherIndex() {
    return otherNode().principalIndex().orElseThrow();
  }

  LoginLimit limit() {
    return store().loginLimit().orElseThrow();
  }

  LoginLimit otherLimit() {
    return otherNode().loginLimit().orElseThrow();
  }

  void assertSessionsOf(String principal, StoredSession... sessions) {
    assertSessionsOf(principal, List.of(sessions));
  }

  void assertSessionsOf(String principal, List<StoredSession> sessions) {
    List<StoredSession> expected = sessions.stream().map(IndexPart::listed).sorted(BY_ID).toList();
    List<StoredSession> here = sessionsOf(index(), principal);
    assertSame("the list of " + principal, here, expected);
    assertThat(here).as("the list of %s ascends", principal).isSortedAccordingTo(BY_ID);
    List<StoredSession> there = sessionsOf(otherIndex(), principal);
    assertSame("the list of " + principal + " on the other node", there, expected);
  }

  /** Lists all sessions of a principal, page by page. */
  static List<StoredSession> sessionsOf(PrincipalIndex index, String principal) {
    List<StoredSession> sessions = new ArrayList<>();
    List<StoredSession> page;
    SessionId after = null;
    do {
      page = index.findByPrincipal(principal, after, PAGE);
      sessions.addAll(page);
      after = page.isEmpty() ? after : page.get(page.size() - 1).id();
    } while (page.size() == PAGE);
    return sessions;
  }

  /** Deletes the sessions of a principal, and returns what was handed over. */
  final List<StoredSession> delete(String principal, Set<SessionId> except) {
    List<StoredSession> gone = new ArrayList<>();
    int deleted = index().deleteByPrincipal(principal, except, gone::add);
    assertThat(gone).as("handed over as counted").hasSize(deleted);
    return gone;
  }

  /** A session of alice who authenticated so many seconds after the moment. */
  static StoredSessionBuilder at(int seconds) {
    return SampleSessions.authenticated("alice", NOW).authenticatedAt(NOW.plusSeconds(seconds));
  }

  /** Returns a session as an index lists it. */
  static StoredSession listed(StoredSession session) {
    return session.toBuilder().attributes(Map.of()).build();
  }
}

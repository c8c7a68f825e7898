package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Sessions that another node began, which may be gone: a node may remember only its own. */
abstract class EndingOnOtherNodes extends IndexPart {

  EndingOnOtherNodes(Supplier<Nodes> nodes) {
    super(nodes);
  }

  @Override
  boolean needsIndex() {
    return false;
  }

  @BeforeEach
  final void needsOtherNode() {
    assumeOtherNode();
  }

  /** Begins sessions of alice on the other node: one by an insert, one by a login. */
  private List<StoredSession> begunElsewhere() {
    StoredSession inserted = SampleSessions.authenticated("alice", NOW).build();
    otherNode().insert(inserted);
    StoredSession anonymous = SampleSessions.anonymous(NOW).build();
    otherNode().insert(anonymous);
    StoredSession login = anonymous.toBuilder().principal("alice").authenticatedAt(NOW).build();
    assertThat(otherNode().update(login, NOW)).isTrue();
    return List.of(inserted, successor(login));
  }

  /** If it broke, the sessions of a node that is gone would stay for good. */
  @Test
  @Sentence("Deletes sessions that are expired at cutoff, and no others.")
  void deleteExpired_begunOnAnotherNode_takesThem() {
    List<StoredSession> expired = begunElsewhere();
    List<StoredSession> gone = new ArrayList<>();
    store().deleteExpired(NOW.plus(SampleSessions.ABSOLUTE_TIMEOUT), 10, gone::add);
    assertThat(gone).containsExactlyInAnyOrderElementsOf(expired);
    expired.forEach(this::assertGone);
  }

  /** If it broke, a user could sign out on one node only. */
  @Test
  @Sentence(
      of = PrincipalIndex.class,
      value =
          "Every session that was stored with this principal before the call began, and is not excepted, is gone when it returns")
  void deleteByPrincipal_begunOnAnotherNode_endsThem() {
    assumeIndex();
    List<StoredSession> sessions = begunElsewhere();
    List<StoredSession> gone = new ArrayList<>();
    assertThat(index().deleteByPrincipal("alice", Set.of(), gone::add)).isEqualTo(2);
    assertThat(gone).containsExactlyInAnyOrderElementsOf(sessions);
    sessions.forEach(this::assertGone);
  }

  @Test
  @Sentence(
      of = PrincipalIndex.class,
      value =
          "of the sessions that are unexpired at now all but keep, those that were authenticated longest ago")
  void deleteOldest_begunOnAnotherNode_endsThem() {
    assumeIndex();
    List<StoredSession> old = begunElsewhere();
    StoredSession young = insert(SampleSessions.authenticated("alice", NOW.plusSeconds(1)));
    List<StoredSession> gone = new ArrayList<>();
    assertThat(index().deleteOldest("alice", 1, NOW, gone::add)).isEqualTo(2);
    assertThat(gone).containsExactlyInAnyOrderElementsOf(old);
    assertSessionsOf("alice", young);
  }

  /** If it broke, each node would have a limit of its own. */
  @Test
  @Sentence(
      of = LoginLimit.class,
      value = "as many as needed of those authenticated longest ago are deleted in the same step")
  void admit_begunOnAnotherNode_areCountedAndEvicted() {
    assumeHas(store().loginLimit(), LoginLimit.class);
    List<StoredSession> old = begunElsewhere();
    StoredSession refused = SampleSessions.authenticated("alice", NOW.plusSeconds(1)).build();
    assertThat(limit().admit(refused, true, 2, WhenFull.REFUSE_NEWCOMER, NOW))
        .isEqualTo(LimitPart.REFUSED);
    StoredSession stored = SampleSessions.authenticated("alice", NOW.plusSeconds(2)).build();
    assertThat(limit().admit(stored, true, 1, WhenFull.EVICT_OLDEST, NOW).evicted())
        .containsExactlyInAnyOrderElementsOf(old);
    assertSessionsOf("alice", stored);
  }
}

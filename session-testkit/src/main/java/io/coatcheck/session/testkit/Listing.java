package io.coatcheck.session.testkit;

import static io.coatcheck.session.store.PrincipalIndex.MAX_PAGE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.StoredSessionBuilder;
import io.coatcheck.session.token.SessionId;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code findByPrincipal}, and that the index follows the sessions. */
abstract class Listing extends IndexPart {

  private static final String AGREES =
      "The index always agrees with the sessions that the store holds: a session that find returns"
          + " is listed here.";

  private static final String SMILE = "\uD83D\uDE00";

  /**
   * Pairs of these are equal under some collation, normalization or padding, or have the same hash
   * code or checksum, but differ by code point.
   */
  static final List<String> PRINCIPALS =
      List.of(
          "alice",
          "Alice",
          "ALICE",
          "alice ",
          " alice",
          "alice\t",
          "alice\n",
          "\u00e1lice",
          "a\u0301lice",
          "\uFF41lice",
          "\u0430lice",
          "a\u200Blice",
          "alice\u00AD",
          "stra\u00dfe",
          "strasse",
          "\u0130",
          "i",
          "I",
          "\u0131",
          "\uFB01",
          "fi",
          "a%",
          "a_",
          "*",
          "?",
          "[a]lice",
          "{alice}",
          "alice:bob",
          "alice|bob",
          "alice/../bob",
          "alice,bob",
          "%61lice",
          "alice'",
          "$1",
          "%",
          "' OR '1'='1",
          "\"",
          "\\",
          "\\\\",
          " ",
          "  ",
          "0",
          "00",
          "null",
          "\uFFFD",
          "\uFFFF",
          SMILE,
          "\uD83D\uDE01",
          SMILE.repeat(254),
          SMILE.repeat(255),
          SMILE.repeat(254) + "\uD83D\uDE01",
          "x".repeat(255),
          "Aa",
          "BB",
          "plumless",
          "buckeroo");

  /** Texts that no session can have as its principal. */
  private static final List<String> NO_PRINCIPALS =
      List.of(
          "",
          "\u0000",
          "alice\u0000",
          "\uD83D",
          "\uDE00",
          "alice\uD83D",
          "x".repeat(256),
          "x".repeat(100_000));

  Listing(Supplier<Nodes> nodes) {
    super(nodes);
  }

  @Test
  @Sentence("Returns the index by principal, the same one each time")
  void principalIndex_isTheSameEachTime() {
    assertThat(store().principalIndex()).containsSame(index());
  }

  @Test
  @Sentence(of = PrincipalIndex.class, value = AGREES)
  void findByPrincipal_none_isEmpty() {
    insert(SampleSessions.anonymous(NOW));
    insert(SampleSessions.authenticated("bob", NOW));
    assertSessionsOf("alice");
  }

  @Test
  @Sentence(
      of = PrincipalIndex.class,
      value = "They come without attributes, and with all their other parts")
  void findByPrincipal_several_returnsAllWithAllOtherParts() {
    StoredSession first = insert(SampleSessions.complete(NOW));
    StoredSession second = insert(SampleSessions.authenticated("alice", NOW));
    insert(SampleSessions.authenticated("bob", NOW));
    StoredSession third = insert(Specimen.MEGABYTE_ATTRIBUTE.at(NOW), "alice");
    assertSessionsOf("alice", first, second, third);
  }

  @Test
  @Sentence(
      of = PrincipalIndex.class,
      value = "in ascending order of their ids, expired ones included.")
  void findByPrincipal_expired_isIncluded() {
    StoredSession expired =
        insert(SampleSessions.authenticated("alice", NOW).absoluteDeadline(NOW));
    assertSessionsOf("alice", expired);
  }

  @Test
  @Sentence(
      of = PrincipalIndex.class,
      value = "a new list, which the caller may change; fewer than limit only if there are no more")
  void findByPrincipal_many_returnsAll() {
    List<StoredSession> sessions = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      sessions.add(insert(SampleSessions.authenticated("alice", NOW)));
    }
    assertSessionsOf("alice", sessions);
  }

  @Test
  @Sentence(
      of = PrincipalIndex.class,
      value = "a new list, which the caller may change; fewer than limit only if there are no more")
  void findByPrincipal_moreThanAPage_goesOnAfterItsLastId() {
    List<StoredSession> sessions =
        insertMany(MANY, () -> SampleSessions.authenticated("alice", NOW)).stream()
            .sorted(BY_ID)
            .toList();
    List<StoredSession> page = index().findByPrincipal("alice", null, MAX_PAGE);
    assertThat(page).as("the first page").isEqualTo(sessions.subList(0, MAX_PAGE));
    SessionId last = page.get(MAX_PAGE - 1).id();
    assertThat(index().findByPrincipal("alice", last, MAX_PAGE))
        .as("the second page")
        .isEqualTo(sessions.subList(MAX_PAGE, MANY));
    assertThat(index().findByPrincipal("alice", last, 3))
        .as("a page of three")
        .isEqualTo(sessions.subList(MAX_PAGE, MAX_PAGE + 3));
    assertThat(index().findByPrincipal("alice", sessions.get(MANY - 1).id(), 3))
        .as("what comes after the last one")
        .isEmpty();
  }

  @Test
  @Sentence(
      of = PrincipalIndex.class,
      value = "in ascending order of their ids, expired ones included.")
  void findByPrincipal_ids_ascend() {
    List<SessionId> ids = LimitPart.AWKWARD_IDS;
    for (SessionId id : ids) {
      insert(SampleSessions.anonymous(id, NOW).principal("alice").authenticatedAt(NOW));
    }
    List<SessionId> ascending = ids.stream().sorted().toList();
    for (int i = 0; i < ids.size(); i++) {
      assertThat(index().findByPrincipal("alice", ascending.get(i), MAX_PAGE))
          .extracting(StoredSession::id)
          .as("what comes after %s", ascending.get(i))
          .isEqualTo(ascending.subList(i + 1, ids.size()));
    }
  }

  @Test
  @Sentence(
      of = PrincipalIndex.class,
      value = "a new list, which the caller may change; fewer than limit only if there are no more")
  void findByPrincipal_afterASessionThatIsGone_goesOn() {
    List<StoredSession> sessions =
        insertMany(5, () -> SampleSessions.authenticated("alice", NOW)).stream()
            .sorted(BY_ID)
            .toList();
    store().delete(sessions.get(1).id());
    assertThat(index().findByPrincipal("alice", sessions.get(1).id(), 2))
        .isEqualTo(sessions.subList(2, 4));
  }

  @Test
  @Sentence(of = PrincipalIndex.class, value = AGREES)
  void findByPrincipal_comesWithoutAttributes() {
    insert(Specimen.MEGABYTE_ATTRIBUTE.at(NOW), "alice");
    insert(SampleSessions.complete(NOW));
    assertThat(index().findByPrincipal("alice", null, 10))
        .hasSize(2)
        .allSatisfy(session -> assertThat(session.attributes()).isEmpty());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -1, Integer.MIN_VALUE, MAX_PAGE + 1, Integer.MAX_VALUE})
  @Sentence(of = PrincipalIndex.class, value = "if limit is out of range")
  void findByPrincipal_limitOutOfRange_throws(int limit) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> index().findByPrincipal("alice", null, limit));
  }

  @Test
  @Sentence(of = PrincipalIndex.class, value = "the size of the page, from 1 to")
  void findByPrincipal_smallestAndLargestPage_areReturned() {
    StoredSession first = insert(SampleSessions.authenticated("alice", NOW));
    assertThat(index().findByPrincipal("alice", null, 1)).containsExactly(listed(first));
    assertThat(index().findByPrincipal("alice", null, MAX_PAGE)).containsExactly(listed(first));
  }

  @Test
  @Sentence(of = PrincipalIndex.class, value = "a new list, which the caller may change;")
  void findByPrincipal_list_belongsToTheCaller() {
    StoredSession session = insert(SampleSessions.authenticated("alice", NOW));
    index().findByPrincipal("alice", null, 10).clear();
    assertSessionsOf("alice", session);
    index().findByPrincipal("bob", null, 10).add(session);
    assertSessionsOf("bob");
  }

  @Test
  @Sentence(of = PrincipalIndex.class, value = "Principals are equal if their code points are")
  void findByPrincipal_comparesCodePoints() {
    List<StoredSession> sessions = new ArrayList<>();
    for (String principal : PRINCIPALS) {
      sessions.add(insert(SampleSessions.authenticated(principal, NOW)));
    }
    for (int i = 0; i < sessions.size(); i++) {
      assertSessionsOf(PRINCIPALS.get(i), sessions.get(i));
    }
  }

  @Test
  @Sentence(
      of = PrincipalIndex.class,
      value = "any text; one that is not a valid principal has no sessions")
  void findByPrincipal_textThatIsNoPrincipal_isEmpty() {
    insert(SampleSessions.authenticated("alice", NOW));
    insert(SampleSessions.authenticated("?", NOW));
    insert(SampleSessions.authenticated("\uFFFD", NOW));
    StoredSession anonymous = insert(SampleSessions.anonymous(NOW));
    for (String text : NO_PRINCIPALS) {
      assertSessionsOf(text);
      assertThat(index().deleteOldest(text, 1, NOW, gone -> {})).as("the surplus").isZero();
      assertThat(index().deleteByPrincipal(text, Set.of(), gone -> {})).as("how many").isZero();
    }
    assertStored(anonymous);
    assertThat(sessionsOf(index(), "?")).hasSize(1);
  }

  @Test
  @Sentence(
      of = PrincipalIndex.class,
      value = "They come without attributes, and with all their other parts")
  void findByPrincipal_everyCombinationOfOptionalParts_returnsAllOtherParts() {
    List<StoredSession> ofAlice = new ArrayList<>();
    SampleSessions.everyKind(NOW)
        .forEach(
            kind -> {
              StoredSession session = insert(kind.getPayload());
              session.principal().ifPresent(alice -> ofAlice.add(session));
            });
    assertSessionsOf("alice", ofAlice);
  }

  @Test
  @Sentence(of = PrincipalIndex.class, value = AGREES)
  void update_isSeen() {
    StoredSession session = insert(SampleSessions.complete(NOW));
    StoredSession changed = session.toBuilder().remembered(false).build();
    store().update(changed, NOW);
    assertSessionsOf("alice", successor(changed));
  }

  @Test
  @Sentence(of = PrincipalIndex.class, value = AGREES)
  void update_withANewSecret_isSeen() {
    StoredSession session = insert(SampleSessions.complete(NOW));
    assertThat(store().update(renewed(session), NOW)).isTrue();
    assertSessionsOf("alice", successor(renewed(session)));
  }

  @Test
  @Sentence(of = PrincipalIndex.class, value = AGREES)
  void update_ofThePrincipal_movesTheSession() {
    StoredSession session = insert(SampleSessions.anonymous(NOW));
    StoredSession login = session.toBuilder().principal("alice").authenticatedAt(NOW).build();
    assertThat(store().update(login, NOW)).isTrue();
    assertSessionsOf("alice", successor(login));

    StoredSession relogin = successor(login).toBuilder().principal("bob").build();
    assertThat(store().update(relogin, NOW)).isTrue();
    assertSessionsOf("alice");
    assertSessionsOf("bob", successor(relogin));

    StoredSession anonymous =
        successor(relogin).toBuilder().principal(null).authenticatedAt(null).build();
    assertThat(store().update(anonymous, NOW)).isTrue();
    assertSessionsOf("bob");
    assertStored(successor(anonymous));

    StoredSession again =
        successor(anonymous).toBuilder().principal("bob").authenticatedAt(NOW).build();
    assertThat(store().update(again, NOW)).isTrue();
    assertSessionsOf("bob", successor(again));
  }

  @Test
  @Sentence(of = PrincipalIndex.class, value = AGREES)
  void update_refused_leavesTheIndexAlone() {
    StoredSession session = insert(SampleSessions.authenticated("alice", NOW));
    StoredSession stale = session.toBuilder().version(1).principal("bob").build();
    assertThat(store().update(stale, NOW)).isFalse();
    StoredSession late = session.toBuilder().principal("bob").build();
    assertThat(store().update(late, session.expiresAt())).isFalse();
    assertSessionsOf("alice", session);
    assertSessionsOf("bob");
  }

  @Test
  @Sentence(of = PrincipalIndex.class, value = AGREES)
  void insert_refused_leavesTheIndexAlone() {
    StoredSession session = insert(SampleSessions.authenticated("alice", NOW));
    StoredSession same =
        SampleSessions.anonymous(session.id(), NOW).principal("bob").authenticatedAt(NOW).build();
    assertThatExceptionOfType(SessionStoreException.class).isThrownBy(() -> store().insert(same));
    assertSessionsOf("alice", session);
    assertSessionsOf("bob");
  }

  @ParameterizedTest
  @EnumSource(Activity.class)
  @Sentence(of = PrincipalIndex.class, value = AGREES)
  void touch_isSeen(Activity activity) {
    StoredSession session = insert(SampleSessions.authenticated("alice", NOW));
    assertSessionsOf("alice", activity.at(NOW.plusSeconds(60), store(), session));
  }

  @Test
  @Sentence(of = PrincipalIndex.class, value = AGREES)
  void delete_removesFromTheIndex() {
    StoredSession session = insert(SampleSessions.authenticated("alice", NOW));
    StoredSession other = insert(SampleSessions.authenticated("alice", NOW));
    store().delete(session.id());
    assertSessionsOf("alice", other);
    store().delete(other.id());
    assertSessionsOf("alice");
  }

  @Test
  @Sentence(of = PrincipalIndex.class, value = AGREES)
  void deleteExpired_removesFromTheIndex() {
    StoredSession expired = insert(SampleSessions.authenticated("alice", NOW));
    StoredSession live = insert(SampleSessions.authenticated("alice", NOW).idleTimeout(null));
    store().deleteExpired(expired.expiresAt(), 10, gone -> {});
    assertSessionsOf("alice", live);
  }

  private StoredSession insert(StoredSessionBuilder session, String principal) {
    return insert(session.principal(principal).authenticatedAt(NOW));
  }
}

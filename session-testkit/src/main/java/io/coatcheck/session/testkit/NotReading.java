package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.coatcheck.session.store.CleanUp;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.StoredSessionCodec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Sessions whose bytes cannot be read. */
abstract class NotReading extends IndexPart {

  NotReading(Supplier<Nodes> nodes) {
    super(nodes);
  }

  @Override
  boolean needsIndex() {
    return false;
  }

  /** Why a session cannot be read. */
  enum Unreadable {
    DAMAGED(bytes -> Arrays.copyOf(bytes, bytes.length - 2)),
    OF_A_NEWER_FORMAT(
        bytes -> {
          bytes[0] = StoredSessionCodec.FORMAT + 1;
          return bytes;
        });

    @SuppressWarnings("ImmutableEnumChecker") // Neither function holds anything.
    private final UnaryOperator<byte[]> change;

    Unreadable(UnaryOperator<byte[]> change) {
      this.change = change;
    }

    /** Returns the bytes of a session, changed so that they cannot be read. */
    byte[] bytesOf(StoredSession session) {
      return change.apply(StoredSessionCodec.write(session));
    }
  }

  private StoredSession insertUnreadable(Unreadable kind) throws Exception {
    StoredSession session = insert(SampleSessions.complete(NOW));
    author().overwrite(session.id(), kind.bytesOf(session));
    return session;
  }

  /** If it broke, a session that a newer release reads would be lost. */
  @ParameterizedTest
  @EnumSource(Unreadable.class)
  @Sentence("if the id exists already, expired or not, and the stored session is unchanged;")
  void insert_overUnreadable_throws(Unreadable kind) throws Exception {
    StoredSession unreadable = insertUnreadable(kind);
    assertThatExceptionOfType(SessionStoreException.class)
        .as("an insert over a session that cannot be read")
        .isThrownBy(() -> store().insert(unreadable));
    if (kind == Unreadable.DAMAGED) {
      assertGone(unreadable);
    } else {
      assertThatExceptionOfType(SessionStoreException.class)
          .as("find of a newer format, after the insert was refused")
          .isThrownBy(() -> store().find(unreadable.id()));
    }
  }

  /** If it broke, a user with a damaged session could not log in again. */
  @Test
  @Sentence("counts as absent where it would be returned or listed")
  void find_damaged_isEmpty() throws Exception {
    assertGone(insertUnreadable(Unreadable.DAMAGED));
  }

  /** If it broke, users would be logged out while a new release is rolled out. */
  @Test
  @Sentence("find and lists throw SessionStoreException.")
  void find_ofANewerFormat_throws() throws Exception {
    StoredSession session = insertUnreadable(Unreadable.OF_A_NEWER_FORMAT);
    assertThatExceptionOfType(SessionStoreException.class)
        .isThrownBy(() -> store().find(session.id()));
    assertThatExceptionOfType(SessionStoreException.class)
        .isThrownBy(() -> otherNode().find(session.id()));
  }

  @Test
  @Sentence("counts as absent where it would be returned or listed")
  void findByPrincipal_damaged_listsTheOthers() throws Exception {
    assumeIndex();
    StoredSession sound = insert(SampleSessions.authenticated("alice", NOW));
    insertUnreadable(Unreadable.DAMAGED);
    assertSessionsOf("alice", sound);
  }

  /** If it broke, a list of devices would end at the damaged sessions. */
  @Test
  @Sentence(
      of = PrincipalIndex.class,
      value = "a new list, which the caller may change; fewer than limit only if there are no more")
  void findByPrincipal_amongDamaged_fillsThePage() throws Exception {
    assumeIndex();
    List<StoredSession> sessions =
        insertMany(6, () -> SampleSessions.authenticated("alice", NOW)).stream()
            .sorted(BY_ID)
            .toList();
    for (StoredSession damaged : sessions.subList(0, 3)) {
      author().overwrite(damaged.id(), Unreadable.DAMAGED.bytesOf(damaged));
    }
    assertThat(index().findByPrincipal("alice", null, 3))
        .as("a page of three, after three sessions that are damaged")
        .isEqualTo(sessions.subList(3, 6));
  }

  @Test
  @Sentence("find and lists throw SessionStoreException.")
  void findByPrincipal_ofANewerFormat_throws() throws Exception {
    assumeIndex();
    insertUnreadable(Unreadable.OF_A_NEWER_FORMAT);
    assertThatExceptionOfType(SessionStoreException.class)
        .isThrownBy(() -> index().findByPrincipal("alice", null, 10));
  }

  @ParameterizedTest
  @EnumSource(Unreadable.class)
  @Sentence("Neither stops a deletion: both are deleted and counted,")
  void delete_unreadable_deletesAndIsEmpty(Unreadable kind) throws Exception {
    StoredSession session = insertUnreadable(kind);
    assertThat(store().delete(session.id())).as("what was deleted").isEmpty();
    assertGone(session);
  }

  @ParameterizedTest
  @EnumSource(Unreadable.class)
  @Sentence("both are deleted and counted, and handed over only if they can be read.")
  void deleteExpired_unreadable_isDeletedAndCounted(Unreadable kind) throws Exception {
    StoredSession unreadable = insertUnreadable(kind);
    StoredSession sound = insert(SampleSessions.complete(NOW));
    List<StoredSession> gone = new ArrayList<>();
    assertThat(store().deleteExpired(StoredSession.MAX_MOMENT, 10, gone::add))
        .isEqualTo(new CleanUp(2, true));
    assertThat(gone).as("the sessions that were handed over").containsExactly(sound);
    assertGone(unreadable);
  }

  @ParameterizedTest
  @EnumSource(Unreadable.class)
  @Sentence("both are deleted and counted, and handed over only if they can be read.")
  void deleteByPrincipal_unreadable_isDeletedAndCounted(Unreadable kind) throws Exception {
    assumeIndex();
    StoredSession unreadable = insertUnreadable(kind);
    StoredSession sound = insert(SampleSessions.complete(NOW));
    List<StoredSession> gone = new ArrayList<>();
    assertThat(index().deleteByPrincipal("alice", Set.of(), gone::add)).isEqualTo(2);
    assertThat(gone).as("the sessions that were handed over").containsExactly(sound);
    assertGone(unreadable);
  }
}

package io.coatcheck.session.testkit;

import static io.coatcheck.session.testkit.SessionDifferences.assertSame;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.StoredSessionBuilder;
import io.coatcheck.session.token.SecretHash;
import io.coatcheck.session.token.SessionId;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** {@code insert} and {@code find}. */
abstract class Inserting extends ContractPart {

  Inserting(Supplier<Nodes> nodes) {
    super(nodes);
  }

  @ParameterizedTest
  @EnumSource(Specimen.class)
  @Sentence("Stores a new session, as given, its version included.")
  void insert_anySession_isFoundWithAllItsParts(Specimen specimen) {
    StoredSession session = insert(specimen.at(NOW));
    assertStored(session);
  }

  @ParameterizedTest
  @EnumSource(Specimen.class)
  @Sentence("Never overwrites.")
  void insert_knownId_throwsAndChangesNothing(Specimen specimen) {
    StoredSession session = insert(specimen.at(NOW));
    StoredSession same =
        SampleSessions.anonymous(session.id(), NOW)
            .attribute("other", SampleSessions.text("value"))
            .build();
    assertThatExceptionOfType(SessionStoreException.class)
        .as("a second insert of %s", session)
        .isThrownBy(() -> otherNode().insert(same));
    assertStored(session);
  }

  @Test
  @Sentence("Stores a new session, as given, its version included.")
  void insert_everyCombinationOfOptionalParts_isFoundWithAllItsParts() {
    SampleSessions.everyKind(NOW)
        .forEach(
            kind -> {
              StoredSession session = insert(kind.getPayload());
              assertSame(
                  "find of a session with " + kind.getName(),
                  otherNode().find(session.id()),
                  session);
            });
  }

  /** If it broke, secrets would be in the logs. */
  @Test
  @Sentence(
      of = SessionStoreException.class,
      value = "It never contains a secret, a hash or the value of an attribute.")
  void insert_knownId_messageNamesTheSessionAndNothingSecret() {
    StoredSession session = insert(SampleSessions.complete(NOW));
    Throwable thrown =
        catchThrowableOfType(SessionStoreException.class, () -> otherNode().insert(session));
    assertThat(thrown).as("the second insert").isNotNull();
    assertThat(thrown.getMessage()).as("the message").contains(session.id().toString());
    StringWriter all = new StringWriter();
    thrown.printStackTrace(new PrintWriter(all));
    String text = all.toString().toLowerCase(Locale.ROOT);
    for (SecretHash hash :
        List.of(session.secretHash(), session.previousSecretHash().orElseThrow())) {
      assertThat(text)
          .as("the exception, with its causes")
          .doesNotContain(HexFormat.of().formatHex(hash.toBytes()))
          .doesNotContain(base64(Base64.getEncoder(), hash))
          .doesNotContain(base64(Base64.getUrlEncoder(), hash))
          .doesNotContain("three apples");
    }
  }

  @Test
  @Sentence("Only insert, and LoginLimit.admit for a new session, make a session exist.")
  void insert_idThatWasDeleted_stores() {
    StoredSession first = insert(SampleSessions.complete(NOW));
    store().delete(first.id());
    StoredSession second = insert(SampleSessions.anonymous(first.id(), NOW));
    assertStored(second);
  }

  @Test
  @Sentence("Stores a new session, as given, its version included.")
  void insert_idsThatDifferInOneBit_areDifferentSessions() {
    List<StoredSession> sessions = new ArrayList<>();
    sessions.add(insert(SampleSessions.anonymous(SessionId.of(0, 0), NOW)));
    for (int bit = 0; bit < Long.SIZE; bit++) {
      sessions.add(insert(SampleSessions.anonymous(SessionId.of(1L << bit, 0), NOW)));
      sessions.add(insert(SampleSessions.anonymous(SessionId.of(0, 1L << bit), NOW)));
    }
    sessions.forEach(this::assertStored);
  }

  @Test
  @Order(Integer.MAX_VALUE)
  @Sentence("Never overwrites.")
  void insert_sameIdByMany_oneSucceedsAndItsSessionIsStored() {
    for (Race race = Race.inFewRounds(); race.goesOn(); ) {
      SessionId id = SampleSessions.anonymous(NOW).build().id();
      List<StoredSession> candidates = new ArrayList<>();
      List<Callable<Boolean>> inserts = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        // Of both kinds, since a store may keep them separately.
        StoredSessionBuilder kind =
            i % 2 == 0
                ? SampleSessions.anonymous(id, NOW)
                : SampleSessions.anonymous(id, NOW).principal("p" + i).authenticatedAt(NOW);
        StoredSession candidate = kind.build();
        candidates.add(candidate);
        boolean here = i < 4;
        inserts.add(() -> succeeds(() -> (here ? store() : otherNode()).insert(candidate)));
      }
      List<Boolean> succeeded = Race.among(inserts);
      assertThat(succeeded).as("which callers inserted the id %s", id).containsOnlyOnce(true);
      assertStored(candidates.get(succeeded.indexOf(true)));
    }
  }

  @Test
  @Sentence("empty if there is no such session, or no longer")
  void find_absent_isEmpty() {
    insert(SampleSessions.anonymous(NOW));
    assertGone(SampleSessions.anonymous(NOW).build());
  }

  @Test
  @Sentence("Returns the session as stored, expired or not: the caller decides. Changes nothing.")
  void find_changesNothing() {
    StoredSession session = insert(SampleSessions.complete(NOW));
    for (int i = 0; i < 3; i++) {
      assertStored(session);
    }
  }

  private static boolean succeeds(Runnable insert) {
    try {
      insert.run();
      return true;
    } catch (SessionStoreException e) {
      return false;
    }
  }

  private static String base64(Base64.Encoder encoder, SecretHash hash) {
    return encoder.withoutPadding().encodeToString(hash.toBytes()).toLowerCase(Locale.ROOT);
  }
}

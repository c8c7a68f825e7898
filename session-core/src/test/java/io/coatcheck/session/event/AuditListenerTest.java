package io.coatcheck.session.event;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SecretHash;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.test.log.RecordedLog;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class AuditListenerTest {

  private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
  private static final SessionId ID = SessionId.of(1, 2);

  @AutoClose
  private final RecordedLog log =
      RecordedLog.of(AuditListener.LOGGER_NAME).at(Level.DEBUG).hereOnly();

  private final AuditListener listener = new AuditListener();

  private static StoredSession session(String principal) {
    return StoredSession.builder(ID)
        .secretHash(SecretHash.of(new byte[32]))
        .createdAt(NOW)
        .absoluteDeadline(NOW.plus(Duration.ofHours(1)))
        .principal(principal)
        .authenticatedAt(principal == null ? null : NOW)
        .generation(3)
        .build();
  }

  private static SessionEvent refused(RefusalReason reason, Instant at) {
    return new SessionEvent.TokenRefused(at, Optional.of(ID), Optional.empty(), reason);
  }

  private Level levelOf(SessionEvent event) {
    log.clear();
    listener.onEvent(event);
    return log.events().get(0).getLevel();
  }

  @Test
  void onEvent_login_isOneLineOfFacts() {
    listener.onEvent(new SessionEvent.Authenticated(NOW, session("alice")));

    assertThat(log.lines())
        .containsExactly(
            "event=authenticated at=2026-03-01T12:00:00Z"
                + " session=00000000-0000-0001-0000-000000000002"
                + " principal=\"alice\" generation=3");
  }

  /** Returns the records that implement an event type. */
  private static Stream<Class<?>> kinds(Class<?> type) {
    return type.isSealed()
        ? Stream.of(type.getPermittedSubclasses()).flatMap(AuditListenerTest::kinds)
        : Stream.of(type);
  }

  private static SessionEvent example(Class<?> kind) {
    Optional<SessionId> id = Optional.of(ID);
    Optional<String> alice = Optional.of("alice");
    return switch (kind.getSimpleName()) {
      case "Created" -> new SessionEvent.Created(NOW, session(null));
      case "Authenticated" -> new SessionEvent.Authenticated(NOW, session("alice"));
      case "Renewed" -> new SessionEvent.Renewed(NOW, session("alice"));
      case "SavedAfterConflict" -> new SessionEvent.SavedAfterConflict(NOW, session("alice"), 2);
      case "WriteDropped" ->
          new SessionEvent.WriteDropped(NOW, id, alice, DropReason.LIMIT, Set.of("cart"));
      case "Ended" -> new SessionEvent.Ended(NOW, session("alice"), EndReason.LOGOUT);
      case "EndedElsewhere" -> new SessionEvent.EndedElsewhere(NOW, session("alice"));
      case "TokenRefused" ->
          new SessionEvent.TokenRefused(NOW, id, alice, RefusalReason.MISMATCHED);
      case "AttributeUndecodable" ->
          new SessionEvent.AttributeUndecodable(NOW, id, alice, "cart", "class gone");
      case "AttributeRefused" ->
          new SessionEvent.AttributeRefused(NOW, id, alice, "cart", "not serializable");
      case "AttributeUnencodable" ->
          new SessionEvent.AttributeUnencodable(NOW, id, alice, "cart", "not serializable");
      case "StoreFailed" ->
          new SessionEvent.StoreFailed(NOW, id, "find", new SessionStoreException("find: down"));
      case "ForeignCredential" ->
          new SessionEvent.ForeignCredential(
              NOW, id, alice, CredentialKind.JWT, CredentialOutcome.ACCEPTED);
      default -> throw new AssertionError("no example of " + kind);
    };
  }

  static Stream<SessionEvent> everyKind() {
    return kinds(SessionEvent.class).map(AuditListenerTest::example);
  }

  @ParameterizedTest
  @MethodSource("everyKind")
  @DisplayName("every kind of event has its own line, named after it")
  void onEvent_everyKind_isOneLine(SessionEvent event) {
    String name =
        event
            .getClass()
            .getSimpleName()
            .replaceAll("(?<=[a-z])(?=[A-Z])", "-")
            .toLowerCase(Locale.ROOT);

    listener.onEvent(event);

    assertThat(log.lines()).singleElement().asString().startsWith("event=" + name + " at=" + NOW);
    assertThat(log.lines().get(0)).doesNotContain(AuditListener.NO_DETAILS);
  }

  @Test
  void onEvent_levels_tellWhatToLookAt() {
    assertThat(levelOf(new SessionEvent.Created(NOW, session(null)))).isEqualTo(Level.DEBUG);
    assertThat(levelOf(new SessionEvent.Renewed(NOW, session("a")))).isEqualTo(Level.INFO);
    assertThat(levelOf(new SessionEvent.Ended(NOW, session("a"), EndReason.LOGOUT)))
        .isEqualTo(Level.INFO);
    assertThat(levelOf(new SessionEvent.Ended(NOW, session(null), EndReason.IDLE)))
        .isEqualTo(Level.DEBUG);
    assertThat(levelOf(refused(RefusalReason.UNKNOWN, NOW))).isEqualTo(Level.DEBUG);
    assertThat(levelOf(refused(RefusalReason.SUPERSEDED, NOW))).isEqualTo(Level.WARN);
    assertThat(
            levelOf(
                new SessionEvent.StoreFailed(
                    NOW, Optional.of(ID), "find", new SessionStoreException("find: down"))))
        .isEqualTo(Level.WARN);
    assertThat(
            levelOf(
                new SessionEvent.WriteDropped(
                    NOW, Optional.of(ID), Optional.empty(), DropReason.ENDED, Set.of("a"))))
        .isEqualTo(Level.WARN);
    assertThat(
            levelOf(
                new SessionEvent.AttributeUndecodable(
                    NOW, Optional.of(ID), Optional.empty(), "cart", "class gone")))
        .isEqualTo(Level.WARN);
    assertThat(
            levelOf(
                new SessionEvent.AttributeUnencodable(
                    NOW, Optional.of(ID), Optional.empty(), "cart", "not serializable")))
        .isEqualTo(Level.WARN);
    assertThat(
            levelOf(
                new SessionEvent.AttributeRefused(
                    NOW, Optional.of(ID), Optional.empty(), "cart", "not serializable")))
        .isEqualTo(Level.WARN);
    assertThat(levelOf(new SessionEvent.SavedAfterConflict(NOW, session("a"), 2)))
        .isEqualTo(Level.DEBUG);
  }

  @Test
  @DisplayName(
      "refused tokens are limited by kind and minute, and the next line says how many were left out")
  void onEvent_flood_isLimited() {
    for (int i = 0; i < 10_000; i++) {
      listener.onEvent(refused(RefusalReason.MISMATCHED, NOW.plusMillis(i)));
    }
    listener.onEvent(refused(RefusalReason.UNKNOWN, NOW));
    assertThat(log.lines()).hasSize(AuditListener.LINES_PER_MINUTE + 1);

    log.clear();
    listener.onEvent(refused(RefusalReason.MISMATCHED, NOW.plusSeconds(60)));
    listener.onEvent(refused(RefusalReason.MISMATCHED, NOW.plusSeconds(61)));

    assertThat(log.lines().get(0)).endsWith(" reason=mismatched left-out=9980");
    assertThat(log.lines().get(1)).endsWith(" reason=mismatched");
  }

  @Test
  @DisplayName("dropped changes, which an anonymous client can cause, are limited as well")
  void onEvent_droppedChanges_areLimited() {
    for (int i = 0; i < 100; i++) {
      listener.onEvent(
          new SessionEvent.WriteDropped(
              NOW, Optional.of(ID), Optional.empty(), DropReason.ENDED, Set.of("a", "b")));
    }

    assertThat(log.lines()).hasSize(AuditListener.LINES_PER_MINUTE);
    assertThat(log.lines().get(0)).endsWith(" reason=ended attributes=\"a b\"");
  }

  @Test
  @DisplayName("refused credentials of other systems are limited, accepted ones are not")
  void onEvent_credentials_areLimitedUnlessAccepted() {
    for (CredentialOutcome outcome : CredentialOutcome.values()) {
      log.clear();
      for (int i = 0; i < 100; i++) {
        listener.onEvent(
            new SessionEvent.ForeignCredential(
                NOW, Optional.empty(), Optional.empty(), CredentialKind.SPRING_SESSION, outcome));
      }
      boolean isAccepted = outcome == CredentialOutcome.ACCEPTED;
      assertThat(log.lines()).hasSize(isAccepted ? 100 : AuditListener.LINES_PER_MINUTE);
      assertThat(log.events().get(0).getLevel())
          .isEqualTo(outcome == CredentialOutcome.FAILED ? Level.WARN : Level.INFO);
      assertThat(log.lines().get(0))
          .isEqualTo(
              "event=foreign-credential at=%s kind=spring-session outcome=%s",
              NOW, outcome.name().toLowerCase(Locale.ROOT));
    }
  }

  @Test
  @DisplayName("a clock that steps back does not silence the log")
  void onEvent_clockStepsBack_goesOn() {
    for (int i = 0; i < 100; i++) {
      listener.onEvent(refused(RefusalReason.UNKNOWN, NOW));
    }
    log.clear();
    listener.onEvent(refused(RefusalReason.UNKNOWN, NOW.minusSeconds(3600)));

    assertThat(log.lines()).hasSize(1);
  }

  @Test
  @DisplayName("ASVS 16.4.1: a client cannot write its own line")
  void onEvent_controlCharacters_areEscaped() {
    listener.onEvent(
        new SessionEvent.Authenticated(NOW, session("a\"\r\nevent=forged\u2028\u202e\u001b[31m")));

    assertThat(log.lines().get(0))
        .contains("principal=\"a\\\"\\u000d\\u000aevent=forged\\u2028\\u202e\\u001b[31m\"");
  }

  @Test
  @DisplayName("attack 18: renewals of anonymous sessions, which no login bounds, are DEBUG")
  void onEvent_renewed_isInfoForUsersOnly() {
    listener.onEvent(new SessionEvent.Renewed(NOW, session(null)));
    listener.onEvent(new SessionEvent.Renewed(NOW, session("alice")));

    assertThat(log.events())
        .extracting(ILoggingEvent::getLevel)
        .containsExactly(Level.DEBUG, Level.INFO);
  }

  @Test
  @DisplayName("B15: a change in place that yields is DEBUG, one that does not fit is WARN")
  void onEvent_dropped_levels() {
    for (DropReason reason : List.of(DropReason.OVERTAKEN, DropReason.LIMIT)) {
      listener.onEvent(
          new SessionEvent.WriteDropped(
              NOW, Optional.of(ID), Optional.empty(), reason, Set.of("cart")));
    }

    assertThat(log.events())
        .extracting(ILoggingEvent::getLevel)
        .containsExactly(Level.DEBUG, Level.WARN);
  }

  @Test
  @DisplayName("attack 18: the text of an event has no principal, and no name of an attribute")
  void toString_hasNoData() {
    Optional<SessionId> id = Optional.of(ID);
    Optional<String> alice = Optional.of("alice");
    StoredSession session = session("alice");
    List<SessionEvent> events =
        List.of(
            new SessionEvent.Created(NOW, session),
            new SessionEvent.Authenticated(NOW, session),
            new SessionEvent.Renewed(NOW, session),
            new SessionEvent.SavedAfterConflict(NOW, session, 2),
            new SessionEvent.WriteDropped(NOW, id, alice, DropReason.ENDED, Set.of("diagnosis")),
            new SessionEvent.Ended(NOW, session, EndReason.LOGOUT),
            new SessionEvent.EndedElsewhere(NOW, session),
            new SessionEvent.TokenRefused(NOW, id, alice, RefusalReason.SUPERSEDED),
            new SessionEvent.AttributeRefused(NOW, id, alice, "diagnosis", "of diagnosis"),
            new SessionEvent.AttributeUndecodable(NOW, id, alice, "diagnosis", "of diagnosis"),
            new SessionEvent.AttributeUnencodable(NOW, id, alice, "diagnosis", "of diagnosis"),
            new SessionEvent.ForeignCredential(
                NOW, id, alice, CredentialKind.JWT, CredentialOutcome.SPENT),
            new SessionEvent.StoreFailed(
                NOW, id, "find", new SessionStoreException("find: alice's diagnosis")));

    assertThat(events)
        .extracting(SessionEvent::toString)
        .allSatisfy(
            text ->
                assertThat(text)
                    .contains(ID.toString())
                    .doesNotContain("alice")
                    .doesNotContain("diagnosis"));
  }
}

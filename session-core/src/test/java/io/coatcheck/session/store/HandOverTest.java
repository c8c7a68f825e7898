package io.coatcheck.session.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.coatcheck.session.token.SecretHash;
import io.coatcheck.session.token.SessionId;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class HandOverTest {

  private final List<StoredSession> received = new ArrayList<>();

  static Stream<Throwable> failures() {
    return Stream.of(
        new IllegalStateException("unchecked"),
        new LinkageError("an Error"),
        new IOException("checked, as Kotlin throws it"));
  }

  @ParameterizedTest
  @MethodSource("failures")
  void accept_consumerThrows_othersAreHandedOver_andItIsThrownAtTheEnd(Throwable failure) {
    HandOver handOver = new HandOver(failingOnTheFirst(failure));
    handOver.accept(session(1));
    handOver.accept(session(2));
    handOver.accept(session(3));
    assertThat(received).hasSize(3);
    assertThat(catchThrowable(handOver::finish)).isSameAs(failure);
  }

  @Test
  void finish_nothingThrown_returns() {
    HandOver handOver = new HandOver(received::add);
    handOver.accept(session(1));
    assertThatCode(handOver::finish).doesNotThrowAnyException();
  }

  @Test
  void finish_theSameThrownTwice_isThrownOnceWithoutItself() {
    RuntimeException always = new IllegalStateException("always");
    HandOver handOver =
        new HandOver(
            session -> {
              throw always;
            });
    handOver.accept(session(1));
    handOver.accept(session(2));
    assertThat(catchThrowable(handOver::finish)).isSameAs(always).hasNoSuppressedExceptions();
  }

  @Test
  void finish_manyThrown_suppressesABoundedNumber() {
    HandOver handOver =
        new HandOver(
            session -> {
              throw new IllegalStateException(session.id().toString());
            });
    for (int i = 0; i < HandOver.MAX_SUPPRESSED + 50; i++) {
      handOver.accept(session(i));
    }
    assertThat(catchThrowable(handOver::finish).getSuppressed()).hasSize(HandOver.MAX_SUPPRESSED);
  }

  @ParameterizedTest
  @MethodSource("failures")
  void addTo_suppressesWhatTheConsumerThrew(Throwable failure) {
    HandOver handOver = new HandOver(failingOnTheFirst(failure));
    handOver.accept(session(1));
    SessionStoreException ofTheStore = new SessionStoreException("the second step failed");
    handOver.addTo(ofTheStore);
    assertThat(ofTheStore.getSuppressed()).containsExactly(failure);
  }

  private Consumer<StoredSession> failingOnTheFirst(Throwable failure) {
    return session -> {
      received.add(session);
      if (received.size() == 1) {
        HandOverTest.<RuntimeException>throwUnchecked(failure);
      }
    };
  }

  @SuppressWarnings("unchecked") // As a language without checked exceptions does.
  private static <T extends Throwable> void throwUnchecked(Throwable thrown) throws T {
    throw (T) thrown;
  }

  private static StoredSession session(long number) {
    Instant now = Instant.parse("2026-01-01T00:00:00Z");
    return StoredSession.builder(SessionId.of(1, number))
        .secretHash(SecretHash.of(new byte[SecretHash.LENGTH]))
        .createdAt(now)
        .absoluteDeadline(now.plusSeconds(60))
        .build();
  }
}

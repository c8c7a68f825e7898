package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.store.StoredSession;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** A consumer that throws a new exception for each session that it gets. */
final class ThrowingConsumer implements Consumer<StoredSession> {

  private final List<StoredSession> handedOver = new ArrayList<>();
  private final List<Throwable> thrown = new ArrayList<>();

  @Override
  public void accept(StoredSession session) {
    handedOver.add(session);
    IllegalStateException failure = new IllegalStateException("number " + handedOver.size());
    thrown.add(failure);
    throw failure;
  }

  /** Asserts that a call throws the first of the exceptions, which has the others suppressed. */
  void assertFails(ThrowingCallable call) {
    assertThatThrownBy(call)
        .isSameAs(thrown.get(0))
        .satisfies(
            first ->
                assertThat(first.getSuppressed())
                    .containsExactlyElementsOf(thrown.subList(1, thrown.size())));
  }

  /** Returns the sessions that it was given. */
  List<StoredSession> handedOver() {
    return handedOver;
  }
}

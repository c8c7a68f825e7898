package io.coatcheck.session.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.token.SessionId;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The listeners of a change feed")
class ChangeListenersTest {

  private static final SessionId ID = SessionId.of(1, 2);

  private final ChangeListeners listeners = new ChangeListeners();

  /** Writes down its calls, and throws in those of the given names. */
  private static final class Calls implements ChangeFeed.Listener {
    private final List<String> calls = new ArrayList<>();
    private final List<String> failing;

    Calls(String... failing) {
      this.failing = new ArrayList<>(List.of(failing));
    }

    private void call(String name) {
      calls.add(name);
      if (failing.remove(name)) {
        throw new AssertionError("on purpose");
      }
    }

    @Override
    public void changed(SessionId id) {
      call("changed");
    }

    @Override
    public void missed() {
      call("missed");
    }

    @Override
    public void completeUpTo(long nanoTime) {
      call("complete " + nanoTime);
    }
  }

  private Calls added(Calls listener) {
    listeners.add(listener);
    return listener;
  }

  @Test
  void everyListener_isNotified() {
    Calls one = added(new Calls());
    Calls other = added(new Calls());
    listeners.changed(ID);
    listeners.missed();
    listeners.completeUpTo(5);
    assertThat(one.calls).containsExactly("changed", "missed", "complete 5");
    assertThat(other.calls).isEqualTo(one.calls);
  }

  @Test
  void changedThrows_missedComesBeforeCompleteness_once() {
    Calls failing = added(new Calls("changed"));
    Calls sound = added(new Calls());
    listeners.changed(ID);
    listeners.changed(ID);
    listeners.completeUpTo(5);
    listeners.completeUpTo(6);
    assertThat(failing.calls)
        .containsExactly("changed", "changed", "missed", "complete 5", "complete 6");
    assertThat(sound.calls).containsExactly("changed", "changed", "complete 5", "complete 6");
  }

  @Test
  void missedThrowsToo_isNotTrustedUntilItReturns() {
    Calls failing = added(new Calls("changed", "missed", "missed"));
    listeners.changed(ID);
    listeners.completeUpTo(5);
    listeners.completeUpTo(6);
    listeners.completeUpTo(7);
    assertThat(failing.calls)
        .containsExactly("changed", "missed", "missed", "missed", "complete 7");
  }

  @Test
  void missedThrows_isCalledAgain() {
    Calls failing = added(new Calls("missed"));
    listeners.missed();
    listeners.completeUpTo(5);
    assertThat(failing.calls).containsExactly("missed", "missed", "complete 5");
  }

  @Test
  void close_endsTheCallsOfOneOrAll() {
    Calls one = new Calls();
    ChangeFeed.Subscription subscription = listeners.add(one);
    Calls other = added(new Calls());
    assertThat(listeners.isEmpty()).isFalse();
    subscription.close();
    subscription.close();
    listeners.changed(ID);
    assertThat(one.calls).isEmpty();
    assertThat(other.calls).hasSize(1);
    listeners.close();
    listeners.changed(ID);
    assertThat(other.calls).hasSize(1);
    assertThat(listeners.isEmpty()).isTrue();
  }

  @Test
  void sameListenerTwice_hasTwoSubscriptions() {
    Calls listener = new Calls();
    ChangeFeed.Subscription first = listeners.add(listener);
    listeners.add(listener);
    listeners.changed(ID);
    first.close();
    listeners.changed(ID);
    assertThat(listener.calls).hasSize(3);
  }
}

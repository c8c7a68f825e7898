package io.coatcheck.session.nearcache;

import io.coatcheck.session.store.ChangeFeed;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** A feed that reports what a test calls, on its thread. */
final class HandFeed implements ChangeFeed {

  private final List<Listener> listeners = new CopyOnWriteArrayList<>();

  volatile Duration interval = Duration.ZERO;

  /** Thrown when a subscription is closed. */
  volatile @Nullable RuntimeException closeFailure;

  /** Run before each subscription. */
  volatile Runnable beforeSubscribe = () -> {};

  @Override
  public Subscription subscribe(Listener listener) {
    beforeSubscribe.run();
    listeners.add(listener);
    return () -> {
      RuntimeException failure = closeFailure;
      if (failure != null) {
        throw failure;
      }
      listeners.remove(listener);
    };
  }

  @Override
  public Duration interval() {
    return interval;
  }

  int listeners() {
    return listeners.size();
  }

  void changed(SessionId id) {
    listeners.forEach(one -> one.changed(id));
  }

  void completeUpTo(long moment) {
    listeners.forEach(one -> one.completeUpTo(moment));
  }
}

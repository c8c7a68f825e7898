package io.coatcheck.session.redis;

import io.coatcheck.session.background.PolledChangeFeed;
import io.coatcheck.session.store.ChangeFeed;
import java.time.Duration;

/** Reads the changes at an interval, and at once when the end of a session is announced. */
record AnnouncedChangeFeed(PolledChangeFeed polled, Announcements announcements)
    implements ChangeFeed {

  @Override
  public Subscription subscribe(Listener listener) {
    Subscription subscription = polled.subscribe(listener);
    announcements.listen(polled::pollSoon);
    return subscription;
  }

  @Override
  public Duration interval() {
    return polled.interval();
  }

  void close() {
    polled.close();
  }
}

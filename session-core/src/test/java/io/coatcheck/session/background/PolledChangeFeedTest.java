package io.coatcheck.session.background;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.store.ChangeFeed;
import io.coatcheck.session.store.ChangeListeners;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.test.log.RecordedLog;
import java.lang.invoke.MethodHandles;
import java.time.Duration;
import java.util.Iterator;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

@DisplayName("a change feed that cannot be read says why")
class PolledChangeFeedTest {

  private static final String LOGGER = "tested change feed";

  @AutoClose private final RecordedLog log = RecordedLog.of(LOGGER);

  /** Reads the log as often as there are reasons to fail, and once more. */
  private void failWith(Stream<String> reasons) throws InterruptedException {
    Reading reader = new Reading(reasons);
    PolledChangeFeed feed = feed(new ChangeListeners(), reader);
    feed.subscribe(new Silent());
    try {
      assertThat(reader.readAgain.await(60, TimeUnit.SECONDS)).isTrue();
    } finally {
      feed.close();
    }
  }

  private static PolledChangeFeed feed(ChangeListeners listeners, Reading reader) {
    return new PolledChangeFeed(
        listeners, reader, Duration.ofMillis(1), LoggerFactory.getLogger(LOGGER));
  }

  /** Fails for each reason, and then reads nothing. */
  private static final class Reading implements PolledChangeFeed.Reader {

    private final Iterator<String> next;
    private final CountDownLatch readAgain = new CountDownLatch(2);

    Reading(Stream<String> reasons) {
      next = reasons.iterator();
    }

    @Override
    public boolean read() {
      if (next.hasNext()) {
        throw new SessionStoreException(next.next());
      }
      readAgain.countDown();
      return false;
    }

    @Override
    public void rest() {}
  }

  static final class Silent implements ChangeFeed.Listener {

    @Override
    public void changed(SessionId id) {}

    @Override
    public void missed() {}

    @Override
    public void completeUpTo(long nanoTime) {}
  }

  /** A thread cannot be started twice, just as it cannot be without memory for it. */
  @Test
  @DisplayName("a subscription for which no thread can be started is not left behind")
  void subscribe_threadThatCannotStart_leavesNoListener() throws Exception {
    ChangeListeners listeners = new ChangeListeners();
    PolledChangeFeed feed = feed(listeners, new Reading(Stream.empty()));
    RecurringWork work =
        (RecurringWork)
            MethodHandles.privateLookupIn(PolledChangeFeed.class, MethodHandles.lookup())
                .findVarHandle(PolledChangeFeed.class, "work", RecurringWork.class)
                .get(feed);
    Thread thread =
        (Thread)
            MethodHandles.privateLookupIn(RecurringWork.class, MethodHandles.lookup())
                .findVarHandle(RecurringWork.class, "thread", Thread.class)
                .get(work);
    thread.start();
    try {
      for (int i = 0; i < 2; i++) {
        assertThatThrownBy(() -> feed.subscribe(new Silent()))
            .as("attempt %d", i + 1)
            .isInstanceOf(IllegalThreadStateException.class);
        assertThat(listeners.isEmpty()).isTrue();
      }
    } finally {
      assertThat(work.end()).isTrue();
    }
  }

  @Test
  @DisplayName("the server is down, and then refuses the user: both are logged, and each once")
  void eachReason_isLoggedOnce() throws Exception {
    failWith(
        Stream.of("no connection", "no connection", "no SELECT", "no connection", "no SELECT"));

    assertThat(log.lines()).hasSize(3);
    assertThat(log.lines().get(0)).endsWith(": no connection");
    assertThat(log.lines().get(1)).endsWith(": no SELECT");
    assertThat(log.lines().get(2)).contains("again, after 5 failed attempts");
  }

  @Test
  @DisplayName("reasons that are never the same do not fill the log")
  void everDifferentReasons_areFewLines() throws Exception {
    failWith(IntStream.range(0, 100).mapToObj(port -> "no connection from port " + port));

    assertThat(log.lines()).hasSize(9);
  }
}

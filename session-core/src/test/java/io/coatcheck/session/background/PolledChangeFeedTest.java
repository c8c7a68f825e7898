package io.coatcheck.session.background;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.ChangeFeed;
import io.coatcheck.session.store.ChangeListeners;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.test.log.RecordedLog;
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
    Iterator<String> next = reasons.iterator();
    CountDownLatch readAgain = new CountDownLatch(2);
    PolledChangeFeed.Reader reader =
        new PolledChangeFeed.Reader() {

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
        };
    PolledChangeFeed feed =
        new PolledChangeFeed(
            new ChangeListeners(), reader, Duration.ofMillis(1), LoggerFactory.getLogger(LOGGER));
    feed.subscribe(
        new ChangeFeed.Listener() {
          @Override
          public void changed(SessionId id) {}

          @Override
          public void missed() {}

          @Override
          public void completeUpTo(long nanoTime) {}
        });
    try {
      assertThat(readAgain.await(60, TimeUnit.SECONDS)).isTrue();
    } finally {
      feed.close();
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

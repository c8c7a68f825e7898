package io.coatcheck.session.background;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.coatcheck.session.store.ChangeFeed;
import io.coatcheck.session.store.ChangeListeners;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

@DisplayName("a change feed that cannot be read says why")
class PolledChangeFeedTest {

  private final Logger log = (Logger) LoggerFactory.getLogger("tested change feed");
  private final ListAppender<ILoggingEvent> lines = new ListAppender<>();

  @BeforeEach
  void listen() {
    lines.start();
    log.addAppender(lines);
  }

  @AfterEach
  void stopListening() {
    log.detachAppender(lines);
  }

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
        new PolledChangeFeed(new ChangeListeners(), reader, Duration.ofMillis(1), log);
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

  private List<String> logged() {
    return lines.list.stream().map(ILoggingEvent::getFormattedMessage).collect(Collectors.toList());
  }

  @Test
  @DisplayName("the server is down, and then refuses the user: both are logged, and each once")
  void eachReason_isLoggedOnce() throws Exception {
    failWith(
        Stream.of("no connection", "no connection", "no SELECT", "no connection", "no SELECT"));

    assertThat(logged()).hasSize(3);
    assertThat(logged().get(0)).endsWith(": no connection");
    assertThat(logged().get(1)).endsWith(": no SELECT");
    assertThat(logged().get(2)).contains("again, after 5 attempts that failed");
  }

  @Test
  @DisplayName("reasons that are never the same do not fill the log")
  void everDifferentReasons_areFewLines() throws Exception {
    failWith(IntStream.range(0, 100).mapToObj(port -> "no connection from port " + port));

    assertThat(logged()).hasSize(9);
  }
}

package io.coatcheck.session.background;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.ChangeFeed;
import io.coatcheck.session.store.ChangeListeners;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

@DisplayName("a poll that a store asks for")
@Timeout(60)
class PollSoonTest {

  /** One read of the log, which lasts until the test ends it. */
  private record Read(long begin, BlockingQueue<Long> end) {

    /** Ends the read, and returns when. */
    long finish() {
      long now = System.nanoTime();
      end.add(now);
      return now;
    }
  }

  private final BlockingQueue<Read> reads = new LinkedBlockingQueue<>();
  private volatile boolean isOver;
  private final AtomicInteger rests = new AtomicInteger();
  private final PolledChangeFeed.Reader reader =
      new PolledChangeFeed.Reader() {

        @Override
        public boolean read() {
          Read read = new Read(System.nanoTime(), new LinkedBlockingQueue<>());
          reads.add(read);
          if (isOver) {
            return false;
          }
          try {
            read.end().take();
          } catch (InterruptedException impossible) {
            throw new IllegalStateException(impossible);
          }
          return false;
        }

        @Override
        public void rest() {
          rests.incrementAndGet();
        }
      };

  private PolledChangeFeed feed = feed(Duration.ofHours(1));

  private PolledChangeFeed feed(Duration interval) {
    return feed(interval, 1);
  }

  private PolledChangeFeed feed(Duration interval, int logs) {
    return new PolledChangeFeed(
        new ChangeListeners(), reader, interval, logs, LoggerFactory.getLogger(PollSoonTest.class));
  }

  @AfterEach
  void close() {
    isOver = true;
    reads.forEach(Read::finish);
    feed.close();
  }

  private ChangeFeed.Subscription subscribe() {
    return feed.subscribe(new PolledChangeFeedTest.Silent());
  }

  private Read nextRead() throws InterruptedException {
    Read read = reads.poll(60, TimeUnit.SECONDS);
    assertThat(read).isNotNull();
    return read;
  }

  @Test
  @DisplayName("does not wait for the interval, even if it was asked for during another poll")
  void pollSoon_readsAtOnce() throws Exception {
    subscribe();
    nextRead().finish();
    feed.pollSoon();
    Read second = nextRead();
    feed.pollSoon();
    second.finish();
    nextRead().finish();
  }

  @Test
  @DisplayName("comes 20 milliseconds after the last one, however often it is asked for")
  void manyCalls_areFewPolls() throws Exception {
    subscribe();
    long end = nextRead().finish();
    for (int poll = 0; poll < 10; poll++) {
      Read next = null;
      while (next == null) {
        feed.pollSoon();
        next = reads.poll();
      }
      assertThat(Duration.ofNanos(next.begin() - end))
          .isGreaterThanOrEqualTo(Duration.ofMillis(20));
      end = next.finish();
    }
  }

  @Test
  @DisplayName("is never later than the interval")
  void shortInterval_isNotMadeLonger() throws Exception {
    feed = feed(Duration.ofNanos(1));
    subscribe();
    boolean isSooner = false;
    while (!isSooner) { // Each of these polls is asked for during the last one.
      Read read = nextRead();
      feed.pollSoon();
      long end = read.finish();
      Read next = nextRead();
      isSooner = Duration.ofNanos(next.begin() - end).compareTo(Duration.ofMillis(20)) < 0;
      next.finish();
    }
  }

  @Test
  @DisplayName("comes 5 milliseconds for each log after the last one that was asked for")
  void manyLogs_areReadLessOften() throws Exception {
    feed = feed(Duration.ofHours(1), 40);
    subscribe();
    nextRead().finish();
    long asked = System.nanoTime();
    feed.pollSoon();
    for (int poll = 0; poll < 3; poll++) {
      Read read = nextRead();
      assertThat(Duration.ofNanos(read.begin() - asked))
          .isGreaterThanOrEqualTo(Duration.ofMillis(poll * 200L));
      feed.pollSoon();
      read.finish();
    }
  }

  @Test
  @DisplayName("is never later than the interval, however many logs there are")
  void manyLogs_areReadAtTheInterval() throws Exception {
    feed = feed(Duration.ofMillis(100), 1_000_000);
    subscribe();
    for (int poll = 0; poll < 3; poll++) {
      Read read = nextRead();
      feed.pollSoon();
      read.finish();
    }
  }

  @Test
  @DisplayName("is not made without listeners")
  void pollSoon_withoutListeners_isIgnored() throws Exception {
    feed.pollSoon();
    ChangeFeed.Subscription first = subscribe();
    nextRead().finish();
    first.close();
    feed.pollSoon();
    subscribe();
    nextRead().finish();

    assertThat(rests).hasValue(0);
  }

  @Test
  @DisplayName("is not made after the end")
  void pollSoon_afterClose_isIgnored() throws Exception {
    subscribe();
    nextRead().finish();
    feed.close();
    feed.pollSoon();

    assertThat(reads).isEmpty();
  }
}

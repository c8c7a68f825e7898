package io.coatcheck.session.nearcache;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SecretHash;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Ends that are found on this node are passed on, and wait in a queue of bounded size. */
class EndNoticesTest {

  private static final long MAXIMUM_BYTES = 16 << 10;

  private final EndNotices notices = new EndNotices(MAXIMUM_BYTES);
  private final BlockingQueue<SessionId> notified = new LinkedBlockingQueue<>();

  @AfterEach
  void close() {
    notices.close();
  }

  /** If it broke, no listener would hear of large sessions, and the log would say it was slow. */
  @Test
  void endOfASession_largerThanTheQueue_isNotifiedAlone() throws InterruptedException {
    notices.listener(session -> notified.add(session.id()));
    notices.add(copy(1, 64 << 10));
    assertThat(notified.poll(30, TimeUnit.SECONDS)).isEqualTo(SessionId.of(0, 1));
    notices.add(copy(2, 64 << 10));
    assertThat(notified.poll(30, TimeUnit.SECONDS)).isEqualTo(SessionId.of(0, 2));
  }

  @Test
  void endsWhileTheListenerIsBusy_beyondTheQueue_areDropped() throws InterruptedException {
    CountDownLatch isBusy = new CountDownLatch(1);
    CountDownLatch mayGoOn = new CountDownLatch(1);
    notices.listener(
        session -> {
          isBusy.countDown();
          awaitQuietly(mayGoOn);
          notified.add(session.id());
        });
    notices.add(copy(1, 0));
    assertThat(isBusy.await(30, TimeUnit.SECONDS)).isTrue();
    notices.add(copy(2, 1_000));
    notices.add(copy(3, 64 << 10));
    notices.add(copy(4, 1_000));
    mayGoOn.countDown();
    for (int number : new int[] {1, 2, 4}) {
      assertThat(notified.poll(30, TimeUnit.SECONDS)).isEqualTo(SessionId.of(0, number));
    }
    assertThat(notified).isEmpty();
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static Copy copy(int number, int bytes) {
    StoredSession session =
        StoredSession.builder(SessionId.of(0, number))
            .secretHash(SecretHash.of(new byte[SecretHash.LENGTH]))
            .createdAt(Instant.EPOCH)
            .absoluteDeadline(StoredSession.MAX_MOMENT)
            .attribute("a", AttributeValue.encoded(new byte[bytes]))
            .build();
    return new Copy(session, new LocalEnds.Start(session.id(), 0, 0, 0));
  }
}

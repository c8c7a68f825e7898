package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.ChangeFeed;
import io.coatcheck.session.token.SessionId;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Transactions of random sizes, some of them rolled back, on several connections at once. */
@DisplayName("A feed of many changes loses none")
class ManyChangesTest {

  private static final int WRITERS = 3;

  static Stream<Pool> pools() {
    return Pool.eachDialect().filter(Pool::locksRows);
  }

  @ParameterizedTest
  @MethodSource("pools")
  void thousandsOfChanges_areAllReported(Pool pool) {
    assertNoneIsLost(pool, 10_000);
  }

  @Tag("long")
  @Test
  void aMillionChanges_areAllReported() {
    Pool pool =
        pools().filter(each -> each.database() == Database.POSTGRESQL).findFirst().orElseThrow();
    assertNoneIsLost(pool, 1_000_000);
  }

  @Tag("soak")
  @ParameterizedTest
  @MethodSource("pools")
  void aMillionChanges_onEachDatabase_areAllReported(Pool pool) {
    assertNoneIsLost(pool, 1_000_000);
  }

  private static void assertNoneIsLost(Pool pool, int number) {
    try (Table table = Table.withChanges(pool)) {
      Seen seen = new Seen(number);
      table.store.changeFeed().orElseThrow().subscribe(seen);
      // What was before the first position is missed, and not reported.
      seen.awaitComplete();
      AtomicInteger next = new AtomicInteger();
      Callable<Boolean> writer = () -> write(table, next, number);
      List<Callable<Boolean>> writers = new ArrayList<>();
      for (int i = 0; i < WRITERS; i++) {
        writers.add(writer);
      }
      Together.run(writers);
      seen.awaitComplete();
      assertThat(seen.missing(number)).as("changes that were not reported").isZero();
    }
  }

  private static boolean write(Table table, AtomicInteger next, int number) throws SQLException {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    try (OpenTransaction transaction = new OpenTransaction(table)) {
      while (true) {
        int size = random.nextInt(100) == 0 ? 500 : 1 + random.nextInt(20);
        int first = next.getAndAdd(size);
        if (first >= number) {
          return true;
        }
        SessionId[] ids = new SessionId[Math.min(size, number - first)];
        for (int i = 0; i < ids.length; i++) {
          ids[i] = SessionId.of(9, first + i);
        }
        // Some 50 in all, of one number each: more than the reader can remember, it would wait for.
        if (random.nextInt(number / 500) == 0) {
          transaction.record(ids[0]).rollBack();
        }
        transaction.record(ids).commit();
      }
    }
  }

  private static final class Seen implements ChangeFeed.Listener {
    private final BitSet numbers;
    private final AtomicLong complete = new AtomicLong(System.nanoTime());

    Seen(int number) {
      numbers = new BitSet(number);
    }

    @Override
    public void changed(SessionId id) {
      if (id.mostSignificantBits() == 9) {
        synchronized (numbers) {
          numbers.set((int) id.leastSignificantBits());
        }
      }
    }

    /** Says that everything may have changed, which would hide what is lost. */
    @Override
    public void missed() {}

    @Override
    public void completeUpTo(long nanoTime) {
      complete.set(nanoTime);
    }

    void awaitComplete() {
      long now = System.nanoTime();
      Table.await("complete up to now", () -> complete.get() - now > 0);
    }

    int missing(int number) {
      synchronized (numbers) {
        return number - numbers.cardinality();
      }
    }
  }
}

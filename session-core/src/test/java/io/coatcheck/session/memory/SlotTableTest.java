package io.coatcheck.session.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.token.SessionId;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class SlotTableTest {

  private final SlotTable table = new SlotTable();

  private static SessionId id(int number) {
    return SessionId.of(number * 31L, number);
  }

  /** Few ids, so that places are used again, chains are long and the table grows and shrinks. */
  @Test
  void operations_inAnyOrder_areThoseOfAMap() {
    Random random = new Random(7);
    Map<SessionId, Slot> model = new HashMap<>();
    for (int step = 0; step < 200_000; step++) {
      int range = step / 50_000 % 2 == 0 ? 1_000 : 20;
      SessionId id = id(random.nextInt(range));
      Slot known = model.get(id);
      switch (random.nextInt(4)) {
        case 0 -> {
          Slot slot = new Slot(id);
          assertThat(table.put(slot)).isTrue();
          model.put(id, slot);
        }
        case 1 -> {
          if (known != null) {
            assertThat(table.put(known)).as("put again").isFalse();
          }
        }
        case 2 -> {
          if (known != null) {
            table.remove(known);
            model.remove(id);
          }
        }
        default -> table.remove(new Slot(id));
      }
      assertThat(table.get(id)).isSameAs(model.get(id));
      assertThat(table.size()).isEqualTo(model.size());
    }
    for (int number = 0; number < 1_000; number++) {
      assertThat(table.get(id(number))).isSameAs(model.get(id(number)));
    }
    table.close();
    assertThat(table.size()).isZero();
    assertThat(table.get(id(1))).isNull();
  }

  /** The id whose bits are all zero is that of the slot that stands for removed ones. */
  @Test
  void idOfZeros_isLikeOthers() {
    SessionId zeros = SessionId.of(0, 0);
    Slot slot = new Slot(zeros);

    assertThat(table.get(zeros)).isNull();
    assertThat(table.put(slot)).isTrue();
    assertThat(table.get(zeros)).isSameAs(slot);
    table.remove(slot);
    assertThat(table.get(zeros)).isNull();
    assertThat(table.put(slot)).isTrue();
    assertThat(table.get(zeros)).isSameAs(slot);
    assertThat(table.size()).isOne();
  }

  /** What is in the table all the time is found all the time, while others come and go. */
  @Test
  void get_whileOthersChangeAndTheTableGrows_neverMisses() throws Exception {
    int steady = 300;
    for (int number = 0; number < steady; number++) {
      table.put(new Slot(id(number)));
    }
    AtomicBoolean done = new AtomicBoolean();
    CountDownLatch started = new CountDownLatch(2);
    ExecutorService readers = Executors.newFixedThreadPool(2);
    try {
      Future<Integer> first = readers.submit(() -> misses(steady, started, done));
      Future<Integer> second = readers.submit(() -> misses(steady, started, done));
      started.await();
      for (int round = 0; round < 30; round++) {
        Slot[] passing = new Slot[5_000];
        for (int i = 0; i < passing.length; i++) {
          passing[i] = new Slot(id(steady + i));
          table.put(passing[i]);
        }
        for (Slot slot : passing) {
          table.remove(slot);
        }
        assertThat(table.size()).isEqualTo(steady);
      }
      done.set(true);
      assertThat(first.get(60, TimeUnit.SECONDS) + second.get(60, TimeUnit.SECONDS)).isZero();
    } finally {
      done.set(true);
      readers.shutdownNow();
    }
  }

  private int misses(int steady, CountDownLatch started, AtomicBoolean done) {
    int misses = 0;
    started.countDown();
    while (!done.get()) {
      for (int number = 0; number < steady; number++) {
        misses += table.get(id(number)) == null ? 1 : 0;
      }
    }
    return misses;
  }
}

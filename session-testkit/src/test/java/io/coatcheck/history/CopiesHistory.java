package io.coatcheck.history;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.session.token.SessionToken;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Clients without version hints that hop between nodes with copies at random, from several threads,
 * while their sessions are written, re-keyed and ended. Times are compared by {@link
 * System#nanoTime()}, without any margin:
 *
 * <ul>
 *   <li>no token is accepted by a request that begins the bound or more after its end returned;
 *   <li>a request reads what was stored the bound or more before it began, or something newer;
 *   <li>no token is refused before its end began.
 * </ul>
 */
public final class CopiesHistory {

  private static final int SEATS = 12;
  private static final int MAX_ENDED = 100;

  /** Far longer than anything takes, however busy the machine is. */
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private static final Duration LONGEST_DISTURBANCE = Duration.ofMinutes(5);

  private final List<HistoryNode> nodes;

  /** How many more requests may be under way at each node. */
  private final List<Semaphore> rooms = new ArrayList<>();

  private final long bound;
  private final boolean mayFail;
  private final List<Seat> seats = new ArrayList<>();

  /** The tokens that ended last, in order. Guarded by itself. */
  private final List<Issued> ended = new ArrayList<>();

  private final AtomicLong reads = new AtomicLong();
  private final AtomicLong lateReads = new AtomicLong();
  private final AtomicLong failures = new AtomicLong();
  private final AtomicLong ends = new AtomicLong();
  private volatile boolean mayLoseWrites;
  private volatile boolean stopped;

  /** One user, who has one session at a time. The lock is held by what changes it. */
  private static final class Seat {
    private final String user;
    private final ReentrantLock changing = new ReentrantLock();
    private volatile @Nullable Issued current;
    private int counter;

    private Seat(String user) {
      this.user = user;
    }
  }

  /** A token, what was stored under it, and when it ended. */
  private static final class Issued {
    private final SessionId id;
    private final String token;
    private final Deque<Written> written;
    private volatile boolean endBegan;
    private volatile @Nullable Long endedAt;

    private Issued(SessionId id, String token, Deque<Written> written) {
      this.id = id;
      this.token = token;
      this.written = written;
    }

    /** Returns the number that a request must read at least that begins at a moment. */
    private int leastAt(long moment, long bound) {
      for (Iterator<Written> each = written.descendingIterator(); each.hasNext(); ) {
        Written one = each.next();
        if (moment - one.at >= bound) {
          return one.number;
        }
      }
      return 0;
    }
  }

  private record Written(int number, long at) {}

  /** What goes wrong during a history, and is well again afterwards. */
  public interface Disturbance {
    void run() throws Exception;
  }

  /**
   * Prepares clients.
   *
   * @param mayFail whether a node may fail, so that the outcome of a change is not known
   */
  public CopiesHistory(List<? extends HistoryNode> nodes, Duration bound, boolean mayFail) {
    this.nodes = List.copyOf(nodes);
    this.bound = bound.toNanos();
    this.mayFail = mayFail;
    for (int i = 0; i < SEATS; i++) {
      seats.add(new Seat("user" + i));
    }
  }

  /**
   * Has the second rule left out: the store may lose changes of attributes that it has answered.
   */
  public CopiesHistory mayLoseWrites() {
    mayLoseWrites = true;
    return this;
  }

  /** Returns how many requests were admitted. */
  public long reads() {
    return reads.get();
  }

  /** Returns how many requests were admitted after the end, and within the bound. */
  public long lateReads() {
    return lateReads.get();
  }

  /** Returns how many requests and changes failed, since the store did. */
  public long failures() {
    return failures.get();
  }

  /** Returns how many tokens have ended, as the store has answered. */
  public long ends() {
    return ends.get();
  }

  /**
   * Presents the tokens that have ended last to all nodes, after the bound, and asserts that none
   * is accepted. A node whose store fails is tried again for a minute.
   */
  public void assertEnded() {
    // Copies may be accepted until then.
    long end = System.nanoTime() + bound;
    for (long left = bound; left > 0; left = end - System.nanoTime()) {
      LockSupport.parkNanos(left);
    }
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    List<Issued> tokens;
    synchronized (ended) {
      tokens = List.copyOf(ended);
    }
    for (HistoryNode node : nodes) {
      for (Issued issued : tokens) {
        assertThat(isAccepted(node, issued, deadline))
            .as("a token of %s, whose end has returned, is accepted", issued.id)
            .isFalse();
      }
    }
  }

  private static boolean isAccepted(HistoryNode node, Issued issued, long deadline) {
    while (true) {
      try {
        return node.read(issued.token).isPresent();
      } catch (SessionStoreException notYet) {
        if (System.nanoTime() - deadline > 0) {
          throw notYet;
        }
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
      }
    }
  }

  /** Runs for a time, or until a rule is broken. Can run again afterwards. */
  public void run(Duration time, int threads) {
    run(time, threads, () -> {});
  }

  /**
   * Runs for a time and until a disturbance is over, which begins at once on a thread of its own;
   * or until a rule is broken.
   */
  public void run(Duration time, int threads, Disturbance disturbance) {
    long seed = new Random().nextLong();
    long until = System.nanoTime() + time.toNanos();
    // There is always a thread that uses another node: one that hangs does not stop them all.
    int most = Math.max(1, threads * 3 / 4);
    stopped = false;
    rooms.clear();
    nodes.forEach(node -> rooms.add(new Semaphore(most)));
    ExecutorService pool = Executors.newFixedThreadPool(threads + 1);
    try {
      Future<?> disturbing =
          pool.submit(
              () -> {
                disturbance.run();
                return true;
              });
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        Random random = new Random(seed + i);
        all.add(pool.submit(() -> steps(random, until, disturbing)));
      }
      all.add(disturbing);
      for (Future<?> one : all) {
        one.get(time.plus(LONGEST_DISTURBANCE).toSeconds(), TimeUnit.SECONDS);
      }
    } catch (ExecutionException e) {
      throw new AssertionError("seed " + seed + ": " + e.getCause().getMessage(), e.getCause());
    } catch (Exception e) {
      throw new IllegalStateException("the clients, or the disturbance, do not end", e);
    } finally {
      stopped = true;
      pool.shutdownNow();
    }
  }

  /** Waits for a time, or until the run is over. For a disturbance. */
  public void pause(Duration time) {
    long until = System.nanoTime() + time.toNanos();
    while (!stopped && System.nanoTime() - until < 0) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
    }
  }

  /**
   * Waits until something is so, or the run is over. For a disturbance.
   *
   * @throws AssertionError if it is not so for a minute
   */
  public void await(String what, BooleanSupplier condition) {
    long until = System.nanoTime() + PATIENCE.toNanos();
    while (!stopped && !condition.getAsBoolean()) {
      assertThat(System.nanoTime() - until).as(what).isNegative();
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
    }
  }

  /**
   * Waits until a copy has admitted a request after the end of its session, or the run is over. For
   * a disturbance: on a machine that stalls, the time of a run may pass without one.
   *
   * @throws AssertionError if there is none for a minute
   */
  public void awaitLateRead() {
    await("a request admitted by a copy, within the bound", () -> lateReads.get() > 0);
  }

  private void steps(Random random, long until, Future<?> disturbing) {
    try {
      while (!stopped && (System.nanoTime() - until < 0 || !disturbing.isDone())) {
        int number = random.nextInt(nodes.size());
        Semaphore room = rooms.get(number);
        if (room.tryAcquire()) {
          try {
            step(random, nodes.get(number));
          } finally {
            room.release();
          }
        }
      }
    } finally {
      stopped = true;
    }
  }

  private void step(Random random, HistoryNode node) {
    Seat seat = seats.get(random.nextInt(SEATS));
    int dice = random.nextInt(100);
    Issued over = endedOne(random);
    if (dice < 40 && over != null) {
      read(node, over);
    } else if (dice < 85) {
      Issued current = seat.current;
      if (current != null) {
        read(node, current);
      }
    } else if (seat.changing.tryLock()) {
      try {
        change(seat, node, dice);
      } catch (SessionStoreException e) {
        // Whether it happened is not known: the token counts as neither ended nor live.
        failed(e);
        seat.current = null;
      } finally {
        seat.changing.unlock();
      }
    }
  }

  private void failed(SessionStoreException e) {
    if (!mayFail) {
      throw e;
    }
    failures.incrementAndGet();
  }

  /** Returns the token that ended last, or any; null if none has ended. */
  private @Nullable Issued endedOne(Random random) {
    synchronized (ended) {
      int size = ended.size();
      return size == 0 ? null : ended.get(random.nextBoolean() ? size - 1 : random.nextInt(size));
    }
  }

  private void change(Seat seat, HistoryNode node, int dice) {
    Issued current = seat.current;
    if (current == null) {
      login(seat, node, null);
    } else if (dice < 93) {
      write(seat, node, current);
    } else if (dice < 96) {
      end(seat, current, () -> login(seat, node, current));
    } else if (dice < 98) {
      end(seat, current, () -> node.end(current.token));
    } else {
      end(seat, current, () -> assertEndsAll(node.endAllOf(seat.user, current.token)));
    }
  }

  private void assertEndsAll(OptionalInt number) {
    if (number.isPresent()) {
      if (mayFail) {
        // A login that failed may have happened nevertheless.
        assertThat(number.getAsInt()).isPositive();
      } else {
        assertThat(number.getAsInt()).isEqualTo(1);
      }
    }
  }

  private void login(Seat seat, HistoryNode node, @Nullable Issued before) {
    String token = node.login(seat.user, before == null ? null : before.token);
    SessionId id = SessionToken.parse(token).orElseThrow().id();
    boolean isSame = before != null && before.id.equals(id);
    seat.current = new Issued(id, token, isSame ? before.written : new ConcurrentLinkedDeque<>());
  }

  private void end(Seat seat, Issued current, Runnable ending) {
    current.endBegan = true;
    ending.run();
    current.endedAt = System.nanoTime();
    if (seat.current == current) {
      seat.current = null;
    }
    ends.incrementAndGet();
    synchronized (ended) {
      ended.add(current);
      if (ended.size() > MAX_ENDED) {
        ended.remove(0);
      }
    }
  }

  private void write(Seat seat, HistoryNode node, Issued current) {
    int next = ++seat.counter;
    node.write(current.token, next);
    current.written.addLast(new Written(next, System.nanoTime()));
  }

  private void read(HistoryNode node, Issued issued) {
    Long endedAt = issued.endedAt;
    long began = System.nanoTime();
    int least = issued.leastAt(began, bound);
    OptionalInt number;
    try {
      number = node.read(issued.token);
    } catch (SessionStoreException e) {
      failed(e);
      return;
    }
    if (number.isPresent()) {
      reads.incrementAndGet();
      if (endedAt != null) {
        assertThat(began - endedAt)
            .as("nanoseconds between the end of %s and a request that was admitted", issued.id)
            .isLessThan(bound);
        lateReads.incrementAndGet();
      }
      if (mayLoseWrites) {
        return;
      }
      assertThat(number.getAsInt())
          .as("what %s shows after the bound", issued.id)
          .isGreaterThanOrEqualTo(least);
    } else {
      assertThat(issued.endBegan).as("the end of %s has begun", issued.id).isTrue();
    }
  }
}

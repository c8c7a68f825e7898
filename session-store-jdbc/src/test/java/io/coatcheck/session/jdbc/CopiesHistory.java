package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.LoginOutcome;
import io.coatcheck.session.Resolution;
import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
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
final class CopiesHistory {

  private static final int SEATS = 12;
  private static final int MAX_ENDED = 100;

  private final List<SessionManager> nodes;
  private final long bound;
  private final boolean mayFail;
  private final List<Seat> seats = new ArrayList<>();
  private final Deque<Issued> ended = new ConcurrentLinkedDeque<>();
  private final AtomicLong reads = new AtomicLong();
  private final AtomicLong lateReads = new AtomicLong();
  private final AtomicLong failures = new AtomicLong();
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

  /**
   * Prepares clients.
   *
   * @param mayFail whether the store may fail, so that the outcome of a change is not known
   */
  CopiesHistory(List<SessionManager> nodes, Duration bound, boolean mayFail) {
    this.nodes = nodes;
    this.bound = bound.toNanos();
    this.mayFail = mayFail;
    for (int i = 0; i < SEATS; i++) {
      seats.add(new Seat("user" + i));
    }
  }

  /** Returns how many requests were admitted. */
  long reads() {
    return reads.get();
  }

  /** Returns how many requests were admitted after the end, and within the bound. */
  long lateReads() {
    return lateReads.get();
  }

  /** Returns how many requests and changes failed, since the store did. */
  long failures() {
    return failures.get();
  }

  /** Runs for a time, or until a rule is broken. */
  void run(Duration time, int threads) {
    long seed = new Random().nextLong();
    long until = System.nanoTime() + time.toNanos();
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        Random random = new Random(seed + i);
        all.add(pool.submit(() -> steps(random, until)));
      }
      for (Future<?> one : all) {
        one.get(time.toSeconds() + 60, TimeUnit.SECONDS);
      }
    } catch (ExecutionException e) {
      throw new AssertionError("seed " + seed + ": " + e.getCause().getMessage(), e.getCause());
    } catch (Exception e) {
      throw new IllegalStateException("the clients do not end", e);
    } finally {
      stopped = true;
      pool.shutdownNow();
    }
  }

  private void steps(Random random, long until) {
    try {
      while (!stopped && System.nanoTime() - until < 0) {
        step(random);
      }
    } finally {
      stopped = true;
    }
  }

  private void step(Random random) {
    Seat seat = seats.get(random.nextInt(SEATS));
    SessionManager node = nodes.get(random.nextInt(nodes.size()));
    int dice = random.nextInt(100);
    Issued last = random.nextBoolean() ? ended.peekLast() : ended.peekFirst();
    if (dice < 40 && last != null) {
      read(node, last);
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

  private void change(Seat seat, SessionManager node, int dice) {
    Issued current = seat.current;
    if (current == null) {
      login(seat, node, null);
    } else if (dice < 93) {
      write(seat, node, current);
    } else if (dice < 96) {
      Session session = live(node, current);
      end(seat, current, () -> login(seat, node, session));
    } else if (dice < 98) {
      end(seat, current, () -> assertThat(node.revoke(current.id)).isTrue());
    } else {
      end(seat, current, () -> assertRevokesAll(node, seat));
    }
  }

  private void assertRevokesAll(SessionManager node, Seat seat) {
    int ended = node.revokeAllOf(seat.user);
    if (mayFail) {
      // A login that failed may have happened nevertheless.
      assertThat(ended).isPositive();
    } else {
      assertThat(ended).isEqualTo(1);
    }
  }

  private void login(Seat seat, SessionManager node, @Nullable Session session) {
    LoginOutcome outcome = node.authenticate(session, seat.user, LoginOptions.defaults());
    Session granted = ((LoginOutcome.Granted) outcome).session();
    Issued before = seat.current;
    boolean isSame = before != null && before.id.equals(granted.id());
    seat.current =
        new Issued(
            granted.id(),
            granted.unsentToken().orElseThrow().value(),
            isSame ? before.written : new ConcurrentLinkedDeque<>());
  }

  private void end(Seat seat, Issued current, Runnable ending) {
    current.endBegan = true;
    ending.run();
    current.endedAt = System.nanoTime();
    if (seat.current == current) {
      seat.current = null;
    }
    ended.addLast(current);
    if (ended.size() > MAX_ENDED) {
      ended.pollFirst();
    }
  }

  private void write(Seat seat, SessionManager node, Issued current) {
    Session session = live(node, current);
    int next = ++seat.counter;
    session.setAttribute("number", next);
    assertThat(node.save(session)).as("saved").isTrue();
    current.written.addLast(new Written(next, System.nanoTime()));
  }

  private static Session live(SessionManager node, Issued current) {
    Resolution resolution = node.adapter().resolve(List.of(current.token));
    assertThat(resolution).as("nothing else changes it").isInstanceOf(Resolution.Live.class);
    return ((Resolution.Live) resolution).session();
  }

  private void read(SessionManager node, Issued issued) {
    Long endedAt = issued.endedAt;
    long began = System.nanoTime();
    int least = issued.leastAt(began, bound);
    Resolution resolution;
    try {
      resolution = node.adapter().resolve(List.of(issued.token));
    } catch (SessionStoreException e) {
      failed(e);
      return;
    }
    if (resolution instanceof Resolution.Live live) {
      reads.incrementAndGet();
      if (endedAt != null) {
        assertThat(began - endedAt)
            .as("nanoseconds between the end of %s and a request that was admitted", issued.id)
            .isLessThan(bound);
        lateReads.incrementAndGet();
      }
      Object number = live.session().attribute("number");
      assertThat(number == null ? 0 : (int) number)
          .as("what %s shows after the bound", issued.id)
          .isGreaterThanOrEqualTo(least);
    } else {
      assertThat(issued.endBegan).as("the end of %s has begun: %s", issued.id, resolution).isTrue();
    }
  }
}

package io.coatcheck.session.jdbc;

import io.coatcheck.session.background.RecurringWork;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Aborts a connection whose call to the database does not end. Drivers bound the wait for the next
 * part of an answer, and nothing else: they wait without limit for a server that does not read what
 * they write, and for an answer that comes in small parts.
 *
 * <p>Looks at all calls once a second, so that a call costs no timer of its own. The daemon thread,
 * named {@code coatcheck-watchdog-N}, starts with a call and ends ten seconds after the last one.
 * It counts how often it has seen the same call, not the time: after the whole machine has stalled,
 * an answer that has arrived meanwhile is still read.
 *
 * <p>Thread-safe.
 */
final class Watchdog {

  static final Duration INTERVAL = Duration.ofSeconds(1);

  static final int IDLE_LOOKS = 10;

  private static final Logger LOG = LoggerFactory.getLogger(JdbcSessionStore.class);
  private static final AtomicInteger NUMBER = new AtomicInteger();

  private final int patience;
  private final boolean startsThread;
  private final Executor aborts;
  private final Set<Watch> watches = ConcurrentHashMap.newKeySet();
  private volatile @Nullable RecurringWork thread;
  private boolean closed;

  /** How many looks in a row found no call. */
  private int idleLooks;

  /**
   * Prepares the thread.
   *
   * @param bound how long a call may take; it is aborted up to one interval later
   */
  Watchdog(Duration bound) {
    this(bound, true, Watchdog::runOnItsOwnThread);
  }

  /**
   * Creates a watchdog.
   *
   * @param startsThread whether there is a thread; otherwise a test calls {@link #look}
   * @param aborts runs each abort of a connection, for which a look does not wait
   */
  Watchdog(Duration bound, boolean startsThread, Executor aborts) {
    this.startsThread = startsThread;
    this.aborts = aborts;
    patience = Math.toIntExact(bound.plus(INTERVAL).minusNanos(1).dividedBy(INTERVAL));
  }

  /** On another thread: MariaDB's driver first asks the server, which may not answer. */
  static void runOnItsOwnThread(Runnable abort) {
    Thread aborting = new Thread(abort, "coatcheck-abort");
    aborting.setDaemon(true);
    aborting.setContextClassLoader(Watchdog.class.getClassLoader());
    aborting.start();
  }

  /** Begins to watch a connection; the caller ends it. */
  Watch watch(Connection connection) {
    Watch watch = new Watch(connection);
    watches.add(watch);
    if (thread == null) {
      try {
        start();
      } catch (Throwable failure) {
        watches.remove(watch);
        throw failure;
      }
    }
    return watch;
  }

  private synchronized void start() {
    if (thread == null && !closed && startsThread) {
      idleLooks = 0;
      RecurringWork work =
          new RecurringWork(
              "coatcheck-watchdog-" + NUMBER.incrementAndGet(),
              INTERVAL::toNanos,
              this::look,
              failure -> LOG.error("the watchdog of the store failed, and continues", failure));
      work.start();
      thread = work;
    }
  }

  /** Looks at each call once. */
  void look() {
    boolean idle = true;
    for (Watch watch : watches) {
      idle = false;
      watch.look();
    }
    idleLooks = idle ? idleLooks + 1 : 0;
    if (idleLooks >= IDLE_LOOKS) {
      rest();
    }
  }

  /**
   * Ends the thread. A watch that begins at the same time is either seen here, or finds no thread
   * and starts one.
   */
  private synchronized void rest() {
    RecurringWork work = thread;
    thread = null;
    if (watches.iterator().hasNext()) {
      thread = work;
    } else if (work != null) {
      work.end();
    }
  }

  /** Ends the thread. Running calls are no longer watched. */
  void close() {
    RecurringWork work;
    synchronized (this) {
      closed = true;
      work = thread;
    }
    if (work != null) {
      work.endOrWarn(LOG, "a connection");
    }
  }

  /** The calls of one operation on its connection. Used by one thread, and by the watchdog. */
  final class Watch {

    private static final int ENDED = -1;

    /** Added to the negative number of a call that was aborted, or is about to be. */
    private static final int ABORTED = -2;

    private final Connection connection;

    /** The number of the running call, {@link #ENDED}, or less for a call that is aborted. */
    private final AtomicInteger call = new AtomicInteger();

    private int seen = -1;
    private int looks;

    private Watch(Connection connection) {
      this.connection = connection;
    }

    /** Records that the next call begins: that of a connection whose abort may have failed, too. */
    void next() {
      call.updateAndGet(number -> number >= 0 ? number + 1 : number == ENDED ? ENDED : number - 1);
    }

    /** Returns whether the connection was aborted, or is about to be. */
    boolean isAborted() {
      return call.get() <= ABORTED;
    }

    /** Ends, and returns whether the connection was aborted, or is about to be. */
    boolean end() {
      watches.remove(this);
      return call.getAndSet(ENDED) <= ABORTED;
    }

    private void look() {
      int number = call.get();
      if (number != seen) {
        seen = number;
        looks = 0;
      } else if (number >= 0
          && ++looks >= patience
          && call.compareAndSet(number, ABORTED - number)) {
        try {
          abort();
        } catch (Throwable failure) {
          // There is no thread for it: the next look tries again, unless it sees another call.
          call.updateAndGet(now -> now <= ABORTED ? ABORTED - now : now);
          throw failure;
        }
      }
    }

    private void abort() {
      aborts.execute(
          () -> {
            try {
              connection.abort(Runnable::run);
            } catch (SQLException | RuntimeException failure) {
              LOG.debug("a connection could not be aborted", failure);
            }
          });
    }
  }
}

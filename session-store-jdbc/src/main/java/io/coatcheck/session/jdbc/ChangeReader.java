package io.coatcheck.session.jdbc;

import io.coatcheck.session.background.Operation;
import io.coatcheck.session.background.PolledChangeFeed;
import io.coatcheck.session.store.ChangeListeners;
import io.coatcheck.session.store.SessionStoreException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the log of changes from a position on, page by page, and notifies the listeners.
 *
 * <p><b>Position.</b> It is the last row that was read. Each query reads that row again: if it is
 * gone or another one, the log was trimmed past it, emptied, or lost in a failover, and changes
 * were missed.
 *
 * <p><b>Server.</b> Each query also asks which server answers. Another one, or one that was
 * restarted, may lack the last inserts and updates, even if it has the position: changes were
 * missed.
 *
 * <p><b>Numbers.</b> Before the first page is reported, a row is recorded: if its number is not
 * above the position, new changes would not be found, and the feed is not complete.
 *
 * <p><b>Order.</b> Numbers become visible out of order. Each query asks again for those that were
 * passed over ({@link Gaps}). The feed is complete nevertheless: the transaction that took the
 * number has not committed, so its operation has not returned.
 *
 * <p>Used by one thread.
 */
final class ChangeReader implements PolledChangeFeed.Reader {

  /** How many changes are read at once. */
  static final int PAGE = 1_000;

  private static final Logger LOG = LoggerFactory.getLogger(JdbcSessionStore.class);

  private static final Operation READ = new Operation("changeFeed");

  private final Transactions transactions;
  private final ChangeLog log;
  private final ChangeListeners listeners;
  private final LongSupplier nanoTime;
  private final Duration overdueAfter;
  private final Gaps gaps = new Gaps();
  private ChangeLog.@Nullable Row position;

  /** Whether the last position was lost before anything was read from it. */
  private boolean wasLost;

  /** The server that answered; null if it has not since this began. */
  private @Nullable String server;

  /**
   * Creates a reader without a position.
   *
   * @param overdueAfter more than the time from when a transaction takes a number until it has
   *     committed or was rolled back
   */
  ChangeReader(
      Transactions transactions,
      ChangeLog log,
      ChangeListeners listeners,
      LongSupplier nanoTime,
      Duration overdueAfter) {
    this.transactions = transactions;
    this.log = log;
    this.listeners = listeners;
    this.nanoTime = nanoTime;
    this.overdueAfter = overdueAfter;
  }

  /** Discards the position, while there are no listeners. */
  @Override
  public void rest() {
    position = null;
    server = null;
    gaps.clear();
  }

  /**
   * Reads a page and reports it. After the last one, reports that the feed is complete.
   *
   * @return whether there is more to read
   * @throws SessionStoreException if the log could not be read; the next call continues
   */
  @Override
  public boolean read() {
    transactions.recordOwed(READ);
    ChangeLog.Row from = position == null ? begin() : position;
    // Before the pool gives a connection, which may take a while.
    long asked = nanoTime.getAsLong();
    ChangeLog.Page found =
        transactions.read(
            READ, statements -> log.read(statements, from.seq(), PAGE + 1, gaps.all()));
    Page page = new Page(found.rows(), found.server(), asked);
    if (!page.rows.contains(from)) {
      LOG.warn(
          "changes were missed, and all copies are discarded: the last change that was read is no"
              + " longer in {}, since this node was paused or the database has lost it",
          log.table());
      return beginsAgain();
    }
    if (server != null && !server.equals(page.server)) {
      LOG.warn(
          "changes may have been missed, and all copies are discarded: another database server"
              + " answers than before, or it was restarted, and {} there may lack the last changes",
          log.table());
      return beginsAgain();
    }
    wasLost = false;
    if (server == null) {
      requireHigherNumbers(from);
      server = page.server;
      // What happened before, since the subscription or since changes were missed, is not reported.
      listeners.missed();
    }
    Progress progress = report(page, from);
    List<Gaps.Gap> overdue = gaps.markOverdue(page.asked, overdueAfter.toNanos());
    if (!overdue.isEmpty()) {
      LOG.info(
          "changes may have been missed, and all copies are discarded: no transaction has committed"
              + " the numbers {} of {} within {} seconds",
          Gaps.text(overdue),
          log.table(),
          overdueAfter.toSeconds());
      listeners.missed();
    }
    gaps.forget(page.asked, ChangeRetention.RETENTION.toNanos());
    if (progress == Progress.COMPLETE) {
      listeners.completeUpTo(page.asked);
    }
    return progress == Progress.MORE;
  }

  /**
   * Discards the position. If the next one is lost too, as when connections lead to several
   * servers, the rest is left to the next poll.
   */
  private boolean beginsAgain() {
    rest();
    boolean isFirst = !wasLost;
    wasLost = true;
    return isFirst;
  }

  /**
   * Chooses a position. Numbers of transactions that have not committed yet may be missing before
   * the newest row. So this begins with a row that is older than any of them, and reports all rows
   * after it, although some of their changes are older than the subscription.
   */
  private ChangeLog.Row begin() {
    Optional<ChangeLog.Row> settled =
        transactions.read(READ, statements -> log.newestOf(statements, overdueAfter));
    ChangeLog.Row first =
        settled.or(() -> transactions.read(READ, log::first)).orElseGet(this::beginAnEmptyLog);
    if (settled.isEmpty() && first.seq() > 1) {
      gaps.add(1, first.seq() - 1, nanoTime.getAsLong());
    }
    position = first;
    return first;
  }

  /**
   * Requires that the next changes are read from a position. A database that was filled from
   * another one may count from 1 again, below the rows that came with it: logical replication and
   * some backups do not copy where a sequence is.
   */
  private void requireHigherNumbers(ChangeLog.Row from) {
    long next = transactions.one(READ, log::recordNothing);
    if (next <= from.seq()) {
      throw new SessionStoreException(
          "changeFeed failed: the last number in "
              + log.table()
              + " is "
              + from.seq()
              + ", and the database gives lower ones to new changes, which no node would find: run"
              + " ALTER TABLE "
              + log.table()
              + " ALTER COLUMN seq RESTART WITH a number above MAX(seq)");
    }
  }

  private ChangeLog.Row beginAnEmptyLog() {
    transactions.one(READ, log::recordNothing);
    return transactions
        .read(READ, log::first)
        .orElseThrow(() -> new IllegalStateException("a row of " + log.table() + " was deleted"));
  }

  /** What a query returned, and a moment before it was sent. */
  private record Page(List<ChangeLog.Row> rows, String server, long asked) {}

  private enum Progress {
    COMPLETE,
    MORE,
    /** There are too many gaps to add another one: it waits until some are closed. */
    STALLED
  }

  private Progress report(Page page, ChangeLog.Row from) {
    ChangeLog.Row last = from;
    int read = 0;
    for (ChangeLog.Row row : page.rows) {
      if (row.seq() < from.seq()) {
        changed(row);
        gaps.remove(row.seq());
      } else if (row.seq() > from.seq()) {
        if (row.seq() > last.seq() + 1 && !gaps.add(last.seq() + 1, row.seq() - 1, page.asked)) {
          return Progress.STALLED;
        }
        changed(row);
        read++;
        last = row;
        position = row;
      }
    }
    return read == PAGE ? Progress.MORE : Progress.COMPLETE;
  }

  private void changed(ChangeLog.Row row) {
    if (row.isOfASession()) {
      listeners.changed(row.id());
    }
  }
}

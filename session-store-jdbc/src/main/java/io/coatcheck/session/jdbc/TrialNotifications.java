package io.coatcheck.session.jdbc;

import io.coatcheck.session.background.Operation;
import io.coatcheck.session.background.PolledChangeFeed;
import io.coatcheck.session.store.SessionStoreException;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Reads the log of changes, and afterwards notifies a channel if asked to, to see whether that
 * arrives at a connection that listens. A pooler that gives a connection to others between
 * transactions gives them what it receives, too.
 *
 * <p>The thread that listens does not do that itself: the pool may have no connection left for a
 * long time, and meanwhile it would receive nothing, and could not be ended.
 */
final class TrialNotifications implements PolledChangeFeed.Reader {

  private static final Operation NOTIFY = new Operation("notify");

  private final PolledChangeFeed.Reader reader;
  private final Transactions transactions;
  private final AtomicReference<@Nullable Trial> wanted = new AtomicReference<>();

  TrialNotifications(PolledChangeFeed.Reader reader, Transactions transactions) {
    this.reader = reader;
    this.transactions = transactions;
  }

  /** One notification of a connection that listens. */
  static final class Trial {

    private final String channel;

    /** When it was sent, by {@link System#nanoTime}; null if it was not. */
    private volatile @Nullable Long sent;

    private Trial(String channel) {
      this.channel = channel;
    }

    /** Returns whether it was sent. */
    boolean isSent() {
      return sent != null;
    }

    /** Returns whether it was sent longer ago than that. */
    boolean isSentBefore(long nanos) {
      Long moment = sent;
      return moment != null && System.nanoTime() - moment > nanos;
    }
  }

  /**
   * Asks the next read that succeeds to notify a channel. Discards a trial that was not sent yet.
   */
  Trial send(String channel) {
    Trial trial = new Trial(channel);
    wanted.set(trial);
    return trial;
  }

  @Override
  public boolean read() {
    boolean isThereMore = reader.read();
    Trial trial = wanted.getAndSet(null);
    if (trial != null) {
      notify(trial);
    }
    return isThereMore;
  }

  @Override
  public void rest() {
    reader.rest();
  }

  /** Sends nothing while the server's queue of notifications is half full. */
  private void notify(Trial trial) {
    String sql =
        "SELECT pg_notify('"
            + trial.channel
            + "', '') WHERE (SELECT pg_notification_queue_usage()) < 0.5";
    boolean isSent;
    try {
      isSent =
          transactions.one(
              NOTIFY,
              statements -> {
                try (PreparedStatement statement = statements.prepare(sql);
                    ResultSet row = statement.executeQuery()) {
                  return row.next();
                }
              });
    } catch (SessionStoreException failure) {
      // The next read will probably fail as well, and that is logged.
      isSent = false;
    }
    if (isSent) {
      trial.sent = System.nanoTime();
    } else {
      wanted.compareAndSet(null, trial);
    }
  }
}

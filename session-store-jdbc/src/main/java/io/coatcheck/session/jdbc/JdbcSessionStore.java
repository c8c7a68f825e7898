package io.coatcheck.session.jdbc;

import io.coatcheck.session.background.Breaker;
import io.coatcheck.session.background.Operation;
import io.coatcheck.session.background.PolledChangeFeed;
import io.coatcheck.session.codec.AttributeFrames;
import io.coatcheck.session.store.BatchLookup;
import io.coatcheck.session.store.BatchTouch;
import io.coatcheck.session.store.ChangeFeed;
import io.coatcheck.session.store.CleanUp;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Keeps sessions in a table of PostgreSQL, MariaDB, MySQL, H2 or SQLite. They survive restarts. Any
 * number of nodes can share them, with SQLite the processes of one machine.
 *
 * <p>Each operation is its own short transaction on its own connection, and one statement wherever
 * the database allows. It never joins a transaction of the application: a session that was changed
 * stays changed when the application rolls back. A thread that calls it within its own transaction
 * therefore holds two connections of the pool for a moment.
 *
 * <p>Thread-safe. Blocks until the database has answered each statement: at most for the query
 * timeout plus one second if the database is silent, and plus three seconds if it does not read, or
 * its answer comes in small parts. Before that, the pool's own timeout bounds the wait for a
 * connection. A daemon thread named {@code coatcheck-watchdog-N} enforces the three seconds; it
 * starts with a call and ends ten seconds after the last one, or with {@link #close}. After three
 * of these timeouts in a row, {@link #find} fails at once for a second, then tries one call a
 * second until the database answers. It also fails on a server that takes no writes, such as a
 * former primary.
 *
 * <p>A deadline is compared with the time at which the statement is sent: the time that a call has
 * waited, mostly for a connection, is added to its {@code now}, unless it is less than 0.1 seconds.
 *
 * <p>All attributes of a session are in one column, at most {@value AttributeFrames#MAX_BYTES}
 * bytes; beyond that, insert and update throw {@link
 * io.coatcheck.session.codec.AttributeCodecException} and change nothing. A row that cannot be read
 * as a session counts as absent and is logged.
 *
 * <p>A {@link SessionStoreException} names the operation and the SQLState. It does not repeat a
 * driver's message about a statement, since drivers quote values.
 *
 * @since 0.1.0
 */
public final class JdbcSessionStore implements SessionStore {

  private final Transactions transactions;
  private final Dialect dialect;
  private final Writes writes;
  private final Lookup lookup;
  private final Cleaning cleaning;
  private final JdbcPrincipalIndex principalIndex;
  private final JdbcLoginLimit loginLimit;
  private final JdbcBatchLookup batchLookup;
  private final JdbcBatchTouch batchTouch;
  private final @Nullable Changes changes;

  private JdbcSessionStore(
      Transactions transactions, Writes writes, Cleaning cleaning, @Nullable Changes changes) {
    this.transactions = transactions;
    this.writes = writes;
    this.cleaning = cleaning;
    this.changes = changes;
    dialect = writes.dialect;
    lookup = new Lookup(dialect);
    principalIndex = new JdbcPrincipalIndex(transactions, writes);
    loginLimit = new JdbcLoginLimit(transactions, writes);
    batchLookup = new JdbcBatchLookup(transactions, lookup);
    batchTouch = new JdbcBatchTouch(transactions, dialect);
  }

  /**
   * Begins a store.
   *
   * @param dataSource a pool with a timeout for handing out connections, in autocommit or not; not
   *     closed by the store
   */
  public static Builder builder(DataSource dataSource) {
    return new Builder(dataSource);
  }

  @Override
  public void insert(StoredSession session) {
    Writes.Encoded encoded = Writes.Encoded.of(session);
    transactions.one(
        new Operation("insert", session.id()),
        statements -> {
          writes.insert(statements, encoded, List.of());
          return true;
        });
  }

  @Override
  public Optional<StoredSession> find(SessionId id) {
    return transactions.resolve(
        new Operation("find", id), statements -> lookup.find(statements, id));
  }

  @Override
  public boolean update(StoredSession session, Instant now) {
    return writes.update(transactions, session, now);
  }

  @Override
  public boolean touch(SessionId id, Instant lastSeenAt, Instant now) {
    StoredSession.millisOf(lastSeenAt, "lastSeenAt");
    StoredSession.millisOf(now, "now");
    return transactions.one(
        new Operation("touch", id), statements -> dialect.touch(statements, id, lastSeenAt, now));
  }

  @Override
  public Optional<StoredSession> delete(SessionId id) {
    return writes.deleteOne(transactions, id, dialect.conditions.withId(id));
  }

  @Override
  public Optional<StoredSession> delete(SessionId id, long generation) {
    return writes.deleteOne(transactions, id, generation);
  }

  /**
   * {@inheritDoc}
   *
   * <p>Each step deletes at most as many rows as {@link Builder#cleanUpRows} says, and stops at
   * {@link Builder#cleanUpBytes}; all steps of a call read no more than {@code limit} rows, whether
   * expired or in use. Waits for no other transaction: rows that another transaction holds at that
   * moment are left for a later call.
   *
   * <p>With {@link Builder#changeFeed}, a complete call also deletes changes from the log after ten
   * minutes, at most twice a minute.
   */
  @Override
  public CleanUp deleteExpired(Instant cutoff, int limit, Consumer<StoredSession> deleted) {
    return cleaning.deleteExpired(cutoff, limit, deleted);
  }

  @Override
  public Optional<PrincipalIndex> principalIndex() {
    return Optional.of(principalIndex);
  }

  @Override
  public Optional<LoginLimit> loginLimit() {
    return Optional.of(loginLimit);
  }

  @Override
  public Optional<BatchLookup> batchLookup() {
    return Optional.of(batchLookup);
  }

  @Override
  public Optional<BatchTouch> batchTouch() {
    return Optional.of(batchTouch);
  }

  /**
   * {@inheritDoc}
   *
   * <p>The time for an update, the record of it in the log of changes, and the commit: with the
   * default {@link Builder#queryTimeout} 24 seconds, and 21 with PostgreSQL.
   */
  @Override
  public Duration longestCall() {
    return transactions.timeouts().longestCall().multipliedBy(3);
  }

  /**
   * Returns whether {@link #find} fails at once, except for one call a second, because the database
   * did not answer the last three in time. For monitoring; calls no database.
   */
  public boolean isFailingFast() {
    return transactions.isFailingFast();
  }

  /**
   * {@inheritDoc}
   *
   * <p>Present if the store was built with {@link Builder#changeFeed}. Complete only if every store
   * that writes the table was. Reads the log four times a second, or as often as {@link
   * Builder#changeFeedInterval} says, on a thread that the first subscription starts.
   */
  @Override
  public Optional<ChangeFeed> changeFeed() {
    return changes == null ? Optional.empty() : Optional.of(changes.feed());
  }

  /**
   * {@inheritDoc}
   *
   * <p>Ends the threads of the {@link #changeFeed} and of the watchdog, and waits up to 5 seconds
   * for each. Closes nothing else. Operations that are running are completed.
   */
  @Override
  public void close() {
    if (changes != null) {
      changes.close().run();
    }
    transactions.close();
  }

  /**
   * Builds a store. Each method checks its value and throws {@link IllegalArgumentException} with a
   * message that names the setting, the rule and the value. Not thread-safe.
   */
  public static final class Builder {

    private final DataSource dataSource;
    private TableName table = new TableName(TableName.DEFAULT);
    private @Nullable Database database;
    private boolean createSchema;
    private Duration queryTimeout = Duration.ofSeconds(5);
    private int cleanUpRows = 1_000;
    private long cleanUpBytes = 16L * 1024 * 1024;
    private boolean changeFeed;
    private Duration changeFeedInterval = Duration.ofMillis(250);
    private boolean changeFeedNotifications;
    private InstantSource time = InstantSource.system();
    private LongSupplier nanoTime = System::nanoTime;

    private Builder(DataSource dataSource) {
      TransactionAware.refuse(dataSource);
      this.dataSource = dataSource;
    }

    /**
     * Sets the name of the table, prefixed with its schema and a dot if that is not the
     * connection's own: at most 40 ASCII letters, digits and underscores each. Written unquoted.
     * SQLite takes no schema. Default: {@code http_session}.
     */
    public Builder tableName(String name) {
      table = new TableName(name);
      return this;
    }

    /**
     * Sets the database, so that {@link #build} succeeds while it cannot be reached. Default:
     * {@link #build} asks the driver, for which it needs a connection.
     */
    public Builder database(Database kind) {
      database = kind;
      return this;
    }

    /**
     * Sets whether {@link #build} checks for the table and its indexes, and creates what is
     * missing. Nothing that exists is changed. Default: {@code false}; then the schema file must
     * have been run before.
     */
    public Builder createSchema(boolean create) {
      createSchema = create;
      return this;
    }

    /**
     * Bounds each statement, from 1 second to 1 hour. Drivers count whole seconds, so a fraction is
     * rounded up. One second after the timeout the connection is aborted, with PostgreSQL at once.
     * If the database keeps sending data without finishing, the connection is aborted up to two
     * seconds after that. With SQLite the timeout bounds the wait for another writer, and not the
     * statement itself. Default: 5 seconds.
     */
    public Builder queryTimeout(Duration timeout) {
      queryTimeout = Timeouts.checkedQuery(timeout);
      return this;
    }

    /**
     * Bounds how many rows one transaction of {@link JdbcSessionStore#deleteExpired} locks and
     * deletes, from 1 to 1,000. Default: 1,000.
     */
    public Builder cleanUpRows(int rows) {
      if (rows < 1 || rows > 1_000) {
        throw new IllegalArgumentException("cleanUpRows must be from 1 to 1000: " + rows);
      }
      cleanUpRows = rows;
      return this;
    }

    /**
     * Bounds the attributes that {@link JdbcSessionStore#deleteExpired} holds in memory at a time,
     * in bytes, at least 1; the row that exceeds the bound is the last one. Default: 16 MiB.
     */
    public Builder cleanUpBytes(long bytes) {
      if (bytes < 1) {
        throw new IllegalArgumentException("cleanUpBytes must be at least 1: " + bytes);
      }
      cleanUpBytes = bytes;
      return this;
    }

    /**
     * Sets whether changes are recorded in a second table, and reported by {@link
     * JdbcSessionStore#changeFeed}. Its name is that of the first with {@code _change} added;
     * {@code createSchema(true)} creates it, or the file that ends in {@code -changes.sql}. All
     * stores that write the table of sessions must have the same setting: a change by a store that
     * does not record it is not reported, and copies on other nodes show the session as it was.
     * Default: {@code false}.
     */
    public Builder changeFeed(boolean record) {
      changeFeed = record;
      return this;
    }

    /**
     * Sets how often the changes are read while there are listeners, from 10 milliseconds to 10
     * seconds: a change is reported up to that much later, plus the time of the query. At most half
     * of the {@code maxStaleness} of a near cache that uses the feed. Otherwise the near cache
     * refuses to start, since its copies would age between two reads. Has no effect without {@link
     * #changeFeed}. Default: 250 milliseconds.
     */
    public Builder changeFeedInterval(Duration interval) {
      changeFeedInterval = PolledChangeFeed.checkedInterval(interval);
      return this;
    }

    /**
     * Sets whether ends of sessions and new secrets are also notified through PostgreSQL, so that
     * the log is read at once and not only after the interval. Needs PostgreSQL, its own driver and
     * {@link #changeFeed}. Holds one connection of the pool while there are listeners. Transactions
     * that end a session commit one after the other. What a store without the setting ends is found
     * after the interval. Default: {@code false}.
     */
    public Builder changeFeedNotifications(boolean notify) {
      changeFeedNotifications = notify;
      return this;
    }

    /** Sets the clock of the pause after timeouts. Default: the system's. */
    Builder time(InstantSource source) {
      time = source;
      return this;
    }

    /** Sets what measures how long an operation waits, in nanoseconds. Default: the system's. */
    Builder nanoTime(LongSupplier source) {
      nanoTime = source;
      return this;
    }

    /**
     * Creates the store. Connects, and checks that the table exists with the columns that this
     * version needs. If the database cannot be reached, that is an error, unless {@link #database}
     * was given and {@link #createSchema} is off: then a warning is logged, and the table is not
     * checked. With {@link #changeFeed}, the table of changes is checked in the same way.
     *
     * @throws IllegalArgumentException if the database is none of {@link Database}, PostgreSQL with
     *     an encoding other than UTF8, H2 in its Oracle mode, MariaDB or MySQL with a binary log of
     *     statements or a character set other than utf8mb4, MariaDB with the mode {@code
     *     EMPTY_STRING_IS_NULL}, or SQLite in memory or with a schema in the name of the table; if
     *     the connections are read-only, or read what is not committed; if changes are recorded,
     *     and numbers of the log do not come one by one; if changes are to be notified, and cannot
     *     be; or if the search path leads to the tables of one store in different schemas
     * @throws SessionStoreException if the table is missing, lacks a column or may not be read, if
     *     the database cannot be reached, or if it refuses to create the table
     */
    public JdbcSessionStore build() {
      Dialect dialect = (database == null ? Database.detect(dataSource) : database).dialect(table);
      Changes.check(changeFeed, changeFeedNotifications, dialect);
      Transactions transactions =
          new Transactions(
              dataSource,
              dialect,
              new Timeouts(queryTimeout, dialect),
              new Breaker(time),
              nanoTime);
      ChangeLog log = changeFeed ? new ChangeLog(dialect, changeFeedNotifications) : null;
      if (createSchema) {
        Schema.create(transactions, dialect, log);
      }
      new SchemaCheck(transactions, dialect, log).run(database == null || createSchema);
      Changes changes =
          log == null
              ? null
              : Changes.of(transactions, log, queryTimeout, changeFeedInterval, nanoTime);
      Cleaning cleaning =
          new Cleaning(
              transactions,
              dialect,
              cleanUpRows,
              cleanUpBytes,
              changes == null ? null : changes.retention());
      return new JdbcSessionStore(
          transactions, log == null ? new Writes(dialect) : log.writes(), cleaning, changes);
    }
  }
}

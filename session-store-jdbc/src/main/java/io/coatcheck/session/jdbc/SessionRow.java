package io.coatcheck.session.jdbc;

import static io.coatcheck.session.jdbc.Column.ABSOLUTE_DEADLINE;
import static io.coatcheck.session.jdbc.Column.ATTRIBUTES;
import static io.coatcheck.session.jdbc.Column.AUTHENTICATED_AT;
import static io.coatcheck.session.jdbc.Column.CLIENT_ADDRESS;
import static io.coatcheck.session.jdbc.Column.CREATED_AT;
import static io.coatcheck.session.jdbc.Column.FENCE;
import static io.coatcheck.session.jdbc.Column.GENERATION;
import static io.coatcheck.session.jdbc.Column.ID;
import static io.coatcheck.session.jdbc.Column.IDLE_TIMEOUT;
import static io.coatcheck.session.jdbc.Column.LAST_SEEN_AT;
import static io.coatcheck.session.jdbc.Column.PREVIOUS_READABLE_UNTIL;
import static io.coatcheck.session.jdbc.Column.PREVIOUS_SECRET_HASH;
import static io.coatcheck.session.jdbc.Column.PRINCIPAL;
import static io.coatcheck.session.jdbc.Column.REMEMBERED;
import static io.coatcheck.session.jdbc.Column.ROTATED_AT;
import static io.coatcheck.session.jdbc.Column.SECRET_HASH;
import static io.coatcheck.session.jdbc.Column.USER_AGENT;
import static io.coatcheck.session.jdbc.Column.VERSION;

import io.coatcheck.session.codec.AttributeFrames;
import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.log.LimitedLog;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.StoredSessionBuilder;
import io.coatcheck.session.token.SecretHash;
import io.coatcheck.session.token.SessionId;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The mapping between a session and a row: what is written to and read from each column. */
final class SessionRow {

  /**
   * The format of the rows that this release writes. A release also reads the previous format, and
   * continues to write that until all nodes can read the new one.
   */
  static final int FORMAT = 1;

  private static final Logger LOG = LoggerFactory.getLogger(JdbcSessionStore.class);

  /** Clients may present the token of such a session with each request. */
  private static final LimitedLog UNREADABLE = new LimitedLog(LOG, Duration.ofMinutes(1));

  private SessionRow() {}

  static String insertInto(TableName table) {
    return "INSERT INTO "
        + table.qualified()
        + " (id, format, version, "
        + Column.list(Column.VALUES)
        + ", last_seen_at, expires_at, sweep_at) VALUES (?, "
        + FORMAT
        + ", ?"
        + ", ?".repeat(Column.VALUES.size())
        + ", ?, ?, ?)";
  }

  /** Binds the parameters of an insert, and returns the next index. */
  static int bindInsert(
      PreparedStatement statement, Dialect dialect, StoredSession session, byte[] attributes)
      throws SQLException {
    dialect.setId(statement, 1, session.id());
    statement.setLong(2, session.version());
    int next = bindValues(statement, 3, dialect, session, attributes);
    long expiresAt = session.expiresAtMillis();
    statement.setLong(next, session.lastSeenAt().toEpochMilli());
    statement.setLong(next + 1, expiresAt);
    statement.setLong(next + 2, expiresAt);
    return next + 3;
  }

  /**
   * The later last-seen moment wins, and the expiry follows it. MySQL assigns from left to right
   * and sees what it has assigned, so columns computed from {@code last_seen_at} are assigned
   * before it.
   */
  static String update(TableName table, String least, String greatest) {
    String expiresAt = least + "(?, " + greatest + "(last_seen_at, ?) + ?)";
    return "UPDATE "
        + table.qualified()
        + " SET format = "
        + FORMAT
        + ", version = version + 1, "
        + Column.VALUES.stream()
            .map(column -> column.sql() + " = ?")
            .collect(Collectors.joining(", "))
        + ", expires_at = "
        + expiresAt
        + ", sweep_at = "
        + least
        + "(sweep_at, "
        + expiresAt
        + "), last_seen_at = "
        + greatest
        + "(last_seen_at, ?)"
        + " WHERE id = ? AND version = ? AND expires_at > ?";
  }

  /** Binds the parameters of an update, and returns the next index. */
  static int bindUpdate(
      PreparedStatement statement,
      Dialect dialect,
      StoredSession session,
      byte[] attributes,
      Instant now)
      throws SQLException {
    int next = bindValues(statement, 1, dialect, session, attributes);
    long deadline = session.absoluteDeadline().toEpochMilli();
    long lastSeenAt = session.lastSeenAt().toEpochMilli();
    // Without an idle timeout, any sum that reaches the deadline is sufficient.
    long idle = session.idleTimeout().map(Duration::toMillis).orElse(deadline);
    for (int twice = 0; twice < 2; twice++) {
      statement.setLong(next++, deadline);
      statement.setLong(next++, lastSeenAt);
      statement.setLong(next++, idle);
    }
    statement.setLong(next++, lastSeenAt);
    dialect.setId(statement, next++, session.id());
    statement.setLong(next++, session.version());
    statement.setLong(next++, now.toEpochMilli());
    return next;
  }

  static String touch(TableName table, String least, String greatest) {
    return "UPDATE "
        + table.qualified()
        + touchTo("?", least, greatest)
        + " WHERE id = ? AND expires_at > ?";
  }

  /** What a touch sets: it keeps {@code sweep_at}, so that it changes no index. */
  static String touchTo(String moment, String least, String greatest) {
    return " SET expires_at = "
        + least
        + "(absolute_deadline, "
        + greatest
        + "(last_seen_at, "
        + moment
        + ") + COALESCE(idle_timeout, absolute_deadline)), last_seen_at = "
        + greatest
        + "(last_seen_at, "
        + moment
        + ")";
  }

  static void bindTouch(
      PreparedStatement statement, Dialect dialect, SessionId id, Instant lastSeenAt, Instant now)
      throws SQLException {
    statement.setLong(1, lastSeenAt.toEpochMilli());
    statement.setLong(2, lastSeenAt.toEpochMilli());
    dialect.setId(statement, 3, id);
    statement.setLong(4, now.toEpochMilli());
  }

  /** Binds {@link Column#VALUES}, and returns the next index. */
  private static int bindValues(
      PreparedStatement statement,
      int first,
      Dialect dialect,
      StoredSession session,
      byte[] attributes)
      throws SQLException {
    int next = first;
    for (Column column : Column.VALUES) {
      bind(statement, next++, column, dialect, session, attributes);
    }
    return next;
  }

  private static void bind(
      PreparedStatement statement,
      int index,
      Column column,
      Dialect dialect,
      StoredSession session,
      byte[] attributes)
      throws SQLException {
    switch (column) {
      case GENERATION -> statement.setLong(index, session.generation());
      case FENCE -> statement.setLong(index, session.fence());
      case SECRET_HASH -> statement.setBytes(index, session.secretHash().toBytes());
      case PREVIOUS_SECRET_HASH ->
          statement.setBytes(
              index, session.previousSecretHash().map(SecretHash::toBytes).orElse(null));
      case PREVIOUS_READABLE_UNTIL -> setMoment(statement, index, session.previousReadableUntil());
      case PRINCIPAL -> dialect.setPrincipal(statement, index, session.principal().orElse(null));
      case CREATED_AT -> statement.setLong(index, session.createdAt().toEpochMilli());
      case AUTHENTICATED_AT -> setMoment(statement, index, session.authenticatedAt());
      case IDLE_TIMEOUT -> setLong(statement, index, session.idleTimeout().map(Duration::toMillis));
      case ABSOLUTE_DEADLINE -> statement.setLong(index, session.absoluteDeadline().toEpochMilli());
      case ROTATED_AT -> statement.setLong(index, session.rotatedAt().toEpochMilli());
      case REMEMBERED -> statement.setBoolean(index, session.remembered());
      case CLIENT_ADDRESS -> statement.setString(index, session.clientAddress().orElse(null));
      case USER_AGENT -> statement.setString(index, session.userAgent().orElse(null));
      case ATTRIBUTES -> statement.setBytes(index, attributes);
      default -> throw new IllegalStateException(column + " is not a value of the session");
    }
  }

  private static void setMoment(PreparedStatement statement, int index, Optional<Instant> moment)
      throws SQLException {
    setLong(statement, index, moment.map(Instant::toEpochMilli));
  }

  private static void setLong(PreparedStatement statement, int index, Optional<Long> number)
      throws SQLException {
    if (number.isPresent()) {
      statement.setLong(index, number.get());
    } else {
      statement.setNull(index, Types.BIGINT);
    }
  }

  /** Reads a page of sessions, each as {@link #readOne} does. */
  static Page readPage(ResultSet rows, Dialect dialect, Set<Column> columns) throws SQLException {
    List<StoredSession> sessions = new ArrayList<>();
    List<SessionId> ids = new ArrayList<>();
    while (rows.next()) {
      SessionId id = dialect.getId(rows, ID.position());
      ids.add(id);
      readOne(rows, dialect, id, columns).ifPresent(sessions::add);
    }
    return new Page(ids, sessions);
  }

  /**
   * Reads the session of the current row for further use. A row that does not hold a valid session,
   * as after a failed restore, counts as absent and is logged, so that its user can log in again.
   *
   * @param id that of the row, which is not read
   * @param columns those that are read
   * @throws SessionStoreException if a newer release wrote the row in a format that is not known
   *     here: the session is live for the other nodes
   */
  static Optional<StoredSession> readOne(
      ResultSet row, Dialect dialect, SessionId id, Set<Column> columns) throws SQLException {
    int format = row.getInt(Column.FORMAT.position());
    if (format > FORMAT) {
      throw new SessionStoreException(
          "session "
              + id
              + " is stored in format "
              + format
              + ", known up to "
              + FORMAT
              + ": a newer release wrote it too early");
    }
    try {
      Map<String, AttributeValue> attributes =
          columns.contains(ATTRIBUTES) ? AttributeFrames.read(bytes(row, ATTRIBUTES)) : Map.of();
      return Optional.of(read(row, dialect, id, attributes));
    } catch (IllegalArgumentException unreadable) {
      UNREADABLE.warn("", "session " + id + " counts as absent: " + unreadable.getMessage());
    } catch (SQLException unreadable) {
      UNREADABLE.warn("", "session " + id + " counts as absent: " + codes(unreadable, dialect));
    }
    return Optional.empty();
  }

  /**
   * Returns the codes of a failure to read a value, without its message, which may quote the value.
   *
   * @throws SQLException if it is no failure of the value
   */
  private static String codes(SQLException unreadable, Dialect dialect) throws SQLException {
    SqlFailure failure = dialect.failure(unreadable);
    if (failure.isUnreachable() || failure.isRolledBack()) {
      throw unreadable;
    }
    return SqlFailure.codes(unreadable);
  }

  /**
   * Rows that were found.
   *
   * @param ids all of them
   * @param sessions those of them that could be read
   */
  record Page(List<SessionId> ids, List<StoredSession> sessions) {}

  /**
   * Reads sessions that are being deleted. Unreadable parts are left out and logged, the attributes
   * first: in autocommit the rows are gone, and no other call can read them. An {@code Error} of
   * the driver is passed on, since it may have come in the middle of an answer.
   *
   * @param columns those of the statement
   */
  static Deleted readDeleted(ResultSet rows, Dialect dialect, Set<Column> columns)
      throws SQLException {
    List<StoredSession> sessions = new ArrayList<>();
    List<SessionId> ids = new ArrayList<>();
    while (rows.next()) {
      SessionId id = dialect.getId(rows, ID.position());
      ids.add(id);
      try {
        Map<String, AttributeValue> attributes =
            columns.contains(ATTRIBUTES) ? lastAttributes(rows, id) : Map.of();
        sessions.add(read(rows, dialect, id, attributes));
      } catch (IllegalArgumentException unreadable) {
        LOG.warn(
            "session {} is deleted without notifying listeners: {}", id, unreadable.getMessage());
      } catch (RuntimeException failure) {
        LOG.error(
            "Reading session {} that has ended failed, so listeners are not notified", id, failure);
      } catch (SQLException unreadable) {
        LOG.warn(
            "session {} is deleted without notifying listeners: {}",
            id,
            codes(unreadable, dialect));
      }
    }
    return new Deleted(ids, sessions);
  }

  /**
   * Rows that were deleted.
   *
   * @param ids all of them
   * @param sessions those of them that could be read
   */
  record Deleted(List<SessionId> ids, List<StoredSession> sessions) {
    static final Deleted NONE = new Deleted(List.of(), List.of());
  }

  private static Map<String, AttributeValue> lastAttributes(ResultSet row, SessionId id)
      throws SQLException {
    // Not within the try: an Error of the driver is passed on.
    byte[] frames = row.getBytes(ATTRIBUTES.position());
    try {
      return AttributeFrames.read(present(frames, ATTRIBUTES));
    } catch (IllegalArgumentException unreadable) {
      LOG.warn("session {} is deleted without attributes: {}", id, unreadable.getMessage());
    } catch (RuntimeException | Error failure) { // Such as a lack of memory.
      LOG.error("session {} is deleted without attributes, since reading them failed", id, failure);
    }
    return Map.of();
  }

  private static StoredSession read(
      ResultSet row, Dialect dialect, SessionId id, Map<String, AttributeValue> attributes)
      throws SQLException {
    byte[] previousHash = row.getBytes(PREVIOUS_SECRET_HASH.position());
    StoredSessionBuilder session =
        StoredSession.builder(id)
            .version(row.getLong(VERSION.position()))
            .generation(row.getLong(GENERATION.position()))
            .fence(row.getLong(FENCE.position()))
            .secretHash(SecretHash.of(bytes(row, SECRET_HASH)))
            .previousSecretHash(previousHash == null ? null : SecretHash.of(previousHash))
            .previousReadableUntil(moment(row, PREVIOUS_READABLE_UNTIL))
            .principal(dialect.getPrincipal(row, PRINCIPAL.position()))
            .createdAt(Instant.ofEpochMilli(row.getLong(CREATED_AT.position())))
            .authenticatedAt(moment(row, AUTHENTICATED_AT))
            .lastSeenAt(Instant.ofEpochMilli(row.getLong(LAST_SEEN_AT.position())))
            .absoluteDeadline(Instant.ofEpochMilli(row.getLong(ABSOLUTE_DEADLINE.position())))
            .rotatedAt(Instant.ofEpochMilli(row.getLong(ROTATED_AT.position())))
            .remembered(row.getBoolean(REMEMBERED.position()))
            .clientAddress(row.getString(CLIENT_ADDRESS.position()))
            .userAgent(row.getString(USER_AGENT.position()))
            .attributes(attributes);
    long idleTimeout = row.getLong(IDLE_TIMEOUT.position());
    return (row.wasNull() ? session : session.idleTimeout(Duration.ofMillis(idleTimeout))).build();
  }

  private static byte[] bytes(ResultSet row, Column column) throws SQLException {
    return present(row.getBytes(column.position()), column);
  }

  private static byte[] present(byte @Nullable [] bytes, Column column) {
    if (bytes == null) {
      throw new IllegalArgumentException(column.sql() + " is null");
    }
    return bytes;
  }

  private static @Nullable Instant moment(ResultSet row, Column column) throws SQLException {
    long millis = row.getLong(column.position());
    return row.wasNull() ? null : Instant.ofEpochMilli(millis);
  }
}

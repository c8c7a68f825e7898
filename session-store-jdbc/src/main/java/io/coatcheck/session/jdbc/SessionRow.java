package io.coatcheck.session.jdbc;

import io.coatcheck.session.codec.AttributeCodecException;
import io.coatcheck.session.codec.AttributeFrames;
import io.coatcheck.session.codec.AttributeValue;
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
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How a session lies in a row: which columns, in which order, and as what. */
final class SessionRow {

  /**
   * The format of the rows that this release writes. A release reads the format before its own too,
   * and goes on writing that one until all nodes can read the new one.
   */
  static final int FORMAT = 1;

  /** What is read, in the order of {@link #read}, but for the attributes. */
  private static final String COLUMNS_BUT_ATTRIBUTES =
      "id, format, version, generation, fence, secret_hash, previous_secret_hash,"
          + " previous_readable_until, principal, created_at, authenticated_at, last_seen_at,"
          + " idle_timeout, absolute_deadline, rotated_at, remembered, client_address, user_agent";

  /** What is read of a whole session. */
  static final String COLUMNS = COLUMNS_BUT_ATTRIBUTES + ", attributes";

  static final int COLUMN_COUNT = 19;

  private static final Logger LOGGER = LoggerFactory.getLogger(JdbcSessionStore.class);

  private SessionRow() {}

  static String columns(boolean withAttributes) {
    return withAttributes ? COLUMNS : COLUMNS_BUT_ATTRIBUTES;
  }

  static String insertInto(TableName table) {
    return "INSERT INTO "
        + table.qualified()
        + " (id, format, version, generation, fence, secret_hash, previous_secret_hash,"
        + " previous_readable_until, principal, created_at, authenticated_at, idle_timeout,"
        + " absolute_deadline, rotated_at, remembered, client_address, user_agent, attributes,"
        + " last_seen_at, expires_at, sweep_at) VALUES (?, "
        + FORMAT
        + ", ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
  }

  static void bindInsert(
      PreparedStatement statement, Dialect dialect, StoredSession session, byte[] attributes)
      throws SQLException {
    dialect.setId(statement, 1, session.id());
    statement.setLong(2, session.version());
    int next = bindParts(statement, 3, dialect, session, attributes);
    long expiresAt = session.expiresAtMillis();
    statement.setLong(next, session.lastSeenAt().toEpochMilli());
    statement.setLong(next + 1, expiresAt);
    statement.setLong(next + 2, expiresAt);
  }

  /**
   * The later last-seen moment wins, and the expiry follows it. MySQL assigns from left to right
   * and sees what it has assigned, so what is computed from {@code last_seen_at} stands before it.
   */
  static String update(TableName table) {
    String expiresAt = "LEAST(?, GREATEST(last_seen_at, ?) + ?)";
    return "UPDATE "
        + table.qualified()
        + " SET format = "
        + FORMAT
        + ", version = version + 1, generation = ?, fence = ?, secret_hash = ?,"
        + " previous_secret_hash = ?, previous_readable_until = ?, principal = ?, created_at = ?,"
        + " authenticated_at = ?, idle_timeout = ?, absolute_deadline = ?, rotated_at = ?,"
        + " remembered = ?, client_address = ?, user_agent = ?, attributes = ?, expires_at = "
        + expiresAt
        + ", sweep_at = LEAST(sweep_at, "
        + expiresAt
        + "), last_seen_at = GREATEST(last_seen_at, ?)"
        + " WHERE id = ? AND version = ? AND expires_at > ?";
  }

  static void bindUpdate(
      PreparedStatement statement,
      Dialect dialect,
      StoredSession session,
      byte[] attributes,
      Instant now)
      throws SQLException {
    int next = bindParts(statement, 1, dialect, session, attributes);
    long deadline = session.absoluteDeadline().toEpochMilli();
    long lastSeenAt = session.lastSeenAt().toEpochMilli();
    // Without an idle timeout, any sum that reaches the deadline does.
    long idle = session.idleTimeout().map(Duration::toMillis).orElse(deadline);
    for (int twice = 0; twice < 2; twice++) {
      statement.setLong(next++, deadline);
      statement.setLong(next++, lastSeenAt);
      statement.setLong(next++, idle);
    }
    statement.setLong(next++, lastSeenAt);
    dialect.setId(statement, next++, session.id());
    statement.setLong(next++, session.version());
    statement.setLong(next, now.toEpochMilli());
  }

  static String touch(TableName table) {
    return "UPDATE " + table.qualified() + touchTo("?") + " WHERE id = ? AND expires_at > ?";
  }

  /** What a touch sets: it keeps {@code sweep_at}, so that it changes no index. */
  static String touchTo(String moment) {
    return " SET expires_at = LEAST(absolute_deadline, GREATEST(last_seen_at, "
        + moment
        + ") + COALESCE(idle_timeout, absolute_deadline)), last_seen_at = GREATEST(last_seen_at, "
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

  /** Binds what insert and update have in common, and returns the next index. */
  private static int bindParts(
      PreparedStatement statement,
      int first,
      Dialect dialect,
      StoredSession session,
      byte[] attributes)
      throws SQLException {
    int next = first;
    statement.setLong(next++, session.generation());
    statement.setLong(next++, session.fence());
    statement.setBytes(next++, session.secretHash().toBytes());
    statement.setBytes(next++, session.previousSecretHash().map(SecretHash::toBytes).orElse(null));
    setMoment(statement, next++, session.previousReadableUntil());
    dialect.setPrincipal(statement, next++, session.principal().orElse(null));
    statement.setLong(next++, session.createdAt().toEpochMilli());
    setMoment(statement, next++, session.authenticatedAt());
    setLong(statement, next++, session.idleTimeout().map(Duration::toMillis));
    statement.setLong(next++, session.absoluteDeadline().toEpochMilli());
    statement.setLong(next++, session.rotatedAt().toEpochMilli());
    statement.setBoolean(next++, session.remembered());
    statement.setString(next++, session.clientAddress().orElse(null));
    statement.setString(next++, session.userAgent().orElse(null));
    statement.setBytes(next++, attributes);
    return next;
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

  /**
   * Reads the sessions that are to be used further. A row that does not hold a session any more, as
   * after a restore that went wrong, counts as absent and is logged, so that its user can log in
   * again.
   *
   * @throws SessionStoreException if a newer release wrote a row in a format that is not known
   *     here: the session is alive for the other nodes
   */
  static List<StoredSession> readAll(ResultSet rows, Dialect dialect) throws SQLException {
    return readPage(rows, dialect, true).sessions();
  }

  /** Reads a page of sessions as {@link #readAll} does. */
  static Page readPage(ResultSet rows, Dialect dialect, boolean withAttributes)
      throws SQLException {
    List<StoredSession> sessions = new ArrayList<>();
    List<SessionId> ids = new ArrayList<>();
    while (rows.next()) {
      ids.add(dialect.getId(rows, 1));
      readOne(rows, dialect, withAttributes).ifPresent(sessions::add);
    }
    return new Page(ids, sessions);
  }

  /** Reads the session of the row that is at hand, as {@link #readAll} does. */
  static Optional<StoredSession> readOne(ResultSet row, Dialect dialect, boolean withAttributes)
      throws SQLException {
    SessionId id = dialect.getId(row, 1);
    int format = row.getInt(2);
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
          withAttributes ? AttributeFrames.read(row.getBytes(COLUMN_COUNT)) : Map.of();
      return Optional.of(read(row, dialect, id, attributes));
    } catch (IllegalArgumentException unreadable) {
      LOGGER.warn("session {} counts as absent: {}", id, unreadable.getMessage());
      return Optional.empty();
    }
  }

  /**
   * Rows that were found.
   *
   * @param ids all of them
   * @param sessions those of them that could be read
   */
  record Page(List<SessionId> ids, List<StoredSession> sessions) {}

  /**
   * Reads sessions that are deleted, for the last time: what is unreadable of them is left out and
   * logged, the attributes first.
   */
  static Deleted readDeleted(ResultSet rows, Dialect dialect, boolean withAttributes)
      throws SQLException {
    List<StoredSession> sessions = new ArrayList<>();
    List<SessionId> ids = new ArrayList<>();
    while (rows.next()) {
      SessionId id = dialect.getId(rows, 1);
      ids.add(id);
      try {
        sessions.add(read(rows, dialect, id, withAttributes ? lastAttributes(rows, id) : Map.of()));
      } catch (IllegalArgumentException unreadable) {
        LOGGER.warn("session {} is deleted untold: {}", id, unreadable.getMessage());
      }
    }
    return new Deleted(ids, sessions);
  }

  /**
   * Rows that are gone.
   *
   * @param ids all of them
   * @param sessions those of them that could be read
   */
  record Deleted(List<SessionId> ids, List<StoredSession> sessions) {
    static final Deleted NONE = new Deleted(List.of(), List.of());
  }

  private static Map<String, AttributeValue> lastAttributes(ResultSet row, SessionId id)
      throws SQLException {
    try {
      return AttributeFrames.read(row.getBytes(19));
    } catch (AttributeCodecException unreadable) {
      LOGGER.warn("session {} is deleted without attributes: {}", id, unreadable.getMessage());
      return Map.of();
    }
  }

  private static StoredSession read(
      ResultSet row, Dialect dialect, SessionId id, Map<String, AttributeValue> attributes)
      throws SQLException {
    byte[] previousHash = row.getBytes(7);
    StoredSessionBuilder session =
        StoredSession.builder(id)
            .version(row.getLong(3))
            .generation(row.getLong(4))
            .fence(row.getLong(5))
            .secretHash(SecretHash.of(row.getBytes(6)))
            .previousSecretHash(previousHash == null ? null : SecretHash.of(previousHash))
            .previousReadableUntil(moment(row, 8))
            .principal(dialect.getPrincipal(row, 9))
            .createdAt(Instant.ofEpochMilli(row.getLong(10)))
            .authenticatedAt(moment(row, 11))
            .lastSeenAt(Instant.ofEpochMilli(row.getLong(12)))
            .absoluteDeadline(Instant.ofEpochMilli(row.getLong(14)))
            .rotatedAt(Instant.ofEpochMilli(row.getLong(15)))
            .remembered(row.getBoolean(16))
            .clientAddress(row.getString(17))
            .userAgent(row.getString(18))
            .attributes(attributes);
    long idleTimeout = row.getLong(13);
    return (row.wasNull() ? session : session.idleTimeout(Duration.ofMillis(idleTimeout))).build();
  }

  private static @Nullable Instant moment(ResultSet row, int column) throws SQLException {
    long millis = row.getLong(column);
    return row.wasNull() ? null : Instant.ofEpochMilli(millis);
  }
}

package io.coatcheck.session.jdbc;

import io.coatcheck.session.codec.AttributeFrames;
import io.coatcheck.session.token.SessionId;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The rows that one step deletes, bounded by the total size of their attributes in memory. The row
 * that exceeds the bound is the last one.
 */
final class Portion {

  /**
   * How many rows one statement measures where measuring reads them: with attributes of the maximum
   * size, it still ends well within the shortest query timeout.
   */
  private static final int MEASURED_AT_ONCE = 32;

  /** The length of attributes that were not measured. */
  static final long UNKNOWN = -1;

  private final List<SessionId> ids = new ArrayList<>();
  private boolean full;

  private Portion() {}

  /**
   * A row that could be deleted.
   *
   * @param bytes the length of its attributes, or {@link #UNKNOWN}
   */
  record Row(SessionId id, long bytes) {}

  /** Takes rows from the beginning of a list. */
  static Portion of(List<Row> rows, long maxBytes, Dialect dialect, Statements statements)
      throws SQLException {
    if ((rows.size() - 1L) * AttributeFrames.MAX_BYTES < maxBytes) {
      return ofAll(rows);
    }
    Portion portion = new Portion();
    Map<SessionId, Long> measured = new HashMap<>();
    long bytes = 0;
    for (int i = 0; i < rows.size() && !portion.full; i++) {
      Row row = rows.get(i);
      long length = row.bytes();
      if (length == UNKNOWN) {
        if (!measured.containsKey(row.id())) {
          int end = Math.min(rows.size(), i + MEASURED_AT_ONCE);
          measured = measured(rows.subList(i, end), dialect, statements);
        }
        length = measured.getOrDefault(row.id(), 0L);
      }
      portion.ids.add(row.id());
      bytes += length;
      portion.full = bytes >= maxBytes;
    }
    return portion;
  }

  /** Takes all rows: they cannot exceed the bound. */
  private static Portion ofAll(List<Row> rows) {
    Portion portion = new Portion();
    rows.forEach(row -> portion.ids.add(row.id()));
    return portion;
  }

  private static Map<SessionId, Long> measured(
      List<Row> rows, Dialect dialect, Statements statements) throws SQLException {
    Condition condition = dialect.conditions.withIdIn(rows.stream().map(Row::id).toList());
    String sql = dialect.select("id, OCTET_LENGTH(attributes)", condition.sql());
    Map<SessionId, Long> lengths = new HashMap<>();
    // A row that is not found has ended meanwhile, and counts as empty.
    rows.forEach(row -> lengths.put(row.id(), 0L));
    try (PreparedStatement statement = statements.prepare(sql)) {
      condition.bind(statement, 1);
      try (ResultSet found = statement.executeQuery()) {
        while (found.next()) {
          lengths.put(dialect.getId(found, 1), found.getLong(2));
        }
      }
    }
    return lengths;
  }

  List<SessionId> ids() {
    return ids;
  }

  /** Returns whether it ends because of the bytes, so that there may be more rows. */
  boolean isFull() {
    return full;
  }
}

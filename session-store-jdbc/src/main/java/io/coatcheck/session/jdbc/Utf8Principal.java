package io.coatcheck.session.jdbc;

import java.nio.charset.StandardCharsets;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * A principal as UTF-8 in a binary column, where no collation, padding or character set of a
 * connection can make two of them equal.
 */
final class Utf8Principal {

  private Utf8Principal() {}

  static void set(PreparedStatement statement, int index, @Nullable String principal)
      throws SQLException {
    statement.setBytes(
        index, principal == null ? null : principal.getBytes(StandardCharsets.UTF_8));
  }

  static @Nullable String get(ResultSet row, int column) throws SQLException {
    byte[] bytes = row.getBytes(column);
    return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
  }
}

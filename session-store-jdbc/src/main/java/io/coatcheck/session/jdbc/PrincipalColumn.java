package io.coatcheck.session.jdbc;

import java.nio.charset.StandardCharsets;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** The type of a column that holds a principal. */
enum PrincipalColumn {
  /** Text of a collation that compares code points. */
  TEXT {
    @Override
    void set(PreparedStatement statement, int index, @Nullable String principal)
        throws SQLException {
      statement.setString(index, principal);
    }

    @Override
    @Nullable String get(ResultSet row, int column) throws SQLException {
      return row.getString(column);
    }
  },
  /**
   * UTF-8 in a binary column, where no collation, padding or character set of a connection can make
   * two principals equal.
   */
  UTF8 {
    @Override
    void set(PreparedStatement statement, int index, @Nullable String principal)
        throws SQLException {
      statement.setBytes(
          index, principal == null ? null : principal.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    @Nullable String get(ResultSet row, int column) throws SQLException {
      byte[] bytes = row.getBytes(column);
      return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
    }
  };

  /**
   * Returns a text in a form that can be compared with principals. No principal contains U+0000 or
   * a lone surrogate: a database refuses the former, and UTF-8 turns the latter into a question
   * mark, which may match another principal. Such a text becomes the empty string, which is not a
   * principal either.
   */
  static String comparable(String text) {
    boolean isText = text.indexOf('\0') < 0 && StandardCharsets.UTF_8.newEncoder().canEncode(text);
    return isText ? text : "";
  }

  abstract void set(PreparedStatement statement, int index, @Nullable String principal)
      throws SQLException;

  abstract @Nullable String get(ResultSet row, int column) throws SQLException;
}

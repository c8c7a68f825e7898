package io.coatcheck.session.jdbc;

import io.coatcheck.session.token.SessionId;
import java.nio.ByteBuffer;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

/** The type of a column that holds an id. */
enum IdColumn {
  /** A native UUID. */
  UUID {
    @Override
    void set(PreparedStatement statement, int index, SessionId id) throws SQLException {
      statement.setObject(index, id.toUuid());
    }

    @Override
    SessionId get(ResultSet row, int column) throws SQLException {
      java.util.UUID uuid = row.getObject(column, java.util.UUID.class);
      return SessionId.of(uuid.getMostSignificantBits(), uuid.getLeastSignificantBits());
    }
  },
  /** 16 bytes, which compare in the order of the ids. */
  BYTES {
    @Override
    void set(PreparedStatement statement, int index, SessionId id) throws SQLException {
      statement.setBytes(
          index,
          ByteBuffer.allocate(LENGTH)
              .putLong(id.mostSignificantBits())
              .putLong(id.leastSignificantBits())
              .array());
    }

    @Override
    SessionId get(ResultSet row, int column) throws SQLException {
      byte[] id = row.getBytes(column);
      if (id.length != LENGTH) {
        throw new SQLException("an id must have " + LENGTH + " bytes, not " + id.length);
      }
      ByteBuffer bytes = ByteBuffer.wrap(id);
      return SessionId.of(bytes.getLong(), bytes.getLong());
    }
  };

  private static final int LENGTH = 16;

  abstract void set(PreparedStatement statement, int index, SessionId id) throws SQLException;

  abstract SessionId get(ResultSet row, int column) throws SQLException;
}

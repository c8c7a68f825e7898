package io.coatcheck.session.jdbc;

import java.util.Collection;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/** The columns of the table. Those of a session come first, in the order in which it is read. */
enum Column {
  ID,
  FORMAT,
  VERSION,
  GENERATION,
  FENCE,
  SECRET_HASH,
  PREVIOUS_SECRET_HASH,
  PREVIOUS_READABLE_UNTIL,
  PRINCIPAL,
  CREATED_AT,
  AUTHENTICATED_AT,
  LAST_SEEN_AT,
  IDLE_TIMEOUT,
  ABSOLUTE_DEADLINE,
  ROTATED_AT,
  REMEMBERED,
  CLIENT_ADDRESS,
  USER_AGENT,
  ATTRIBUTES,
  EXPIRES_AT,
  SWEEP_AT;

  /** The columns of a whole session. */
  static final Set<Column> SESSION = EnumSet.range(ID, ATTRIBUTES);

  /** The columns of a session whose id is known. */
  static final Set<Column> SESSION_WITHOUT_ID = EnumSet.range(FORMAT, ATTRIBUTES);

  /** The columns of a session without its attributes. */
  static final Set<Column> SESSION_WITHOUT_ATTRIBUTES = EnumSet.range(ID, USER_AGENT);

  /** The columns that an insert and an update write alike: the unchanged values of the session. */
  static final Set<Column> VALUES = values(GENERATION, ATTRIBUTES);

  private static Set<Column> values(Column first, Column last) {
    Set<Column> values = EnumSet.range(first, last);
    values.remove(LAST_SEEN_AT);
    return values;
  }

  /** Returns the name in SQL. */
  String sql() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Returns the position in a row of {@link #SESSION}, from 1. */
  @SuppressWarnings("EnumOrdinal") // The order of declaration is that of the statements.
  int position() {
    return ordinal() + 1;
  }

  /** Returns columns as they are written in a statement. */
  static String list(Collection<Column> columns) {
    return columns.stream().map(Column::sql).collect(Collectors.joining(", "));
  }
}

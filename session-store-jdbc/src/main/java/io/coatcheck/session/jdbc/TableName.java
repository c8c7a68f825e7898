package io.coatcheck.session.jdbc;

import java.util.regex.Pattern;

/**
 * The checked name of the table, which goes into SQL unquoted, so that it is folded as it is in the
 * schema file.
 *
 * @param qualified the name as it is written in statements, with its schema if one was given
 */
record TableName(String qualified) {

  static final String DEFAULT = "http_session";

  /** Leaves room for the suffixes of indexes within the 63 bytes of PostgreSQL. */
  static final int MAX_PART_LENGTH = 40;

  private static final Pattern NAME =
      Pattern.compile("([A-Za-z_][A-Za-z0-9_]{0,39}\\.)?[A-Za-z_][A-Za-z0-9_]{0,39}");

  TableName {
    if (!NAME.matcher(qualified).matches()) {
      throw new IllegalArgumentException(
          "tableName must be a name, or a schema and a name with a dot between, of at most "
              + MAX_PART_LENGTH
              + " ASCII letters, digits and underscores each, not beginning with a digit: "
              + qualified);
    }
  }

  boolean isQualified() {
    return qualified.indexOf('.') >= 0;
  }

  /** Returns the name without its schema, with which the names of indexes begin. */
  String unqualified() {
    return qualified.substring(qualified.indexOf('.') + 1);
  }
}

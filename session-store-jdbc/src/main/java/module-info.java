/** Sessions in PostgreSQL, MySQL, MariaDB, H2 or SQLite. */
module io.coatcheck.session.jdbc {
  requires static org.jspecify;
  requires transitive io.coatcheck.session;
  requires transitive java.sql;
  requires org.slf4j;

  exports io.coatcheck.session.jdbc;
}

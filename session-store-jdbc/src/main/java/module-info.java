/** Sessions in PostgreSQL, MySQL, MariaDB or H2. */
module io.coatcheck.session.jdbc {
  requires static org.jspecify;
  requires transitive io.coatcheck.session;
  requires transitive java.sql;
  requires org.slf4j;

  exports io.coatcheck.session.jdbc;
}

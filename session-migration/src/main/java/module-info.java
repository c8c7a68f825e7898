/** Moves users from other credentials to sessions of Coatcheck, without a new login. */
module io.coatcheck.session.migration {
  requires static org.jspecify;
  requires transitive io.coatcheck.session;
  requires transitive io.coatcheck.session.servlet;
  requires transitive jakarta.servlet;
  requires transitive java.sql;
  requires org.slf4j;

  exports io.coatcheck.session.migration;
}

/** Sessions in Redis or Valkey. */
module io.coatcheck.session.redis {
  requires static org.jspecify;
  requires transitive io.coatcheck.session;
  requires transitive lettuce.core;
  requires org.slf4j;

  exports io.coatcheck.session.redis;
}

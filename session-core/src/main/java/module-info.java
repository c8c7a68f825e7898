/** Stateful sessions: the engine, the store SPI, the in-memory store and the near cache. */
@SuppressWarnings("module") // The other module is compiled after this one.
module io.coatcheck.session {
  requires static jdk.jfr;
  requires static transitive org.jspecify;
  requires bcrypt;
  requires com.github.benmanes.caffeine;
  requires org.slf4j;

  exports io.coatcheck.session;
  exports io.coatcheck.session.background to
      io.coatcheck.session.jdbc,
      io.coatcheck.session.redis;
  exports io.coatcheck.session.codec;
  exports io.coatcheck.session.event;
  exports io.coatcheck.session.log to
      io.coatcheck.session.jdbc,
      io.coatcheck.session.migration,
      io.coatcheck.session.redis,
      io.coatcheck.session.servlet,
      io.coatcheck.session.spring;
  exports io.coatcheck.session.memory;
  exports io.coatcheck.session.nearcache;
  exports io.coatcheck.session.password;
  exports io.coatcheck.session.store;
  exports io.coatcheck.session.text to
      io.coatcheck.session.migration,
      io.coatcheck.session.servlet;
  exports io.coatcheck.session.token;
}

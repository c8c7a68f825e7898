/** The contract of a session store, as JUnit 5 classes that a store author extends. */
module io.coatcheck.session.testkit {
  requires static org.jspecify;
  requires transitive io.coatcheck.session;
  requires transitive org.junit.jupiter.api;
  requires transitive org.junit.jupiter.params;
  requires org.assertj.core;

  exports io.coatcheck.session.testkit;

  opens io.coatcheck.session.testkit to
      org.junit.platform.commons;
}

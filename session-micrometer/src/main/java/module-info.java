/** Meters of sessions, their store and the near cache, for Micrometer. */
module io.coatcheck.session.micrometer {
  requires static org.jspecify;
  requires transitive io.coatcheck.session;
  requires transitive micrometer.core;

  exports io.coatcheck.session.micrometer;
}

package io.coatcheck.session.jdbc;

import ch.qos.logback.classic.Level;
import io.coatcheck.test.log.RecordedLog;
import java.util.List;

/** The warnings of the store's logger. */
final class Warnings {

  private Warnings() {}

  static List<String> during(Runnable work) {
    return during(Level.WARN, work);
  }

  /** Returns the lines that are logged at a level, by this thread or another. */
  static List<String> during(Level level, Runnable work) {
    try (RecordedLog log = RecordedLog.of(JdbcSessionStore.class).at(level)) {
      work.run();
      return log.lines(level);
    }
  }
}

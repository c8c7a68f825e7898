package io.coatcheck.session.jdbc;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.LoggerFactory;

/** The warnings of the store's logger. */
final class Warnings {

  private Warnings() {}

  static List<String> during(Runnable work) {
    return during(Level.WARN, work);
  }

  /** Returns the lines that are logged at a level, by this thread or another. */
  static List<String> during(Level level, Runnable work) {
    Logger logger = (Logger) LoggerFactory.getLogger(JdbcSessionStore.class);
    List<ILoggingEvent> events = new CopyOnWriteArrayList<>();
    AppenderBase<ILoggingEvent> appender =
        new AppenderBase<>() {
          @Override
          protected void append(ILoggingEvent event) {
            events.add(event);
          }
        };
    appender.start();
    logger.addAppender(appender);
    Level before = logger.getLevel();
    logger.setLevel(level);
    try {
      work.run();
      return events.stream()
          .filter(event -> event.getLevel() == level)
          .map(ILoggingEvent::getFormattedMessage)
          .toList();
    } finally {
      logger.setLevel(before);
      logger.detachAppender(appender);
    }
  }
}

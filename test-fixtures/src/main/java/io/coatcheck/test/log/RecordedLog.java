package io.coatcheck.test.log;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.LoggerFactory;

/**
 * The lines that a logger gets during a test, from any thread, in the order in which they came. All
 * tests of a process share their loggers, so it has to be closed.
 */
public final class RecordedLog implements AutoCloseable {

  private final List<ILoggingEvent> events = new CopyOnWriteArrayList<>();
  private final Recorder recorder = new Recorder();
  private final Logger logger;
  private final Level level;
  private final boolean isAdditive;

  private RecordedLog(Logger logger) {
    this.logger = logger;
    level = logger.getLevel();
    isAdditive = logger.isAdditive();
    recorder.start();
    logger.addAppender(recorder);
  }

  /** Records what the logger of a class gets from now on. */
  public static RecordedLog of(Class<?> logging) {
    return of(logging.getName());
  }

  /** Records what a logger gets from now on. */
  public static RecordedLog of(String name) {
    return new RecordedLog((Logger) LoggerFactory.getLogger(name));
  }

  /** Sets the level of the logger, until this is closed. */
  public RecordedLog at(Level least) {
    logger.setLevel(least);
    return this;
  }

  /** Keeps the lines from the loggers above, and so from the console, until this is closed. */
  public RecordedLog hereOnly() {
    logger.setAdditive(false);
    return this;
  }

  /** Returns what was logged; grows with the log. */
  public List<ILoggingEvent> events() {
    return events;
  }

  /** Returns the texts. */
  public List<String> lines() {
    return events.stream().map(ILoggingEvent::getFormattedMessage).toList();
  }

  /** Returns the texts of one level. */
  public List<String> lines(Level logged) {
    return events.stream()
        .filter(event -> event.getLevel() == logged)
        .map(ILoggingEvent::getFormattedMessage)
        .toList();
  }

  /** Returns the texts that begin with another one. */
  public List<String> linesBeginning(String start) {
    return lines().stream().filter(line -> line.startsWith(start)).toList();
  }

  /** Forgets what was logged so far. */
  public void clear() {
    events.clear();
  }

  @Override
  public void close() {
    logger.detachAppender(recorder);
    logger.setAdditive(isAdditive);
    logger.setLevel(level);
  }

  private final class Recorder extends AppenderBase<ILoggingEvent> {
    @Override
    protected void append(ILoggingEvent event) {
      events.add(event);
    }
  }
}

package io.coatcheck.secretwatch;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.core.AppenderBase;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import org.slf4j.LoggerFactory;

/**
 * All that is written: to SLF4J, ours at {@code TRACE} and others' at {@code INFO}; to {@code
 * java.util.logging} at {@code INFO}; to {@code System.out} and {@code System.err}.
 */
final class Written {

  private static final String OURS = "io.coatcheck";

  private final Findings findings;
  private final Logger root = (Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME);
  private final Logger ours = (Logger) LoggerFactory.getLogger(OURS);
  private final java.util.logging.Logger julRoot = java.util.logging.Logger.getLogger("");

  /** Some containers log here; kept, since a logger without a reference forgets its level. */
  private final List<java.util.logging.Logger> jul =
      List.of(julRoot, java.util.logging.Logger.getLogger("org.apache"));

  /**
   * Two of Tomcat's write a malformed header whole, at {@code INFO}. docs/SECURITY.md tells
   * applications to set them to {@code WARNING}, and so it is done here.
   */
  private final List<java.util.logging.Logger> tooTalkative =
      List.of(
          java.util.logging.Logger.getLogger("org.apache.tomcat.util.http.parser.Cookie"),
          java.util.logging.Logger.getLogger("org.apache.coyote.http11.Http11Processor"));

  Written(Findings findings) {
    this.findings = findings;
  }

  void install() {
    Slf4j slf4j = new Slf4j();
    slf4j.setContext(root.getLoggerContext());
    slf4j.setName("secret-watch");
    slf4j.start();
    // What the tests' own configuration leaves out is heard, and still not printed.
    if (root.getLevel() == Level.OFF) {
      root.detachAndStopAllAppenders();
    }
    root.addAppender(slf4j);
    for (Handler console : julRoot.getHandlers()) {
      julRoot.removeHandler(console);
    }
    julRoot.addHandler(new Jul());
    System.setOut(listeningTo("System.out", System.out));
    System.setErr(listeningTo("System.err", System.err));
    listen();
  }

  /** Puts the levels back, which a test may have changed. */
  void listen() {
    root.setLevel(Level.INFO);
    ours.setLevel(Level.TRACE);
    jul.forEach(logger -> logger.setLevel(java.util.logging.Level.INFO));
    tooTalkative.forEach(logger -> logger.setLevel(java.util.logging.Level.WARNING));
  }

  private PrintStream listeningTo(String name, PrintStream stream) {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    OutputStream tee =
        new OutputStream() {
          @Override
          public synchronized void write(int value) {
            stream.write(value);
            look(value);
          }

          /** Hands on whole texts: each call is a message to Maven. */
          @Override
          public synchronized void write(byte[] bytes, int from, int count) {
            stream.write(bytes, from, count);
            for (int i = from; i < from + count; i++) {
              look(bytes[i]);
            }
          }

          private void look(int value) {
            if (value == '\n') {
              findings.look(name, line.toString(StandardCharsets.UTF_8));
              line.reset();
            } else {
              line.write(value);
            }
          }

          @Override
          public void flush() {
            stream.flush();
          }
        };
    return new PrintStream(tee, true, StandardCharsets.UTF_8);
  }

  private final class Slf4j extends AppenderBase<ILoggingEvent> {
    @Override
    protected void append(ILoggingEvent event) {
      StringBuilder text = new StringBuilder(event.getFormattedMessage());
      event.getMDCPropertyMap().forEach((key, value) -> text.append(' ').append(value));
      add(text, event.getThrowableProxy(), 0);
      findings.look(event.getLoggerName() + " " + event.getLevel(), text.toString());
    }

    private void add(StringBuilder text, IThrowableProxy thrown, int depth) {
      if (thrown != null && depth < 16) {
        text.append('\n').append(thrown.getMessage());
        add(text, thrown.getCause(), depth + 1);
        for (IThrowableProxy suppressed : thrown.getSuppressed()) {
          add(text, suppressed, depth + 1);
        }
      }
    }
  }

  private final class Jul extends Handler {
    @Override
    public void publish(LogRecord event) {
      StringBuilder text = new StringBuilder(String.valueOf(event.getMessage()));
      if (event.getParameters() != null) {
        for (Object parameter : event.getParameters()) {
          text.append(' ').append(parameter);
        }
      }
      for (Throwable cause = event.getThrown(); cause != null; cause = cause.getCause()) {
        text.append('\n').append(cause.getMessage());
      }
      findings.look(event.getLoggerName() + " " + event.getLevel(), text.toString());
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }
}

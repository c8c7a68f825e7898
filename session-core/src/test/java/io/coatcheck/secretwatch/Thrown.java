package io.coatcheck.secretwatch;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;

/**
 * The message of each exception that is made in this JVM, even if it is caught, as the flight
 * recorder sees it. Failures of assertions show what they like.
 */
final class Thrown {

  private final Findings findings;
  private final Recording recording = new Recording();

  Thrown(Findings findings) {
    this.findings = findings;
  }

  void install() {
    for (String event : new String[] {"jdk.JavaExceptionThrow", "jdk.JavaErrorThrow"}) {
      recording.enable(event).withoutStackTrace().with("throttle", "off");
    }
    // An event of ours is recorded unless it is disabled. While calls of the store are recorded,
    // the engine uses no session in place, and that would then have no tests.
    recording.disable("coatcheck.StoreCall");
    recording.start();
  }

  /** Ends the recording and looks through it. */
  void lookThrough() {
    try {
      Path file = Files.createTempFile("thrown", ".jfr");
      try {
        recording.dump(file);
        recording.close();
        try (RecordingFile events = new RecordingFile(file)) {
          while (events.hasMoreEvents()) {
            look(events.readEvent());
          }
        }
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void look(RecordedEvent event) {
    String message = event.hasField("message") ? event.getString("message") : null;
    String type = event.hasField("thrownClass") ? event.getClass("thrownClass").getName() : "";
    boolean isAssertion =
        type.endsWith("AssertionError")
            || type.startsWith("org.opentest4j.")
            || type.startsWith("org.assertj.");
    // Tomcat's, of a malformed header; it ends in the log that Written says more of.
    boolean isTomcats = message != null && message.startsWith("The HTTP header line [");
    if (message != null && !isAssertion && !isTomcats) {
      findings.look("message of " + type, message);
    }
  }
}

package io.coatcheck.session;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A run of the clean-up. */
@Name("coatcheck.CleanUp")
@Label("Session Clean-Up")
@Description("A run of the clean-up of expired sessions, with the pauses between its batches")
@Category("Coatcheck")
@StackTrace(false)
@SuppressWarnings("UnusedVariable") // The recorder reads the fields.
final class CleanUpEvent extends Event {

  @Label("Deleted Sessions")
  private int deleted;

  @Label("Batches")
  @Description("How many batches of the run ended without an exception")
  private int batches;

  @Label("Successful")
  @Description("Whether the run ended; false if it threw an exception")
  private boolean successful;

  private CleanUpEvent() {}

  static int record(FlightRecording.CleanUpRun run) {
    CleanUpEvent event = new CleanUpEvent();
    event.begin();
    try {
      int total =
          run.run(
              batch -> {
                event.batches++;
                event.deleted += batch;
              });
      event.successful = true;
      return total;
    } finally {
      event.commit();
    }
  }
}

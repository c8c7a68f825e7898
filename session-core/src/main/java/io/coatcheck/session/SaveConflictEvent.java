package io.coatcheck.session;

import io.coatcheck.session.token.SessionId;
import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;

/** A write that lost the compare-and-set. */
@Name("coatcheck.SaveConflict")
@Label("Session Save Conflict")
@Description("A write that found that another request had written the session first")
@Category("Coatcheck")
@SuppressWarnings("UnusedVariable") // The recorder reads the fields.
final class SaveConflictEvent extends Event {

  @Label("Session Id")
  @Description("The public id, which grants no access")
  private String sessionId = "";

  @Label("Attempt")
  @Description("How many times this save has tried to write, beginning with 1")
  private int attempt;

  private SaveConflictEvent() {}

  static void record(SessionId id, int attempt) {
    SaveConflictEvent event = new SaveConflictEvent();
    if (event.shouldCommit()) {
      event.sessionId = id.toString();
      event.attempt = attempt;
      event.commit();
    }
  }
}

package io.coatcheck.session;

import io.coatcheck.session.store.StoreOperation;
import io.coatcheck.session.token.SessionId;
import java.util.function.Supplier;
import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.Threshold;
import org.jspecify.annotations.Nullable;

/** A call of the store that took long. */
@Name("coatcheck.StoreCall")
@Label("Session Store Call")
@Description("A call of the session store by the session manager")
@Category("Coatcheck")
@Threshold("10 ms")
@SuppressWarnings("UnusedVariable") // The recorder reads the fields.
final class StoreCallEvent extends Event {

  @Label("Operation")
  private String operation = "";

  @Label("Session Id")
  @Description("The public id, which grants no access; null if the call concerns several sessions")
  private @Nullable String sessionId;

  @Label("Successful")
  @Description("Whether the call returned; false if it threw an exception")
  private boolean successful;

  private StoreCallEvent() {}

  static boolean isRecorded() {
    return new StoreCallEvent().isEnabled();
  }

  static <T> T record(StoreOperation operation, @Nullable SessionId id, Supplier<T> call) {
    StoreCallEvent event = new StoreCallEvent();
    event.begin();
    try {
      T result = call.get();
      event.successful = true;
      return result;
    } finally {
      event.end();
      if (event.shouldCommit()) {
        event.operation = operation.methodName();
        event.sessionId = id == null ? null : id.toString();
        event.commit();
      }
    }
  }
}

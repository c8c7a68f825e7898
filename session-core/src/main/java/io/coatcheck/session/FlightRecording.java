package io.coatcheck.session;

import io.coatcheck.session.store.StoreOperation;
import io.coatcheck.session.token.SessionId;
import java.util.function.IntConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The events for JDK Flight Recorder. Their classes are loaded only where the module {@code
 * jdk.jfr} is present: a run-time image may lack it. While an event is not recorded, it costs a
 * check that the compiler removes.
 */
final class FlightRecording {

  private static final boolean IS_PRESENT = isPresent();

  private FlightRecording() {}

  private static boolean isPresent() {
    try {
      Class.forName("jdk.jfr.Event", false, FlightRecording.class.getClassLoader());
      return true;
    } catch (ClassNotFoundException absent) {
      return false;
    }
  }

  /** Returns whether calls of the store are recorded at this moment. */
  static boolean recordsStoreCalls() {
    return IS_PRESENT && StoreCallEvent.isRecorded();
  }

  /** Carries out a call of the store, and records it. */
  static <T> T storeCall(StoreOperation operation, @Nullable SessionId id, Supplier<T> call) {
    return recordsStoreCalls() ? StoreCallEvent.record(operation, id, call) : call.get();
  }

  /** Records that another request wrote a session first. */
  static void saveConflict(SessionId id, int attempt) {
    if (IS_PRESENT) {
      SaveConflictEvent.record(id, attempt);
    }
  }

  /** Carries out a clean-up, and records it. */
  static int cleanUp(CleanUpRun run) {
    return IS_PRESENT ? CleanUpEvent.record(run) : run.run(batch -> {});
  }

  /** A clean-up, which reports how many sessions each of its batches deleted. */
  interface CleanUpRun {
    int run(IntConsumer batch);
  }
}

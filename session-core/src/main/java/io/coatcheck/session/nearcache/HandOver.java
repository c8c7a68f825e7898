package io.coatcheck.session.nearcache;

import io.coatcheck.session.store.StoredSession;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Gives each of several sessions to a consumer, whatever it throws. */
final class HandOver {

  private HandOver() {}

  static void each(List<StoredSession> sessions, Consumer<StoredSession> consumer) {
    @Nullable RuntimeException first = null;
    for (StoredSession session : sessions) {
      try {
        consumer.accept(session);
      } catch (RuntimeException e) {
        if (first == null) {
          first = e;
        } else if (first != e) {
          first.addSuppressed(e);
        }
      }
    }
    if (first != null) {
      throw first;
    }
  }
}

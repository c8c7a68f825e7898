package io.coatcheck.session.servlet;

import io.coatcheck.session.Session;
import java.lang.ref.WeakReference;
import org.jspecify.annotations.Nullable;

/**
 * What the requests of a session share in this process, where the store keeps live sessions: the
 * object that applications lock on, as long as anything holds it, and the text of the id, as long
 * as the session lives. It holds no request.
 */
final class SessionAnchor {

  private record IdText(long generation, String text) {}

  private @Nullable WeakReference<SharedSession> shared;
  private volatile @Nullable IdText id;

  /** Returns the anchor of a session; one of its own if it shares nothing. */
  static SessionAnchor of(Session session) {
    // Another version of this library may have attached its own.
    return session.attachment(SessionAnchor::new) instanceof SessionAnchor known
        ? known
        : new SessionAnchor();
  }

  /** Returns what applications see of the session, and makes it if nothing holds it any more. */
  synchronized SharedSession shared() {
    SharedSession known = shared == null ? null : shared.get();
    if (known == null) {
      known = SharedSession.make(this);
      shared = new WeakReference<>(known);
    }
    return known;
  }

  /** Returns the id as the Servlet API shows it: one object for each generation. */
  String textOf(Session session) {
    long generation = session.generation();
    IdText known = id;
    if (known == null || known.generation() != generation) {
      known = newText(session, generation);
    }
    return known.text();
  }

  private synchronized IdText newText(Session session, long generation) {
    IdText known = id;
    if (known == null || known.generation() < generation) {
      known = new IdText(generation, HttpSessionView.textOf(session.id(), generation));
      id = known;
    }
    return known.generation() == generation
        ? known
        : new IdText(generation, HttpSessionView.textOf(session.id(), generation));
  }

  @Override
  public String toString() {
    return "SessionAnchor";
  }
}

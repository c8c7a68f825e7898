package io.coatcheck.session.servlet;

import io.coatcheck.session.Session;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * What the requests of a session share in this process, where the store keeps live sessions. While
 * requests are under way, that is a {@link SharedSession}, attached to the session directly. Once
 * the application has read the id, it is an anchor, which keeps the text of the id for the life of
 * the session.
 *
 * <p>Thread-safe, without locks.
 */
final class SessionAnchor {

  private static final VarHandle SHARED;

  static {
    try {
      SHARED =
          MethodHandles.lookup().findVarHandle(SessionAnchor.class, "shared", SharedSession.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private record IdText(long generation, String text) {}

  /** Null while no request is under way. */
  private volatile @Nullable SharedSession shared;

  private volatile IdText id;

  private SessionAnchor(@Nullable SharedSession shared, IdText id) {
    this.shared = shared;
    this.id = id;
  }

  /**
   * Adds the view of a request or access that is under way.
   *
   * @return the object that all requests under way share
   */
  static SharedSession join(Session session, HttpSessionView view) {
    while (true) {
      Object attached = session.attachment();
      SharedSession known = sharedIn(attached);
      if (known != null && known.open(view)) {
        return known;
      }
      SharedSession fresh = SharedSession.of(view);
      if (replace(session, attached, known, fresh)) {
        return fresh;
      }
    }
  }

  /** Removes a view. Once none is left, the next request of the session gets another object. */
  static void leave(Session session, HttpSessionView view, SharedSession left) {
    if (left.close(view)) {
      Object attached = session.attachment();
      while (sharedIn(attached) == left && !replace(session, attached, left, null)) {
        // An anchor has replaced it meanwhile.
        attached = session.attachment();
      }
    }
  }

  private static @Nullable SharedSession sharedIn(@Nullable Object attached) {
    if (attached instanceof SessionAnchor anchor) {
      return anchor.shared;
    }
    return attached instanceof SharedSession shared ? shared : null;
  }

  private static boolean replace(
      Session session,
      @Nullable Object attached,
      @Nullable SharedSession known,
      @Nullable SharedSession next) {
    return attached instanceof SessionAnchor anchor
        ? SHARED.compareAndSet(anchor, known, next)
        : session.replaceAttachment(attached, next);
  }

  /**
   * Returns the id as the Servlet API shows it: the same object for each generation, for the life
   * of the session.
   */
  static String textOf(Session session) {
    long generation = session.generation();
    while (true) {
      Object attached = session.attachment();
      if (attached instanceof SessionAnchor anchor) {
        return anchor.textOf(session, generation);
      }
      SessionAnchor anchor = new SessionAnchor(sharedIn(attached), newText(session, generation));
      if (session.replaceAttachment(attached, anchor)) {
        return anchor.id.text();
      }
    }
  }

  private String textOf(Session session, long generation) {
    IdText known = id;
    return known.generation() == generation ? known.text() : newer(session, generation).text();
  }

  private synchronized IdText newer(Session session, long generation) {
    IdText known = id;
    if (known.generation() == generation) {
      return known;
    }
    IdText next = newText(session, generation);
    if (known.generation() < generation) {
      id = next;
    }
    return next;
  }

  private static IdText newText(Session session, long generation) {
    return new IdText(generation, HttpSessionView.textOf(session.id(), generation));
  }

  @Override
  public String toString() {
    return "SessionAnchor";
  }
}

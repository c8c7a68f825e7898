package io.coatcheck.session.servlet;

import jakarta.servlet.ServletContext;
import jakarta.servlet.http.HttpSession;
import java.util.Enumeration;
import org.jspecify.annotations.Nullable;

/**
 * The one object that all requests of a session get in this process, where the store keeps live
 * sessions, so that {@code synchronized (session)} excludes the other requests of the session. It
 * does what the request of the calling thread would do with its own view.
 *
 * <p>Thread-safe. Its monitor is the application's, and is never taken here.
 */
class SharedSession implements HttpSession {

  /** The lock under which views come and go. */
  private final SessionAnchor anchor;

  /** The views of what is under way, the latest first; written under the lock. */
  private volatile @Nullable HttpSessionView first;

  /** The view that was opened last: it answers when nothing is under way any more. */
  private volatile @Nullable HttpSessionView last;

  SharedSession(SessionAnchor anchor) {
    this.anchor = anchor;
  }

  /** Returns what the container's version of the Servlet API asks for. */
  static SharedSession make(SessionAnchor anchor) {
    return HttpSessionView.hasAccessors()
        ? AccessibleSharedSession.make(anchor)
        : new SharedSession(anchor);
  }

  /** Adds the view of a request or an access that is under way. */
  final void open(HttpSessionView view) {
    synchronized (anchor) {
      if (!view.isOpen() && !view.scope().isOver()) {
        view.opened(first);
        first = view;
      }
      last = view;
    }
  }

  /** Removes a view whose request or access has ended. */
  final void close(HttpSessionView view) {
    synchronized (anchor) {
      if (!view.isOpen()) {
        return;
      }
      HttpSessionView before = null;
      for (HttpSessionView one = first; one != null; one = one.next()) {
        if (one == view) {
          if (before == null) {
            first = one.next();
          } else {
            before.opened(one.next());
          }
          view.closed();
          return;
        }
        before = one;
      }
    }
  }

  /** Returns the view that a call of the current thread is for. */
  final HttpSessionView view() {
    Thread thread = Thread.currentThread();
    HttpSessionView latest = first;
    return latest != null && latest.scope().isOn(thread) ? latest : viewOn(thread);
  }

  private HttpSessionView viewOn(Thread thread) {
    synchronized (anchor) {
      HttpSessionView any = null;
      for (HttpSessionView one = first; one != null; one = one.next()) {
        if (one.scope().isOn(thread)) {
          return one;
        }
        if (any == null && !one.scope().isOver()) {
          any = one;
        }
      }
      // The thread is one that the application has started, or all is over.
      any = any == null ? last : any;
      if (any == null) {
        throw new IllegalStateException("no request has used this session yet");
      }
      return any;
    }
  }

  @Override
  public long getCreationTime() {
    return view().getCreationTime();
  }

  @Override
  public String getId() {
    return view().getId();
  }

  @Override
  public long getLastAccessedTime() {
    return view().getLastAccessedTime();
  }

  @Override
  public ServletContext getServletContext() {
    return view().getServletContext();
  }

  @Override
  public void setMaxInactiveInterval(int interval) {
    view().setMaxInactiveInterval(interval);
  }

  @Override
  public int getMaxInactiveInterval() {
    return view().getMaxInactiveInterval();
  }

  @Override
  public @Nullable Object getAttribute(String name) {
    return view().getAttribute(name);
  }

  @Override
  public Enumeration<String> getAttributeNames() {
    return view().getAttributeNames();
  }

  @Override
  public void setAttribute(String name, @Nullable Object value) {
    view().setAttribute(name, value);
  }

  @Override
  public void removeAttribute(String name) {
    view().removeAttribute(name);
  }

  @Override
  public void invalidate() {
    view().invalidate();
  }

  @Override
  public boolean isNew() {
    return view().isNew();
  }

  @Override
  public String toString() {
    HttpSessionView known = first == null ? last : first;
    return known == null ? "HttpSession" : known.toString();
  }
}

package io.coatcheck.session.servlet;

import jakarta.servlet.ServletContext;
import jakarta.servlet.http.HttpSession;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.Enumeration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The object that all requests of a session under way share in this process, where the store keeps
 * live sessions, so that {@code synchronized (session)} excludes the other requests of the session.
 * Each call goes to the view of the calling thread's request.
 *
 * <p>Thread-safe. Its monitor is the application's, and is never taken here.
 */
class SharedSession implements HttpSession {

  /** Replaces the views when all are closed and none can be opened again. */
  private static final List<HttpSessionView> CLOSED = List.of();

  private static final VarHandle OPEN;

  static {
    try {
      OPEN = MethodHandles.lookup().findVarHandle(SharedSession.class, "open", Object.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /**
   * The open view, or an immutable list of them, in the order of opening: nearly always there is
   * one.
   */
  private volatile Object open;

  /**
   * The view that was opened last, used when no view is open any more. Not volatile: any opened
   * view will do.
   */
  private HttpSessionView last;

  @SuppressWarnings("NullAway.Init") // Written by the handle.
  SharedSession(HttpSessionView first) {
    OPEN.set(this, first);
    last = first;
  }

  /** Returns the class that the container's version of the Servlet API requires. */
  static SharedSession of(HttpSessionView first) {
    return HttpSessionView.hasAccessors()
        ? Servlet61SharedSession.of(first)
        : new SharedSession(first);
  }

  @SuppressWarnings("unchecked")
  private static List<HttpSessionView> views(Object open) {
    return open instanceof HttpSessionView view ? List.of(view) : (List<HttpSessionView>) open;
  }

  /**
   * Adds the view of a request or an access that is under way, unless it was added before.
   *
   * @return {@code false} if all have been closed, so that this object is no longer used
   */
  final boolean open(HttpSessionView view) {
    while (true) {
      Object current = open;
      if (current == view) {
        return true;
      }
      List<HttpSessionView> views = views(current);
      if (views.isEmpty() || views.contains(view)) {
        return !views.isEmpty();
      }
      List<HttpSessionView> more = new ArrayList<>(views);
      more.add(view);
      if (OPEN.compareAndSet(this, current, List.copyOf(more))) {
        last = view;
        return true;
      }
    }
  }

  /**
   * Removes a view whose request or access has ended.
   *
   * @return whether it was the last one
   */
  final boolean close(HttpSessionView view) {
    while (true) {
      Object current = open;
      if (current == view) {
        if (OPEN.compareAndSet(this, current, CLOSED)) {
          return true;
        }
      } else {
        List<HttpSessionView> left = new ArrayList<>(views(current));
        if (!left.remove(view)) {
          return false;
        }
        if (OPEN.compareAndSet(this, current, left.isEmpty() ? CLOSED : List.copyOf(left))) {
          return left.isEmpty();
        }
      }
    }
  }

  /** Returns the view for a call by the current thread. */
  final HttpSessionView view() {
    Thread thread = Thread.currentThread();
    Object current = open;
    return current instanceof HttpSessionView only && only.scope().isOn(thread)
        ? only
        : viewOn(thread, views(current));
  }

  private HttpSessionView viewOn(Thread thread, List<HttpSessionView> views) {
    HttpSessionView any = null;
    // The latest first: a request may contain a dispatch of another one.
    for (int i = views.size() - 1; i >= 0; i--) {
      HttpSessionView one = views.get(i);
      if (one.scope().isOn(thread)) {
        return one;
      }
      if (any == null && !one.scope().isOver()) {
        any = one;
      }
    }
    // The thread was started by the application, or all requests have ended.
    return any == null ? last : any;
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
    return last.toString();
  }
}

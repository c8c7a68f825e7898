package io.coatcheck.session.servlet;

import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.token.SessionId;
import jakarta.servlet.ServletContext;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.Enumeration;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The object that all requests of a session under way share in this process, where the store keeps
 * live sessions, so that {@code synchronized (session)} excludes the other requests of the session.
 * Each call goes to the view of the calling thread's request.
 *
 * <p>A thread that the application started belongs to no request that is known here. It uses the
 * view of a request that came with the same login. So requests from before and after a login, or an
 * explicit renewal, do not share an object: what a stolen secret has begun must not continue with
 * what its owner stores later.
 *
 * <p>Thread-safe. Its monitor is the application's, and is never taken here.
 */
@SuppressWarnings("ReferenceEquality") // Views of one session are equal, and are told apart here.
class SharedSession implements ShownSession {

  /** Replaces the views when all are closed and none can be opened again. */
  private static final List<HttpSessionView> CLOSED = List.of();

  /**
   * While only one view has been opened: its login is not looked up, which would cost every
   * request.
   */
  private static final long UNKNOWN = Long.MAX_VALUE;

  private static final VarHandle OPEN =
      FieldHandles.of(MethodHandles.lookup(), "open", Object.class);

  private final SessionId id;

  /** Sessions of several stores in one process may have the same id, where they were imported. */
  private final SessionManager manager;

  private final long fence;
  private final long generation;

  /**
   * When the principal of the requests has logged in, in milliseconds since the epoch; negative for
   * no principal. Published with {@link #open}.
   */
  private long login = UNKNOWN;

  /**
   * The open view, or an immutable list of them, in the order of opening: nearly always there is
   * one.
   */
  private volatile Object open;

  /**
   * The view that was opened or closed last with the login of this object, used when no view is
   * open any more. Not volatile: any such view will do.
   */
  private HttpSessionView last;

  @SuppressWarnings("NullAway.Init") // Written by the handle.
  SharedSession(SessionId id, HttpSessionView first) {
    this.id = id;
    manager = first.scope().manager();
    fence = first.session().fence();
    generation = first.session().generation();
    OPEN.set(this, first);
    last = first;
  }

  /** Returns the class that the container's version of the Servlet API requires. */
  static SharedSession of(SessionId id, HttpSessionView first) {
    return HAS_ACCESSORS ? Servlet61SharedSession.of(id, first) : new SharedSession(id, first);
  }

  @Override
  public final SessionManager manager() {
    return manager;
  }

  @Override
  public final SessionId sessionId() {
    return id;
  }

  /** Returns whether a request has this session, by the login that this object belongs to. */
  final boolean isOf(HttpSessionView view) {
    Session session = view.session();
    return session.fence() == fence
        && session.id().equals(id)
        && view.scope().manager() == manager
        && isOfLogin(session);
  }

  /**
   * Returns whether threads of the application may use an open view by this object: the only one
   * that was opened, or one that has not logged in since.
   */
  final boolean serves(HttpSessionView view) {
    return login == UNKNOWN || isOf(view);
  }

  private boolean isOfLogin(Session session) {
    long known = login;
    if (known != UNKNOWN) {
      return session.loginMillis() == known;
    }
    // A login makes a new generation, and so does a periodic renewal.
    return session.generation() == generation
        || session.loginMillis() == last.session().loginMillis();
  }

  /** Returns the open views. */
  final List<HttpSessionView> views() {
    return views(open);
  }

  @SuppressWarnings("unchecked")
  private static List<HttpSessionView> views(Object open) {
    return open instanceof HttpSessionView view ? List.of(view) : (List<HttpSessionView>) open;
  }

  /** Compares by identity: the views of all requests of a session are equal. */
  private static boolean isAmong(HttpSessionView view, List<HttpSessionView> views) {
    for (HttpSessionView one : views) {
      if (one == view) {
        return true;
      }
    }
    return false;
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
      if (views.isEmpty() || isAmong(view, views)) {
        return !views.isEmpty();
      }
      List<HttpSessionView> more = new ArrayList<>(views);
      more.add(view);
      if (login == UNKNOWN) {
        login = view.session().loginMillis();
      }
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
    if (last != view && isOf(view)) {
      last = view;
    }
    while (true) {
      Object current = open;
      if (current == view) {
        if (OPEN.compareAndSet(this, current, CLOSED)) {
          return true;
        }
      } else {
        List<HttpSessionView> left = new ArrayList<>(views(current));
        if (!left.removeIf(one -> one == view)) {
          return false;
        }
        if (OPEN.compareAndSet(this, current, left.isEmpty() ? CLOSED : List.copyOf(left))) {
          return left.isEmpty();
        }
      }
    }
  }

  /**
   * Returns the view for a call by the current thread.
   *
   * @throws IllegalStateException if the thread belongs to no request, and each request that used
   *     this object has logged in since
   */
  final HttpSessionView view() {
    Thread thread = Thread.currentThread();
    Object current = open;
    return current instanceof HttpSessionView only && only.scope().isOn(thread)
        ? only
        : viewOn(thread, views(current));
  }

  /**
   * The view by which a thread acts for a request, and not only on the session.
   *
   * @param isKnown {@code false} if the thread is of no dispatch, and several requests of the
   *     session are under way: one of them may be another client's, who has the same cookie
   */
  record Acting(HttpSessionView view, boolean isKnown) {}

  /** Returns the view by which the current thread acts for a request. */
  final Acting acting() {
    Thread thread = Thread.currentThread();
    List<HttpSessionView> requests =
        views().stream().filter(one -> one.scope() instanceof SessionExchange).toList();
    HttpSessionView view = viewOn(thread, requests);
    boolean isKnown =
        view.scope().isOn(thread)
            || requests.stream().filter(one -> !one.scope().isOver() && serves(one)).count() < 2;
    return new Acting(view, isKnown);
  }

  private HttpSessionView viewOn(Thread thread, List<HttpSessionView> views) {
    HttpSessionView any = null;
    // The latest first: a request may contain a dispatch of another one.
    for (int i = views.size() - 1; i >= 0; i--) {
      HttpSessionView one = views.get(i);
      if (one.scope().isOn(thread)) {
        return one;
      }
      if (!one.scope().isOver()
          && serves(one)
          && (any == null || (!any.scope().isLeft() && one.scope().isLeft()))) {
        // Better that of an asynchronous request: it is not about to end.
        any = one;
      }
    }
    // The thread was started by the application, or all requests have ended.
    return any == null ? lastView() : any;
  }

  /** Returns the last view, unless the thread may belong to another request than that view. */
  private HttpSessionView lastView() {
    HttpSessionView known = last;
    if (!serves(known)) {
      throw new IllegalStateException(
          "the session has another login or secret now: " + id + "; get it from the request again");
    }
    return known;
  }

  /**
   * Changes the session. A thread of the application may have got the view of a request that has
   * since ended; then it uses that of another one.
   */
  private void change(Consumer<HttpSessionView> work) {
    HttpSessionView used = view();
    while (true) {
      try {
        work.accept(used);
        return;
      } catch (IllegalStateException e) {
        HttpSessionView next = used.scope().isOver() ? view() : used;
        if (next == used || next.scope().isOver()) {
          throw e;
        }
        used = next;
      }
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
    change(view -> view.setMaxInactiveInterval(interval));
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
    change(view -> view.setAttribute(name, value));
  }

  @Override
  public void removeAttribute(String name) {
    change(view -> view.removeAttribute(name));
  }

  @Override
  public void invalidate() {
    change(HttpSessionView::invalidate);
  }

  @Override
  public boolean isNew() {
    return view().isNew();
  }

  @Override
  public final boolean equals(@Nullable Object other) {
    return ShownSession.isSame(this, other);
  }

  @Override
  public final int hashCode() {
    return sessionId().hashCode();
  }

  @Override
  public String toString() {
    return last.toString();
  }
}

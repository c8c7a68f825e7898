package io.coatcheck.session.servlet;

import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import jakarta.servlet.ServletContext;
import java.util.function.Supplier;

/**
 * One access to a session outside of a request. There is no response, so nothing is sent: if the
 * session is ended here, the client keeps its cookie, which opens nothing.
 */
final class AccessorScope implements SessionScope, AutoCloseable {

  private final SessionManager manager;
  private final SessionListeners listeners;
  private final Session session;
  private final ServletContext servletContext;
  private final HttpSessionView view;
  private final Thread thread = Thread.currentThread();
  private volatile boolean isOver;

  AccessorScope(
      SessionManager manager,
      SessionListeners listeners,
      Session session,
      ServletContext servletContext) {
    this.manager = manager;
    this.listeners = listeners;
    this.session = session;
    this.servletContext = servletContext;
    view = HttpSessionView.of(this, session);
  }

  /** Returns what the application sees of the session. */
  HttpSessionView view() {
    return view;
  }

  @Override
  public SessionManager manager() {
    return manager;
  }

  @Override
  public SessionListeners listeners() {
    return listeners;
  }

  @Override
  public ServletContext servletContext() {
    return servletContext;
  }

  @Override
  public void requireUsable(Session changed) {
    if (isOver) {
      throw new IllegalStateException(
          "the access to the session has ended, and what is changed now would be lost: "
              + changed.id());
    }
  }

  @Override
  public boolean isOver() {
    return isOver;
  }

  @Override
  public boolean hasEndedMeanwhile() {
    return isOver;
  }

  @Override
  public boolean isOn(Thread other) {
    return thread == other && !isOver;
  }

  @Override
  public boolean isLeft() {
    return false;
  }

  @Override
  public boolean isTooLateToStore() {
    return isOver;
  }

  @Override
  public void onReliedUpon(Session begun) {
    // The session was stored before this access began.
  }

  @Override
  public void storeNow(Session used) {
    view.activations().whileEncoded(view, () -> manager.save(used));
    view.settleUnsaved();
  }

  @Override
  public <T> T step(Session used, Supplier<T> step) {
    requireUsable(used);
    return view.activations().whileEncoded(view, step);
  }

  @Override
  public void invalidate(HttpSessionView ending) {
    requireUsable(session);
    listeners.endOwn(EndedSession.of(ending), false, () -> manager.invalidate(session));
  }

  /** Saves the changes. */
  @Override
  public void close() {
    try {
      view.activations().whileEncoded(view, () -> manager.save(session));
      view.settleUnsaved();
    } finally {
      isOver = true;
      view.close();
      view.abandonUnsaved();
    }
  }

  @Override
  public String toString() {
    return "AccessorScope[" + session.id() + "]";
  }
}

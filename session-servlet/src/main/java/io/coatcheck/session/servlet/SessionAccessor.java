package io.coatcheck.session.servlet;

import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.token.SessionId;
import jakarta.servlet.ServletContext;
import jakarta.servlet.http.HttpSession;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What reaches a session outside of a request (Servlet 6.1). Each access is to the session what one
 * more request of the client would be: it finds what is stored, counts as activity, and saves what
 * it changed before it returns. It keeps nothing of the request that it comes from. Thread-safe.
 */
final class SessionAccessor implements HttpSession.Accessor {

  private final SessionManager manager;
  private final SessionListeners listeners;
  private final ServletContext servletContext;
  private final SessionId id;
  private final long generation;
  private final Optional<Instant> authenticatedAt;

  SessionAccessor(
      SessionManager manager,
      SessionListeners listeners,
      ServletContext servletContext,
      Session session) {
    this.manager = manager;
    this.listeners = listeners;
    this.servletContext = servletContext;
    id = session.id();
    generation = session.generation();
    authenticatedAt = session.authenticatedAt();
  }

  /**
   * Lets the session be used. What was changed is saved even if the consumer throws; if the session
   * ends meanwhile, it is dropped, as it is for a request.
   *
   * @throws IllegalStateException if the session has ended, or its id has been changed by a login
   *     or {@code changeSessionId}; a renewal in passing does not matter
   * @throws SessionStoreException if the store failed; the consumer was not called, or what it
   *     changed may be stored or not
   */
  @Override
  public void access(Consumer<HttpSession> sessionConsumer) {
    Session session =
        manager
            .reopen(id, generation, authenticatedAt)
            .orElseThrow(
                () ->
                    new IllegalStateException(
                        "the session has ended, or its id has changed: "
                            + HttpSessionView.textOf(id, generation)));
    try (SessionAccess access = new SessionAccess(manager, listeners, session, servletContext)) {
      sessionConsumer.accept(access.view().shown());
    }
  }

  @Override
  public String toString() {
    return "HttpSession.Accessor[" + HttpSessionView.textOf(id, generation) + "]";
  }
}

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
 * Gives access to a session outside of a request (Servlet 6.1). An access works like one more
 * request of the client: it finds what is stored, counts as activity, and saves its changes before
 * it returns. It retains nothing of the request that it comes from. Thread-safe.
 */
final class SessionAccessor implements HttpSession.Accessor {

  private final SessionManager manager;
  private final SessionListeners listeners;
  private final ServletContext servletContext;
  private final SessionId id;
  private final long generation;
  private final long fence;
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
    fence = session.fence();
    authenticatedAt = session.authenticatedAt();
  }

  /**
   * Calls the consumer with the session. Changes are saved even if the consumer throws. If the
   * session ends before that, they are dropped, as for a request.
   *
   * @throws IllegalStateException if the session has ended, or its id has been changed by a login
   *     or {@code changeSessionId}; an automatic renewal does not matter
   * @throws SessionStoreException if the store failed: the consumer was not called, or its changes
   *     may or may not be stored
   */
  @Override
  public void access(Consumer<HttpSession> sessionConsumer) {
    Session session =
        manager
            .adapter()
            .reopen(id, fence, authenticatedAt)
            .orElseThrow(
                () ->
                    new IllegalStateException(
                        "the session has ended, or its id has changed: "
                            + ShownId.textOf(id, generation)));
    try (AccessorScope access = new AccessorScope(manager, listeners, session, servletContext)) {
      sessionConsumer.accept(access.view().shown());
    }
  }

  @Override
  public String toString() {
    return "HttpSession.Accessor[" + ShownId.textOf(id, generation) + "]";
  }
}

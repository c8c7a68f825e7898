package io.coatcheck.session.migration;

import io.coatcheck.session.ImportResult;
import io.coatcheck.session.ImportSource;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.event.CredentialKind;
import io.coatcheck.session.servlet.BridgeRequest;
import io.coatcheck.session.servlet.WebSession;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletRequestWrapper;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.SessionCookieConfig;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BiPredicate;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Adopts the sessions that an application has in its container, such as Tomcat or Jetty, each at
 * the first request that presents its cookie to a node that still has it: the user stays logged in,
 * and the attributes are kept. Then the container's session ends.
 *
 * <p>A filter, mapped after {@link io.coatcheck.session.servlet.SessionFilter} and before filters
 * that need a login. It acts only on a request that presents no Coatcheck token and has no session,
 * as from another bridge, not on one that another site made a browser send without it, and only on
 * a session whose id came in a cookie, never in a URL. Each session is adopted once, on one node:
 * of requests at the same time one adopts it, and the others use the new session. The old cookie is
 * accepted until the client has presented the new one, and 10 seconds longer. From then on it opens
 * nothing, even after a logout, and even on a node that has a copy of the container's session.
 *
 * <p>The adoption counts as a login at the time when the container's session was created, so that
 * an action that needs a fresh login asks for one. The timeouts are those of the manager's policy,
 * beginning with the adoption. The container notifies its listeners, and the attributes that are
 * {@code HttpSessionBindingListener}s, of the end of its session.
 *
 * <p>If the store fails, or the container throws when it reads its session, or a function of the
 * application throws, the response is 503 and the container's session stays. What the container or
 * the function throws is logged as {@link TokenVerifier#verify} describes. If the container cannot
 * end a session that was adopted, the user stays logged in, a warning is logged, and the client's
 * later requests to the node retry it, one in ten seconds. Thread-safe.
 *
 * @since 0.1.0
 */
public final class ContainerSessionAdoption implements Filter {

  private static final String CREDENTIAL = "container-session:";
  private static final int MAX_ID_LENGTH = 512;

  private final SessionManager manager;
  private final Function<HttpSession, Optional<String>> principal;
  private final Predicate<String> attributes;
  private final Duration maximumAge;
  private final boolean clearsCookie;
  private final LoginCondition condition;
  private final CredentialReport report;
  private final ApplicationCode code = new ApplicationCode();
  private final ReplacedSessions replaced;
  private final CookieDeletions deletions = new CookieDeletions("of the container's sessions");

  private ContainerSessionAdoption(Builder builder) {
    manager = builder.manager;
    replaced = new ReplacedSessions(manager.clock());
    principal = builder.principal;
    attributes = builder.attributes;
    maximumAge = builder.maximumAge;
    clearsCookie = builder.clearsCookie;
    condition = builder.condition;
    report = new CredentialReport(manager, CredentialKind.CONTAINER_SESSION);
  }

  /**
   * Begins an adoption.
   *
   * @param manager the manager of the {@code SessionFilter} before it
   * @param principal returns the name of the user who is logged in by a container's session,
   *     usually from an attribute; empty for an anonymous one, whose attributes are kept. If it is
   *     empty for a session with an attribute {@code SPRING_SECURITY_CONTEXT}, that is refused and
   *     stays in the container: otherwise the next person at that browser would have its
   *     attributes. For another mark of a login, return the name, and refuse it by {@link
   *     Builder#validIf}. If it throws, nothing is adopted
   */
  public static Builder builder(
      SessionManager manager, Function<HttpSession, Optional<String>> principal) {
    return new Builder(manager, principal);
  }

  /**
   * Returns how many sessions were adopted, how often an old cookie was presented that had been
   * used before, and how often one that opens nothing, by this filter since it was made.
   */
  public CredentialCounts counts() {
    return report.counts();
  }

  @Override
  public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    if (request instanceof HttpServletRequest httpRequest
        && response instanceof HttpServletResponse httpResponse) {
      HttpServletRequest own = containersOwn(httpRequest);
      String presented = presented(own);
      if (presented != null) {
        WebSession session = WebSession.of(httpRequest);
        HttpSession old = sessionOf(own);
        String id = idOf(old, presented);
        BridgeRequest bridge = session.bridge();
        bridge.beforeLogout(() -> spend(id, old, session));
        if (bridge.isTokenPresented()) {
          if (old != null && replaced.isLeft(id)) {
            end(id, old);
          }
          if (clearsCookie
              && OldCookie.isReplaced(session, manager.clock().instant())
              && old == null
              && own.getSession(false) == null
              && deletions.isDue(session, presented, manager.clock().instant())) {
            clear(own, httpResponse, presented);
          }
        } else if (!bridge.isTokenWithheld() && session.id().isEmpty()) {
          adoptInto(session, own, old, httpResponse, presented);
        }
      }
    }
    chain.doFilter(request, response);
  }

  /** Returns the container's request, below all wrappers. */
  private static HttpServletRequest containersOwn(HttpServletRequest request) {
    HttpServletRequest own = request;
    ServletRequest current = request;
    while (current instanceof ServletRequestWrapper wrapper) {
      current = wrapper.getRequest();
      if (current instanceof HttpServletRequest below) {
        own = below;
      }
    }
    return own;
  }

  /** Returns the id in the container's cookie, untrusted; null if there is none. */
  private static @Nullable String presented(HttpServletRequest own) {
    String id = own.isRequestedSessionIdFromCookie() ? own.getRequestedSessionId() : null;
    return id == null || id.isEmpty() || id.length() > MAX_ID_LENGTH ? null : id;
  }

  /** Returns the container's session. The container may keep it in a store, which may fail. */
  private @Nullable HttpSession sessionOf(HttpServletRequest own) {
    try {
      return code.call(
              "reading the container's session",
              "",
              () ->
                  Optional.ofNullable(
                      own.isRequestedSessionIdValid() ? own.getSession(false) : null))
          .orElse(null);
    } catch (Throwable failure) {
      report.failed();
      throw failure;
    }
  }

  private static String idOf(@Nullable HttpSession old, String presented) {
    return withoutRoute(old == null ? presented : old.getId());
  }

  /**
   * Uses up an old cookie that is presented with a logout, so that it cannot log the user in again
   * at a node that has a copy of the container's session.
   */
  private void spend(String id, @Nullable HttpSession old, WebSession session) {
    ImportSource unread =
        new ContainerImportSource(old, null, attributes, maximumAge, manager.clock());
    manager.bridge().spendCredential(CREDENTIAL + id, unread, session.id());
  }

  private void adoptInto(
      WebSession session,
      HttpServletRequest own,
      @Nullable HttpSession old,
      HttpServletResponse response,
      String presented) {
    try {
      String id = idOf(old, presented);
      ImportResult.Status status = adopt(session, old, id);
      if (clearsCookie
          && status == ImportResult.Status.SPENT
          && deletions.isDue(id, manager.clock().instant())) {
        clear(own, response, presented);
      }
    } catch (Throwable failure) {
      report.failed();
      throw failure;
    }
  }

  private ImportResult.Status adopt(WebSession session, @Nullable HttpSession old, String id) {
    ImportSource source =
        condition.on(
            new ContainerImportSource(old, principal, attributes, maximumAge, manager.clock()),
            manager.bridge());
    ImportResult result = manager.bridge().importSession(CREDENTIAL + id, source);
    if (old != null && ReplacedSessions.isDueAtOnce(result)) {
      end(id, old);
    }
    boolean opens = condition.opens(result, session);
    if (old != null && ReplacedSessions.isDueLater(result, session, manager.clock().instant())) {
      end(id, old);
    }
    report.imported(result.status(), opens, session);
    return result.status();
  }

  /**
   * Returns an id without the name of the node, which containers append after a dot: otherwise one
   * session would have several ids, and could be adopted several times.
   */
  private static String withoutRoute(String id) {
    int dot = id.indexOf('.');
    return dot < 0 ? id : id.substring(0, dot);
  }

  private void end(String id, HttpSession old) {
    replaced.end(
        id,
        () -> {
          try {
            old.invalidate();
          } catch (IllegalStateException e) {
            if (ContainerImportSource.isValid(old)) {
              throw e;
            }
            // Another request has already ended it.
          }
        });
  }

  /** Makes the browser delete the container's cookie, which is found by its value. */
  private static void clear(
      HttpServletRequest own, HttpServletResponse response, String presented) {
    Cookie[] cookies = own.getCookies();
    if (cookies == null) {
      return;
    }
    SessionCookieConfig config = own.getServletContext().getSessionCookieConfig();
    String path = config.getPath();
    if (path == null) {
      path = own.getContextPath().isEmpty() ? "/" : own.getContextPath();
    }
    for (Cookie cookie : cookies) {
      if (presented.equals(cookie.getValue())) {
        new OldCookie(cookie.getName(), path, config.getDomain()).clear(own, response);
      }
    }
  }

  /** Builds a {@link ContainerSessionAdoption}. Not thread-safe. */
  public static final class Builder {

    private final SessionManager manager;
    private final Function<HttpSession, Optional<String>> principal;
    private Predicate<String> attributes = name -> true;
    private Duration maximumAge = Duration.ofDays(30);
    private LoginCondition condition = LoginCondition.NONE;
    private boolean clearsCookie = true;

    private Builder(SessionManager manager, Function<HttpSession, Optional<String>> principal) {
      this.manager = Objects.requireNonNull(manager, "manager must not be null");
      this.principal = Objects.requireNonNull(principal, "principal must not be null");
    }

    /**
     * Sets which attributes are kept, by their names. Of these, a store that keeps bytes leaves out
     * those that the allow-list of the codec does not admit, with an event. Default: all.
     */
    public Builder attributes(Predicate<String> names) {
      attributes = Objects.requireNonNull(names, "attributes must not be null");
      return this;
    }

    /**
     * Sets how long ago a session may have been created. An older one is refused, and its user logs
     * in. A record of each adoption is kept for the same time; do not raise it later, since records
     * that were deleted by then would be missed. Default: 30 days.
     *
     * @throws IllegalArgumentException if it is not positive, or more than 400 days
     */
    public Builder maximumAge(Duration age) {
      maximumAge = Limits.positive("maximumAge", age, Limits.MAX_DAYS);
      return this;
    }

    /**
     * Sets whether the container's cookie is deleted, no sooner than a minute after the adoption,
     * where it opens no session of the container. Default: true.
     */
    public Builder clearCookie(boolean value) {
      clearsCookie = value;
      return this;
    }

    /**
     * Sets a condition on the login of an old session: the name of the user, and when the old
     * session was created. A session that does not meet it is refused, and its user logs in. It is
     * tested before the session is adopted, again after that is stored, and for each request that
     * opens the adopted session with the old cookie.
     *
     * <p>{@code SessionManager.revokeAllOf} ends the sessions that were adopted by then, and no old
     * one. Where users can be signed out everywhere, record the moment first, revoke then, and test
     * it here: {@code (user, loginAt) -> loginAt.isAfter(accounts.signedOutAt(user))}. Default:
     * every login.
     */
    public Builder validIf(BiPredicate<String, Instant> login) {
      condition = LoginCondition.validIf(login);
      return this;
    }

    /** Builds the adoption. */
    public ContainerSessionAdoption build() {
      return new ContainerSessionAdoption(this);
    }
  }
}

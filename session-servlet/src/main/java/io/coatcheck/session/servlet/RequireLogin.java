package io.coatcheck.session.servlet;

import io.coatcheck.session.store.SessionStoreException;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.FilterRegistration;
import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Rejects requests without a logged-in user. It is mapped after {@link SessionFilter}, and protects
 * every path but the {@linkplain Builder#publicPaths public} ones, or only the {@linkplain
 * Builder#protectedPaths protected} ones.
 *
 * <p>A refused browser navigation is redirected (303) to the {@linkplain Builder#loginPage login
 * page}, with {@code ?next=} as the way back: see {@link #next}. A request is a navigation if
 * {@code Sec-Fetch-Mode} is {@code navigate}; in browsers that do not send it, if it accepts {@code
 * text/html} and is not an {@code XMLHttpRequest}. All other requests, and all requests if there is
 * no login page, get 401 with a short JSON body or, if they accept only that, plain text. The
 * challenge is {@code WWW-Authenticate: Session}, a scheme for which no browser prompts for a
 * password.
 *
 * <p>Responses to admitted requests are {@code Cache-Control: no-store}, so that the back button
 * shows nothing after a logout. A page can set another value. The header survives a {@code reset()}
 * of the response.
 *
 * <p>Paths are compared decoded, in the letters of every script. A URI that another program could
 * read differently (with {@code ;}, {@code //}, dot segments, encoded slashes or dots, or bytes
 * that are not UTF-8) is never public and always protected. Map the filter for requests. Forwards
 * are not checked, except to a protected welcome file of a directory, which needs a login as well.
 * If the filter is mapped for {@code FORWARD} too, it checks all forwards.
 *
 * <p>A CORS preflight carries no cookie. It is passed on without a login, and its response loses
 * its body.
 *
 * <p>The filter checks the login, not roles. Thread-safe. Blocks as long as the session's store
 * does.
 *
 * @since 0.1.0
 */
public final class RequireLogin implements Filter {

  private final PathPatterns publicPaths;
  private final @Nullable PathPatterns protectedPaths;
  private final PathPatterns apiPaths;
  private final @Nullable String loginPage;
  private final PathPatterns loginPages;
  private final @Nullable Duration maximumAge;

  private RequireLogin(Builder builder) {
    publicPaths = PathPatterns.of("publicPaths", builder.publicPaths);
    protectedPaths =
        builder.protectedPaths == null
            ? null
            : PathPatterns.of("protectedPaths", builder.protectedPaths);
    apiPaths = PathPatterns.of("apiPaths", builder.apiPaths);
    loginPage = builder.loginPage;
    loginPages =
        loginPage == null ? PathPatterns.none() : PathPatterns.of("loginPage", List.of(loginPage));
    maximumAge = builder.maximumAge;
  }

  /** Begins a filter that protects every path and has no login page. */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * Returns the page to show after a login: the one that the parameter {@code next} of the request
   * names, if it is a path of this origin, or else {@code otherwise}. The result is safe for {@code
   * sendRedirect}: it has no scheme, no host, no control characters and nothing that a browser
   * could read as one of these. It includes the context path, and a query if there was one.
   *
   * @param request the request of the login form. A form without an {@code action} keeps the
   *     parameter, in the URL of the login page; any other passes it on in a hidden field. Of
   *     several values none is used
   * @param otherwise trusted, and returned unchanged
   */
  public static String next(HttpServletRequest request, String otherwise) {
    return ReturnPath.from(request).orElse(otherwise);
  }

  /**
   * Registers this filter for the requests of all paths, after the filters that {@code web.xml}
   * maps and those that are registered before, {@link SessionFilter#register} among them. To
   * register several, or for some paths only, use {@link ServletContext#addFilter(String, Filter)}.
   *
   * @throws IllegalStateException if there is a filter {@code coatcheck-login} already, or it is
   *     too late to add one
   */
  public FilterRegistration.Dynamic register(ServletContext servletContext) {
    FilterRegistration.Dynamic registration =
        Registration.addFilter("coatcheck-login", this, servletContext);
    registration.addMappingForUrlPatterns(EnumSet.of(DispatcherType.REQUEST), true, "/*");
    return registration;
  }

  /**
   * Passes the request on or answers it.
   *
   * @throws IllegalStateException if no {@link SessionFilter} comes before this filter
   * @throws SessionStoreException if the store fails; {@link SessionFilter} answers 503
   */
  @Override
  public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    if (!(request instanceof HttpServletRequest http)
        || !(response instanceof HttpServletResponse answer)) {
      throw new ServletException("RequireLogin serves HTTP only");
    }
    if (isPublic(http)) {
      if (protectedPaths != null && PathPatterns.pathOf(http).endsWith("/")) {
        watchForwards(http);
      }
      chain.doFilter(request, response);
    } else if (Preflight.isOne(http)) {
      WebSession.of(http).exchange().saving().keepOutOfCaches();
      Preflight.pass(http, answer, chain);
    } else if (admits(http, answer)) {
      chain.doFilter(request, response);
    }
  }

  /** A directory may be answered with a protected file in it. */
  private void watchForwards(HttpServletRequest request) {
    if (request.getAttribute(SessionFilter.CURRENT) instanceof SessionExchange exchange) {
      exchange.state().watchForwards(this);
    }
  }

  /** Returns whether the request is admitted, and answers it if not. */
  private boolean admits(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    WebSession session = WebSession.of(request);
    session.exchange().saving().keepOutOfCaches();
    if (session.principal().isEmpty()) {
      refuse(request, response, "login_required", "Login required.");
      return false;
    }
    if (maximumAge != null && !session.authenticatedWithin(maximumAge)) {
      refuse(request, response, "login_too_old", "A fresh login is required.");
      return false;
    }
    return true;
  }

  /**
   * Answers a forward of an admitted, unprotected request if it goes to a protected welcome file of
   * the requested directory. Some containers, such as Tomcat, choose the welcome file before the
   * filters; others, such as Jetty, forward to it.
   *
   * @return whether it was answered
   */
  boolean refusesForward(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    return protectedPaths != null
        && isForwardToWelcomeFile(request)
        && protectedPaths.mayMatch(request)
        && !admits(request, response);
  }

  private static boolean isForwardToWelcomeFile(HttpServletRequest request) {
    Object servletPath = request.getAttribute(RequestDispatcher.FORWARD_SERVLET_PATH);
    Object pathInfo = request.getAttribute(RequestDispatcher.FORWARD_PATH_INFO);
    String directory = Objects.toString(servletPath, "") + Objects.toString(pathInfo, "");
    String path = PathPatterns.pathOf(request);
    // A welcome file may be in a directory below, such as account/start.html.
    return directory.endsWith("/") && path.startsWith(directory);
  }

  private boolean isPublic(HttpServletRequest request) {
    return loginPages.matches(request)
        || (protectedPaths == null
            ? publicPaths.matches(request)
            : !protectedPaths.mayMatch(request));
  }

  private void refuse(
      HttpServletRequest request, HttpServletResponse response, String error, String message)
      throws IOException {
    if (loginPage != null && !apiPaths.matches(request) && Navigation.isOf(request)) {
      // Not sendRedirect: it can send 303 only since Servlet 6.1. Not the request's context path:
      // that is cut from the raw URI, which may begin with //another.host/.
      response.setStatus(HttpServletResponse.SC_SEE_OTHER);
      response.setHeader(
          "Location",
          request.getServletContext().getContextPath() + loginPage + returnQuery(request));
      return;
    }
    response.setStatus(HttpServletResponse.SC_UNAUTHORIZED);
    response.setHeader("WWW-Authenticate", "Session");
    response.setCharacterEncoding("UTF-8");
    if (acceptsPlainTextOnly(request)) {
      response.setContentType("text/plain");
      response.getWriter().println(message);
    } else {
      response.setContentType("application/json");
      response.getWriter().print("{\"error\":\"" + error + "\"}");
    }
  }

  /** Only a request that can be repeated has a way back. */
  private static String returnQuery(HttpServletRequest request) {
    boolean canBeRepeated = request.getMethod().equals("GET") || request.getMethod().equals("HEAD");
    return canBeRepeated ? ReturnPath.queryFor(request) : "";
  }

  private static boolean acceptsPlainTextOnly(HttpServletRequest request) {
    String accept = Navigation.accept(request);
    return accept.contains("text/plain") && !accept.contains("json") && !accept.contains("*/*");
  }

  /** Builds a filter; {@link #build()} checks the combination. Not thread-safe. */
  public static final class Builder {

    private List<String> publicPaths = List.of();
    private @Nullable List<String> protectedPaths;
    private List<String> apiPaths = List.of();
    private @Nullable String loginPage;
    private @Nullable Duration maximumAge;

    private Builder() {}

    /**
     * Sets the paths that need no login; all others do. The login page never needs one. Default:
     * none.
     *
     * @param paths {@code /health} or {@code /assets/*}, within the application
     * @throws IllegalArgumentException if one is neither
     */
    public Builder publicPaths(String... paths) {
      publicPaths = checked("publicPaths", paths);
      return this;
    }

    /**
     * Sets the paths that need a login; no other path does. Prefer {@link #publicPaths}: there, a
     * forgotten path is noticed. Differences that a router or a file system may ignore do not
     * matter: case, a final slash, and dots and spaces at the end of a segment. Default: all but
     * the public ones.
     *
     * @param paths {@code /account} or {@code /admin/*}, within the application
     * @throws IllegalArgumentException if one is neither
     */
    public Builder protectedPaths(String... paths) {
      protectedPaths = checked("protectedPaths", paths);
      return this;
    }

    /**
     * Sets the paths of programs. A request there is answered with 401 and never redirected to the
     * login page, even if it comes from a browser's address bar. Default: none.
     *
     * @param paths {@code /me} or {@code /api/*}, within the application
     * @throws IllegalArgumentException if one is neither
     */
    public Builder apiPaths(String... paths) {
      apiPaths = checked("apiPaths", paths);
      return this;
    }

    /**
     * Sets the login page. Its path is public, and so is the form's target if it is the same.
     * Default: none; every refused request gets 401.
     *
     * @param path such as {@code /login}, within the application, of letters, digits and {@code
     *     -._~/}
     * @throws IllegalArgumentException if it is not that
     */
    public Builder loginPage(String path) {
      PathPatterns.requirePlainPath("loginPage", path, path);
      if (!path.matches("[A-Za-z0-9._~/-]+")) {
        throw new IllegalArgumentException(
            "loginPage must consist of letters, digits and -._~/: " + path);
      }
      loginPage = path;
      return this;
    }

    /**
     * Sets how long ago the login may be. A user who logged in earlier has to log in again, so the
     * login page must offer that to logged-in users too. Default: none, as long as the session
     * lives.
     *
     * @throws IllegalArgumentException if it is not positive
     */
    public Builder maximumAge(Duration age) {
      if (age.isNegative() || age.isZero()) {
        throw new IllegalArgumentException("maximumAge must be positive: " + age);
      }
      maximumAge = age;
      return this;
    }

    /**
     * Makes the filter.
     *
     * @throws IllegalArgumentException if there are both public and protected paths: the treatment
     *     of all other paths would be a guess
     */
    public RequireLogin build() {
      if (protectedPaths != null && !publicPaths.isEmpty()) {
        throw new IllegalArgumentException(
            "publicPaths and protectedPaths must not both be set: "
                + publicPaths
                + ", "
                + protectedPaths);
      }
      return new RequireLogin(this);
    }

    private static List<String> checked(String setting, String... paths) {
      List<String> patterns = List.of(paths);
      PathPatterns.of(setting, patterns);
      return patterns;
    }
  }
}

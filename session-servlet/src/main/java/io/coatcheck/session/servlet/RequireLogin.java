package io.coatcheck.session.servlet;

import io.coatcheck.session.store.SessionStoreException;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Lets nobody through who is not logged in. Mapped behind {@link SessionFilter}; it protects every
 * path but the {@linkplain Builder#publicPaths public} ones, or only the {@linkplain
 * Builder#protectedPaths protected} ones.
 *
 * <p>Who is refused and is a person with a browser is sent to the {@linkplain Builder#loginPage
 * login page} (303), with {@code ?next=} to come back from it: see {@link #next}. A request is a
 * person's if {@code Sec-Fetch-Mode} says {@code navigate}; in browsers that do not send it, if it
 * accepts {@code text/html} and is no {@code XMLHttpRequest}. All others, and all where there is no
 * login page, get a 401 with a short JSON or, if they accept only that, plain text. Its challenge
 * is {@code WWW-Authenticate: Session}, a scheme that no browser asks for a password.
 *
 * <p>Answers to those who are let through are {@code Cache-Control: no-store}, so that the back
 * button shows nothing after a logout; a page can set another value. A {@code reset()} of the
 * response leaves it.
 *
 * <p>Paths are compared decoded, in the letters of every script, and a URI that could mean
 * something else to the program that reads it next (with {@code ;}, {@code //}, dot segments,
 * encoded slashes or dots, or bytes that are no UTF-8) is never public and always protected. Map it
 * for requests; forwards are the application's own, except to a protected welcome file of a
 * directory, which needs a login as well. Mapped for {@code FORWARD} too, it looks at all of them.
 *
 * <p>A CORS preflight carries no cookie. It is passed on without a login, and its answer loses its
 * body.
 *
 * <p>It asks who is logged in, and nothing about roles. Thread-safe; blocks as long as the
 * session's store does.
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
   * Returns where to go after a login: the page that the parameter {@code next} of the request
   * names, if it is a path of this origin, and {@code otherwise} if not. What it returns can be
   * given to {@code sendRedirect}: it has no scheme, no host, no control characters and nothing
   * that a browser could read as one of these. It includes the context path, and a query if there
   * was one.
   *
   * @param request that of the login form, which carries the parameter along in a hidden field
   * @param otherwise trusted, and returned as it is
   */
  public static String next(HttpServletRequest request, String otherwise) {
    return ReturnPath.from(request).orElse(otherwise);
  }

  /**
   * Lets the request through or answers it.
   *
   * @throws IllegalStateException if there is no {@link SessionFilter} in front
   * @throws SessionStoreException if the store cannot tell who is logged in; {@link SessionFilter}
   *     answers 503
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
      WebSession.of(http).keepOutOfCaches();
      Preflight.pass(http, answer, chain);
    } else if (admits(http, answer)) {
      chain.doFilter(request, response);
    }
  }

  /** A directory may be answered by a file in it that is protected. */
  private void watchForwards(HttpServletRequest request) {
    if (request.getAttribute(SessionFilter.CURRENT) instanceof SessionExchange exchange) {
      exchange.watchForwards(this);
    }
  }

  /** Answers the request if it is not to be let through. */
  private boolean admits(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    WebSession session = WebSession.of(request);
    session.keepOutOfCaches();
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
   * Answers a forward, of a request that was let through as it was not protected, if it goes to a
   * protected welcome file of the directory that was requested. Some containers, such as Tomcat,
   * choose the welcome file before the filters; others, such as Jetty, forward to it.
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
    return directory.endsWith("/")
        && path.startsWith(directory)
        && path.indexOf('/', directory.length()) < 0;
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
      // Not sendRedirect: a way to say 303 came with Servlet 6.1. Not the context path of the
      // request: that is cut out of the raw URI, which may begin with //another.host/.
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

  /** Only what can be asked for again can be come back to. */
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
     * Sets the paths that need no login; all others do. The login page needs none anyway. Default:
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
     * Sets the paths that need a login; no other one does. Prefer {@link #publicPaths}: a path that
     * is forgotten there is noticed. What a router or a file system may ignore makes no difference:
     * case, a final slash, and dots and spaces at the end of a segment. Default: all but the public
     * ones.
     *
     * @param paths {@code /account} or {@code /admin/*}, within the application
     * @throws IllegalArgumentException if one is neither
     */
    public Builder protectedPaths(String... paths) {
      protectedPaths = checked("protectedPaths", paths);
      return this;
    }

    /**
     * Sets the paths that are not for people: there a request is answered with 401 and never sent
     * to the login page, even if it comes from a browser's address bar. Default: none.
     *
     * @param paths {@code /me} or {@code /api/*}, within the application
     * @throws IllegalArgumentException if one is neither
     */
    public Builder apiPaths(String... paths) {
      apiPaths = checked("apiPaths", paths);
      return this;
    }

    /**
     * Sets where people log in; the path is public, and so is the form's target if it is the same.
     * Default: none, and everybody gets 401.
     *
     * @param path such as {@code /login}, within the application, in letters, digits and {@code
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
     * Sets how long ago the login may be; who logged in earlier has to do it again, which the login
     * page must offer to those who are logged in, too. Default: none, as long as the session lives.
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
     * @throws IllegalArgumentException if there are both public and protected paths: a path in
     *     neither would be a guess
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

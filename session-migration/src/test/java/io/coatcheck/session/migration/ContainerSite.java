package io.coatcheck.session.migration;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.servlet.SessionFilter;
import io.coatcheck.session.servlet.WebSession;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpFilter;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * An application that has moved from the container's sessions. What it was before is still at
 * {@code /old/…}, in front of all filters: {@code /old/login}, {@code /old/logout} and {@code
 * /old/user} know the container's session only.
 */
final class ContainerSite {

  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  private ContainerSite() {}

  /** What came back. */
  record Answer(int status, String body, List<String> cookies) {

    /** Returns the new value of a cookie, as {@code name=value}. */
    String cookie(String name) {
      return cookies.stream()
          .filter(set -> set.startsWith(name + "="))
          .map(set -> set.substring(0, set.indexOf(';') < 0 ? set.length() : set.indexOf(';')))
          .findFirst()
          .orElseThrow(() -> new AssertionError("no cookie " + name + " in " + cookies));
    }
  }

  static void install(ServletContext context, SessionManager manager, Filter bridge) {
    EnumSet<DispatcherType> requests = EnumSet.of(DispatcherType.REQUEST);
    context.addFilter("old", new Old()).addMappingForUrlPatterns(requests, false, "/old/*");
    context
        .addFilter("tracker", new Tracker())
        .addMappingForUrlPatterns(requests, false, "/tracked");
    SessionFilter.builder(manager).build().register(context);
    context.addFilter("bridge", bridge).addMappingForUrlPatterns(requests, true, "/*");
    context.addServlet("app", new App()).addMapping("/*");
  }

  static CompletableFuture<Answer> send(int port, String path, String cookies, String... headers) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://localhost:" + port + path));
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    if (!cookies.isEmpty()) {
      request.header("Cookie", cookies);
    }
    return CLIENT
        .sendAsync(request.build(), HttpResponse.BodyHandlers.ofString())
        .thenApply(
            response ->
                new Answer(
                    response.statusCode(),
                    response.body(),
                    response.headers().allValues("Set-Cookie")));
  }

  /** What the application was. */
  private static final class Old extends HttpFilter {

    private static final long serialVersionUID = 1L;

    @Override
    protected void doFilter(
        HttpServletRequest request, HttpServletResponse response, FilterChain chain)
        throws IOException {
      HttpSession session = request.getSession(request.getRequestURI().endsWith("/login"));
      if (session != null && request.getRequestURI().endsWith("/login")) {
        String user = request.getParameter("user");
        if (user != null) {
          session.setAttribute("user", user);
        }
        session.setAttribute("cart", "three apples");
        if (request.getParameter("unreadable") != null) {
          session.setAttribute("SPRING_SECURITY_CONTEXT", "of a class that is gone");
        }
      } else if (session != null && request.getRequestURI().endsWith("/logout")) {
        session.invalidate();
        session = null;
      }
      Object user = session == null ? null : session.getAttribute("user");
      response.getWriter().write(String.valueOf(user));
    }
  }

  /** A filter in front that still uses the container's sessions. */
  private static final class Tracker extends HttpFilter {

    private static final long serialVersionUID = 1L;

    @Override
    protected void doFilter(
        HttpServletRequest request, HttpServletResponse response, FilterChain chain)
        throws IOException, ServletException {
      request.getSession().setAttribute("tracked", true);
      chain.doFilter(request, response);
    }
  }

  /** What it is now. */
  private static final class App extends HttpServlet {

    private static final long serialVersionUID = 1L;

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response)
        throws IOException {
      WebSession session = WebSession.of(request);
      HttpSession ours = request.getSession(false);
      String answer =
          switch (request.getRequestURI()) {
            case "/logout" -> {
              session.logout();
              yield "bye";
            }
            case "/visit" -> {
              request.getSession().setAttribute("visited", true);
              yield "seen";
            }
            case "/cart" -> String.valueOf(ours == null ? null : ours.getAttribute("cart"));
            case "/secret" -> String.valueOf(ours == null ? null : ours.getAttribute("user"));
            case "/recent" -> String.valueOf(session.authenticatedWithin(Duration.ofMinutes(1)));
            default -> session.principal().orElse("anonymous");
          };
      response.getWriter().write(answer);
    }
  }
}

package io.coatcheck.session.migration;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.servlet.SessionFilter;
import io.coatcheck.session.servlet.SessionFilterBuilder;
import io.coatcheck.session.servlet.WebSession;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.FilterRegistration;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpFilter;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.apache.catalina.Context;
import org.apache.catalina.Wrapper;
import org.apache.catalina.startup.Tomcat;
import org.apache.tomcat.util.descriptor.web.ErrorPage;

/**
 * A node of a site on Tomcat, which answers with the principal, logs out on {@code /logout}, and
 * shows the session on {@code /cart}, {@code /recent} and {@code /names}.
 */
@SuppressWarnings("try") // Its close throws what Tomcat does, interrupts included.
final class Node implements AutoCloseable {

  private static final String RETURNED = "returned";
  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  private final Tomcat tomcat = new Tomcat();
  private final SessionManager manager;
  private final int port;

  Node(SessionManager manager, Filter bridge) throws Exception {
    this(manager, bridge, filter -> filter);
  }

  Node(SessionManager manager, Filter bridge, UnaryOperator<SessionFilterBuilder> settings)
      throws Exception {
    this.manager = manager;
    tomcat.setBaseDir(new File("target/tomcat").getAbsolutePath());
    tomcat.setPort(0);
    Context context = tomcat.addContext("", null);
    context.addServletContainerInitializer(
        (classes, servletContext) -> {
          addFilter(servletContext, "returns", new Returns());
          settings.apply(SessionFilter.builder(manager)).build().register(servletContext);
          addFilter(servletContext, "bridge", bridge);
        },
        null);
    Wrapper app = Tomcat.addServlet(context, "app", new App());
    app.setAsyncSupported(true);
    app.addMapping("/*");
    ErrorPage page = new ErrorPage();
    page.setErrorCode(418);
    page.setLocation("/logout");
    context.addErrorPage(page);
    tomcat.start();
    port = tomcat.getConnector().getLocalPort();
  }

  private static void addFilter(ServletContext context, String name, Filter filter) {
    FilterRegistration.Dynamic registration = context.addFilter(name, filter);
    registration.setAsyncSupported(true);
    registration.addMappingForUrlPatterns(EnumSet.of(DispatcherType.REQUEST), true, "/*");
  }

  /** Lets what a request began go on after all filters of the request have returned. */
  private static final class Returns extends HttpFilter {

    private static final long serialVersionUID = 1L;

    @Override
    protected void doFilter(
        HttpServletRequest request, HttpServletResponse response, FilterChain chain)
        throws IOException, ServletException {
      CountDownLatch returned = new CountDownLatch(1);
      request.setAttribute(RETURNED, returned);
      try {
        chain.doFilter(request, response);
      } finally {
        returned.countDown();
      }
    }
  }

  /** What came back. */
  record Answer(
      int status,
      String principal,
      Optional<String> result,
      Optional<String> cookie,
      List<String> cookies,
      List<String> varies,
      Optional<String> retryAfter,
      Optional<String> token) {}

  Answer get(String path, String... headers) throws Exception {
    return send(path, headers).get();
  }

  Answer post(String path, String form, String... headers) throws Exception {
    return send(request(path, headers)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(HttpRequest.BodyPublishers.ofString(form)))
        .get();
  }

  CompletableFuture<Answer> send(String path, String... headers) {
    return send(request(path, headers));
  }

  private HttpRequest.Builder request(String path, String... headers) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://localhost:" + port + path));
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    return request;
  }

  private static CompletableFuture<Answer> send(HttpRequest.Builder request) {
    return CLIENT
        .sendAsync(request.build(), HttpResponse.BodyHandlers.ofString())
        .thenApply(
            response ->
                new Answer(
                    response.statusCode(),
                    response.body(),
                    response.headers().firstValue(JwtExchange.RESULT_HEADER),
                    response
                        .headers()
                        .firstValue("Set-Cookie")
                        .map(cookie -> cookie.substring(0, cookie.indexOf(';'))),
                    response.headers().allValues("Set-Cookie"),
                    response.headers().allValues("Vary"),
                    response.headers().firstValue("Retry-After"),
                    response.headers().firstValue("Session-Token")));
  }

  SessionManager manager() {
    return manager;
  }

  @Override
  public void close() throws Exception {
    tomcat.stop();
    tomcat.destroy();
    manager.close();
  }

  private static final class App extends HttpServlet {

    private static final long serialVersionUID = 1L;

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response)
        throws IOException {
      WebSession session = WebSession.of(request);
      if (request.getDispatcherType() == DispatcherType.REQUEST && leaves(request, response)) {
        return;
      }
      if (request.getRequestURI().equals("/logout")) {
        session.logout();
      }
      if (request.getRequestURI().equals("/logout-fails")) {
        session.logout();
        throw new IOException("the client has gone");
      }
      if (request.getRequestURI().equals("/logout-late")) {
        response.flushBuffer();
        session.logout();
      }
      HttpSession ours = request.getSession(false);
      String answer =
          switch (request.getRequestURI()) {
            case "/cart" -> String.valueOf(ours == null ? null : ours.getAttribute("cart"));
            case "/recent" -> String.valueOf(session.authenticatedWithin(Duration.ofMinutes(1)));
            case "/names" ->
                ours == null
                    ? ""
                    : String.join(" ", new TreeSet<>(Collections.list(ours.getAttributeNames())));
            default -> session.principal().orElse("anonymous");
          };
      response.getWriter().write(answer);
    }

    /** Logs out after the filters of the request have returned, as the path says. */
    private static boolean leaves(HttpServletRequest request, HttpServletResponse response)
        throws IOException {
      switch (request.getRequestURI()) {
        case "/logout-by-dispatch" -> request.startAsync().dispatch("/logout");
        case "/logout-by-error-page" -> response.sendError(418);
        case "/logout-by-thread" -> logOutOnAnotherThread(request);
        default -> {
          return false;
        }
      }
      return true;
    }

    private static void logOutOnAnotherThread(HttpServletRequest request) {
      CountDownLatch returned = (CountDownLatch) request.getAttribute(RETURNED);
      AsyncContext async = request.startAsync();
      async.start(
          () -> {
            try {
              if (returned.await(60, TimeUnit.SECONDS)) {
                WebSession.of(request).logout();
              }
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            } finally {
              async.complete();
            }
          });
    }
  }
}

package io.coatcheck.session.migration;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.servlet.SessionFilter;
import io.coatcheck.session.servlet.WebSession;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
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
import org.apache.catalina.Context;
import org.apache.catalina.startup.Tomcat;

/**
 * A node of a site on Tomcat, which answers with the principal, logs out on {@code /logout}, and
 * shows the session on {@code /cart}, {@code /recent} and {@code /names}.
 */
@SuppressWarnings("try") // Its close throws what Tomcat does, interrupts included.
final class Node implements AutoCloseable {

  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  private final Tomcat tomcat = new Tomcat();
  private final SessionManager manager;
  private final int port;

  Node(SessionManager manager, Filter bridge) throws Exception {
    this.manager = manager;
    tomcat.setBaseDir(new File("target/tomcat").getAbsolutePath());
    tomcat.setPort(0);
    Context context = tomcat.addContext("", null);
    context.addServletContainerInitializer(
        (classes, servletContext) -> {
          SessionFilter.builder(manager).build().register(servletContext);
          servletContext
              .addFilter("bridge", bridge)
              .addMappingForUrlPatterns(EnumSet.of(DispatcherType.REQUEST), true, "/*");
        },
        null);
    Tomcat.addServlet(context, "app", new App()).addMapping("/*");
    tomcat.start();
    port = tomcat.getConnector().getLocalPort();
  }

  /** What came back. */
  record Answer(
      int status,
      String principal,
      Optional<String> result,
      Optional<String> cookie,
      List<String> cookies) {}

  Answer get(String path, String... headers) throws Exception {
    return send(path, headers).get();
  }

  CompletableFuture<Answer> send(String path, String... headers) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://localhost:" + port + path));
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
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
                    response.headers().allValues("Set-Cookie")));
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
      if (request.getRequestURI().equals("/logout")) {
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
  }
}

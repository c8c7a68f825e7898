package io.coatcheck.session.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.servlet.SessionFilter;
import io.coatcheck.session.servlet.WebSession;
import io.coatcheck.session.store.SessionStore;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.catalina.Context;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.startup.Tomcat;
import org.apache.tomcat.util.descriptor.web.FilterDef;
import org.apache.tomcat.util.descriptor.web.FilterMap;

/** Applications in a real Tomcat with few threads, each with the filter and a store of its own. */
final class TestSite implements AutoCloseable {

  static final int THREADS = 8;

  private final HttpClient http = HttpClient.newHttpClient();
  private final Tomcat tomcat = new Tomcat();
  private final List<SessionManager> managers = new ArrayList<>();

  /** What the requests of a test do. */
  private static final class App extends HttpServlet {
    private static final long serialVersionUID = 1L;

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response)
        throws IOException {
      String[] path = request.getPathInfo().split("/", -1);
      switch (path[1]) {
        case "login" -> response.getWriter().print(WebSession.of(request).login(path[2]).name());
        case "logout" -> WebSession.of(request).logout();
        case "revoke" -> response.getWriter().print(WebSession.of(request).revoke(path[2]));
        case "set" -> request.getSession().setAttribute("value", path[2]);
        case "get" -> response.getWriter().print(request.getSession().getAttribute("value"));
        default -> response.getWriter().print(request.getRemoteUser());
      }
    }
  }

  /**
   * Starts the applications.
   *
   * @param base a folder for Tomcat
   * @param stores by the path of their application; each is closed with it
   */
  TestSite(Path base, Map<String, SessionStore> stores) throws LifecycleException {
    tomcat.setBaseDir(base.toString());
    tomcat.setHostname("127.0.0.1");
    tomcat.setPort(0);
    tomcat.getConnector().setProperty("address", "127.0.0.1");
    tomcat.getConnector().setProperty("maxThreads", String.valueOf(THREADS));
    stores.forEach((path, store) -> addApplication(path, base, store));
    tomcat.start();
  }

  private void addApplication(String path, Path base, SessionStore store) {
    SessionManager manager = SessionManager.builder(store).cleanUpInterval(Duration.ZERO).build();
    managers.add(manager);
    Context context = tomcat.addContext(path, base.toString());
    FilterDef filter = new FilterDef();
    filter.setFilterName("session");
    filter.setFilter(SessionFilter.builder(manager).build());
    context.addFilterDef(filter);
    FilterMap map = new FilterMap();
    map.setFilterName("session");
    map.addURLPattern("/*");
    context.addFilterMap(map);
    Tomcat.addServlet(context, "app", new App()).addMapping("/*");
  }

  /**
   * Sends a request.
   *
   * @param cookie empty for none
   */
  CompletableFuture<HttpResponse<String>> send(String path, String cookie) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + tomcat.getConnector().getLocalPort() + path))
            .timeout(Duration.ofSeconds(60));
    if (!cookie.isEmpty()) {
      request.header("Cookie", cookie);
    }
    return http.sendAsync(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  /** Logs a user in, and returns the cookie. */
  String login(String application, String user) {
    return awaitAnswer(application + "/login/" + user, "")
        .headers()
        .firstValue("Set-Cookie")
        .orElseThrow()
        .replaceAll(";.*", "");
  }

  /**
   * Sends a request, again while the answer is a 503: on a busy machine, the store may miss its
   * timeouts.
   */
  HttpResponse<String> awaitAnswer(String path, String cookie) {
    AtomicReference<HttpResponse<String>> answer = new AtomicReference<>();
    TestServer.await(
        "an answer to " + path,
        () -> {
          answer.set(send(path, cookie).join());
          return answer.get().statusCode() != 503;
        });
    assertThat(answer.get().statusCode()).isEqualTo(200);
    return answer.get();
  }

  @Override
  public void close() throws LifecycleException {
    tomcat.stop();
    tomcat.destroy();
    managers.forEach(SessionManager::close);
  }
}

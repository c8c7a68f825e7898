package io.coatcheck.session.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.servlet.SessionFilter;
import io.coatcheck.session.servlet.WebSession;
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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.catalina.Context;
import org.apache.catalina.startup.Tomcat;
import org.apache.tomcat.util.descriptor.web.FilterDef;
import org.apache.tomcat.util.descriptor.web.FilterMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A Redis that does not answer, behind the filter in Tomcat")
class RedisBehindFilterTest {

  private static final int THREADS = 8;

  /** Three waits for an answer, and the rest for a busy machine. */
  private static final Duration PATIENCE = Duration.ofSeconds(8);

  @TempDir private Path base;

  private final HttpClient http = HttpClient.newHttpClient();
  private final Tomcat tomcat = new Tomcat();
  private TestServer server;
  private CuttingProxy proxy;
  private RedisSessionStore store;
  private SessionManager manager;
  private String cookie = "";

  private static final class App extends HttpServlet {
    private static final long serialVersionUID = 1L;

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response)
        throws IOException {
      if (request.getPathInfo().equals("/login")) {
        response.getWriter().print(WebSession.of(request).login("alice").name());
      } else {
        response.getWriter().print(request.getRemoteUser());
      }
    }
  }

  @BeforeEach
  void start() throws Exception {
    server = new TestServer();
    proxy = new CuttingProxy(server.port);
    store =
        RedisSessionStore.builder(TestServer.uri("127.0.0.1", proxy.port()))
            .commandTimeout(Duration.ofMillis(500))
            .clientResources(TestServer.RESOURCES)
            .build();
    manager = SessionManager.builder(store).cleanUpInterval(Duration.ZERO).build();
    tomcat.setBaseDir(base.toString());
    tomcat.setHostname("127.0.0.1");
    tomcat.setPort(0);
    tomcat.getConnector().setProperty("address", "127.0.0.1");
    tomcat.getConnector().setProperty("maxThreads", String.valueOf(THREADS));
    Context context = tomcat.addContext("", base.toString());
    FilterDef filter = new FilterDef();
    filter.setFilterName("session");
    filter.setFilter(SessionFilter.builder(manager).build());
    context.addFilterDef(filter);
    FilterMap map = new FilterMap();
    map.setFilterName("session");
    map.addURLPattern("/*");
    context.addFilterMap(map);
    Tomcat.addServlet(context, "app", new App()).addMapping("/*");
    tomcat.start();
    HttpResponse<String> login = send("/login").join();
    assertThat(login.statusCode()).isEqualTo(200);
    cookie = login.headers().firstValue("Set-Cookie").orElseThrow().replaceAll(";.*", "");
    assertThat(send("/me").join().body()).isEqualTo("alice");
  }

  @AfterEach
  void stop() throws Exception {
    tomcat.stop();
    tomcat.destroy();
    manager.close();
    proxy.close();
    server.close();
  }

  private CompletableFuture<HttpResponse<String>> send(String path) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + tomcat.getConnector().getLocalPort() + path))
            .timeout(Duration.ofSeconds(60));
    if (!cookie.isEmpty()) {
      request.header("Cookie", cookie);
    }
    return http.sendAsync(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  @Test
  @DisplayName("I9: every request is answered by a 503 in time, at once later on, and it recovers")
  void hungServer() throws Exception {
    proxy.mode = CuttingProxy.Mode.HOLDING;
    long start = System.nanoTime();
    List<CompletableFuture<HttpResponse<String>>> requests = new ArrayList<>();
    for (int i = 0; i < 10 * THREADS; i++) {
      requests.add(send("/me"));
    }
    for (CompletableFuture<HttpResponse<String>> request : requests) {
      HttpResponse<String> answer = request.get(60, TimeUnit.SECONDS);
      assertThat(answer.statusCode()).isEqualTo(503);
      assertThat(answer.headers().firstValue("Retry-After")).isPresent();
      assertThat(answer.headers().firstValue("Set-Cookie")).isEmpty();
    }
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(PATIENCE);

    proxy.mode = CuttingProxy.Mode.PASSING;
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    HttpResponse<String> answer = send("/me").join();
    while (answer.statusCode() != 200) {
      assertThat(answer.statusCode()).isEqualTo(503);
      assertThat(System.nanoTime() - deadline).as("recovery").isNegative();
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
      answer = send("/me").join();
    }
    assertThat(answer.body()).isEqualTo("alice");
    assertThat(store.isFailingFast()).isFalse();
  }

  @Test
  @DisplayName("I9: a Redis that is away is a 503 at once, and the session is there afterwards")
  void serverAway() throws Exception {
    proxy.mode = CuttingProxy.Mode.CUTTING;
    assertThat(send("/me").join().statusCode()).isEqualTo(503);
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (send("/me").join().statusCode() != 200) {
      assertThat(System.nanoTime() - deadline).as("recovery").isNegative();
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
    }
    assertThat(send("/me").join().body()).isEqualTo("alice");
  }
}

package io.coatcheck.examples.deployment;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.DriverPropertyInfo;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.catalina.Context;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.startup.ContextConfig;
import org.apache.catalina.startup.Tomcat;
import org.apache.tomcat.util.descriptor.web.ErrorPage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the documents show to be copied works when it is deployed. */
class DeploymentTest {

  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  @TempDir private Path directory;

  /** A Tomcat with a web.xml, a page that fails, and an error page that keeps something. */
  private static final class Deployed implements AutoCloseable {

    private final Tomcat tomcat = new Tomcat();

    Deployed(Path directory, String webXml) throws IOException, LifecycleException {
      Path descriptor = directory.resolve("app/WEB-INF/web.xml");
      Files.createDirectories(descriptor.getParent());
      Files.writeString(descriptor, webXml);
      tomcat.setBaseDir(directory.resolve("tomcat").toString());
      tomcat.setPort(0);
      Context context = tomcat.addContext("", directory.resolve("app").toString());
      ContextConfig config = new ContextConfig();
      config.setDefaultWebXml(tomcat.noDefaultWebXmlPath());
      context.addLifecycleListener(config);
      Tomcat.addServlet(context, "fails", new Fails()).addMapping("/fails");
      Tomcat.addServlet(context, "keeps", new Keeps()).addMapping("/keeps");
      ErrorPage errorPage = new ErrorPage();
      errorPage.setErrorCode(500);
      errorPage.setLocation("/keeps");
      context.addErrorPage(errorPage);
      tomcat.start();
    }

    HttpResponse<String> get(String path) throws IOException, InterruptedException {
      URI uri = URI.create("http://localhost:" + tomcat.getConnector().getLocalPort() + path);
      return CLIENT.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString());
    }

    @Override
    public void close() throws LifecycleException {
      tomcat.stop();
      tomcat.destroy();
    }
  }

  private static final class Fails extends HttpServlet {
    private static final long serialVersionUID = 1L;

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response)
        throws IOException {
      response.sendError(500);
    }
  }

  private static final class Keeps extends HttpServlet {
    private static final long serialVersionUID = 1L;

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) {
      request.getSession().setAttribute("kept", "yes");
    }
  }

  private static String webXml(String name) throws IOException {
    try (InputStream in = DeploymentTest.class.getResourceAsStream("/deployment/" + name)) {
      return new String(in.readAllBytes(), UTF_8);
    }
  }

  private static String cookie(HttpResponse<String> response) {
    return response.headers().firstValue("Set-Cookie").orElse("none");
  }

  private static long sweepers() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.isAlive() && thread.getName().startsWith("coatcheck-sweeper-"))
        .count();
  }

  @Test
  void filter_servesPagesAndErrorPages_andEndsWithItsManager() throws Exception {
    long before = sweepers();
    try (Deployed site = new Deployed(directory, webXml("filter.xml"))) {
      assertThat(cookie(site.get("/keeps"))).startsWith("__Host-session=");
      assertThat(cookie(site.get("/fails"))).startsWith("__Host-session=");
      assertThat(sweepers()).isEqualTo(before + 1);
    }
    assertThat(sweepers()).isEqualTo(before);
  }

  @Test
  void filter_withoutError_leavesErrorPagesToTheContainer() throws Exception {
    String webXml = webXml("filter.xml").replace("<dispatcher>ERROR</dispatcher>", "");
    try (Deployed site = new Deployed(directory, webXml)) {
      assertThat(cookie(site.get("/keeps"))).startsWith("__Host-session=");
      assertThat(cookie(site.get("/fails"))).startsWith("JSESSIONID=");
    }
  }

  @Test
  void listener_protectsTheApplication_andClosesTheManager() throws Exception {
    long before = sweepers();
    try (Deployed site = new Deployed(directory, webXml("listener.xml"))) {
      assertThat(site.get("/keeps").statusCode()).isEqualTo(401);
      // The login page is public by itself; there is none here.
      assertThat(site.get("/login").statusCode()).isEqualTo(404);
      assertThat(sweepers()).isEqualTo(before + 1);
    }
    assertThat(sweepers()).isEqualTo(before);
  }

  @Test
  void pool_hasTheTimeouts() throws Exception {
    HikariConfig config = DatabaseSessions.config("db.example.com", "app", "app", "secret");
    Map<String, String> url =
        Arrays.stream(
                DriverManager.getDriver(config.getJdbcUrl())
                    .getPropertyInfo(config.getJdbcUrl(), null))
            .filter(property -> property.value != null)
            .collect(
                Collectors.toMap(
                    (DriverPropertyInfo property) -> property.name, property -> property.value));

    assertThat(config.getConnectionTimeout()).isEqualTo(2_000);
    assertThat(config.getValidationTimeout()).isEqualTo(1_000);
    assertThat(url)
        .containsEntry("connectTimeout", "2")
        .containsEntry("loginTimeout", "2")
        .containsEntry("socketTimeout", "10")
        .containsEntry("options", "-c client_connection_check_interval=1s");
  }
}

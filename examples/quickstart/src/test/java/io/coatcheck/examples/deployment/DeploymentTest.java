package io.coatcheck.examples.deployment;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariJNDIFactory;
import io.coatcheck.session.servlet.SessionFilter;
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
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.DriverPropertyInfo;
import java.sql.ResultSet;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.apache.catalina.Context;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.startup.ContextConfig;
import org.apache.catalina.startup.Tomcat;
import org.apache.tomcat.util.descriptor.web.ContextResource;
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
      this(directory, webXml, context -> {});
    }

    Deployed(Path directory, String webXml, Consumer<Context> settings)
        throws IOException, LifecycleException {
      Path descriptor = directory.resolve("app/WEB-INF/web.xml");
      Files.createDirectories(descriptor.getParent());
      Files.writeString(descriptor, webXml);
      tomcat.setBaseDir(directory.resolve("tomcat").toString());
      tomcat.setPort(0);
      tomcat.enableNaming();
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
      settings.accept(context);
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
  void subclass_keepsSessionsInTheDatabase_andEndsWithItsManager() throws Exception {
    String webXml =
        webXml("filter.xml")
            .replace(SessionFilter.class.getName(), ShopSessionFilter.class.getName());
    assertThat(webXml).contains(ShopSessionFilter.class.getName());
    String url = "jdbc:h2:mem:shop;DB_CLOSE_DELAY=-1";
    ContextResource pool = new ContextResource();
    pool.setName("jdbc/shop");
    pool.setType("javax.sql.DataSource");
    pool.setProperty("factory", HikariJNDIFactory.class.getName());
    pool.setProperty("jdbcUrl", url);
    pool.setCloseMethod("close");
    long before = sweepers();
    try (Deployed site =
            new Deployed(
                directory, webXml, context -> context.getNamingResources().addResource(pool));
        Connection database = DriverManager.getConnection(url)) {
      assertThat(cookie(site.get("/keeps"))).startsWith("__Host-session=");
      try (ResultSet rows =
          database.createStatement().executeQuery("SELECT count(*) FROM http_session")) {
        assertThat(rows.next()).isTrue();
        assertThat(rows.getInt(1)).isEqualTo(1);
      }
      assertThat(sweepers()).isEqualTo(before + 1);
    }
    assertThat(sweepers()).isEqualTo(before);
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

package io.coatcheck.session.migration;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.catalina.Context;
import org.apache.catalina.startup.Tomcat;
import org.eclipse.jetty.ee11.servlet.ServletContextHandler;
import org.eclipse.jetty.ee11.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.junit.jupiter.api.Test;

/** The form is read in Tomcat and in Jetty, of its length or in chunks, after other code or not. */
class LogoutFormTest {

  private static final String FORM = "logout_token=x.y.z";
  private static final String WAS_READ = "the body of the logout request was read before";

  /** Reads the body as its path says, then the form, and answers with the result. */
  private static final class Reading extends HttpServlet {

    private static final long serialVersionUID = 1L;

    @Override
    protected void doPost(HttpServletRequest request, HttpServletResponse response)
        throws IOException {
      switch (request.getRequestURI()) {
        case "/parameters" -> response.setHeader("X-Read", request.getParameter("logout_token"));
        case "/stream" -> response.setHeader("X-Read", text(request));
        case "/reader" -> response.setHeader("X-Read", request.getReader().readLine());
        default -> response.setHeader("X-Read", "nothing");
      }
      String result;
      try {
        result = LogoutForm.tokenIn(request).orElse("none");
      } catch (IllegalStateException e) {
        result = e.getMessage();
      }
      response.getWriter().write(result);
    }

    private static String text(HttpServletRequest request) throws IOException {
      return new String(request.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
    }
  }

  private static String post(int port, String path, String body, boolean isChunked)
      throws Exception {
    byte[] bytes = body.getBytes(StandardCharsets.US_ASCII);
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://localhost:" + port + path))
            .version(HttpClient.Version.HTTP_1_1)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(
                isChunked
                    ? HttpRequest.BodyPublishers.ofInputStream(
                        () -> new ByteArrayInputStream(bytes))
                    : HttpRequest.BodyPublishers.ofByteArray(bytes))
            .build();
    return RelyingParty.send(request).body();
  }

  private static void check(int port) throws Exception {
    for (boolean isChunked : new boolean[] {false, true}) {
      assertThat(post(port, "/", FORM, isChunked)).isEqualTo("x.y.z");
      assertThat(post(port, "/", "", isChunked)).isEqualTo("none");
      for (String path : List.of("/parameters", "/stream", "/reader")) {
        assertThat(post(port, path, FORM, isChunked))
            .as("%s, in chunks: %s", path, isChunked)
            .startsWith(WAS_READ);
      }
    }
  }

  @Test
  void body_thatWasReadBefore_isNoMissingToken_inTomcat() throws Exception {
    Tomcat tomcat = new Tomcat();
    tomcat.setBaseDir(new File("target/tomcat").getAbsolutePath());
    tomcat.setPort(0);
    Context context = tomcat.addContext("", null);
    Tomcat.addServlet(context, "reading", new Reading()).addMapping("/*");
    tomcat.start();
    try {
      check(tomcat.getConnector().getLocalPort());
    } finally {
      tomcat.stop();
      tomcat.destroy();
    }
  }

  @Test
  void body_thatWasReadBefore_isNoMissingToken_inJetty() throws Exception {
    Server server = new Server(0);
    ServletContextHandler context = new ServletContextHandler("/", false, false);
    context.addServlet(new ServletHolder(new Reading()), "/*");
    server.setHandler(context);
    server.start();
    try {
      check(((ServerConnector) server.getConnectors()[0]).getLocalPort());
    } finally {
      server.stop();
    }
  }
}

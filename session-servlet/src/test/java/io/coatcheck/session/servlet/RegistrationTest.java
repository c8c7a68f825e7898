package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.memory.InMemorySessionStore;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletContextEvent;
import jakarta.servlet.ServletContextListener;
import jakarta.servlet.ServletRegistration;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Set;
import org.apache.catalina.startup.Tomcat;
import org.eclipse.jetty.server.Server;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Filters that register themselves")
class RegistrationTest {

  @Test
  void onTomcat_serveAsynchronousRequests() throws Exception {
    Tomcat tomcat = new Tomcat();
    tomcat.setBaseDir("target/tomcat");
    tomcat.setPort(0);
    try (SessionManager manager = manager()) {
      tomcat
          .addContext("", null)
          .addServletContainerInitializer(
              (classes, context) -> register(manager, context), Set.of());
      tomcat.start();

      checkRequests(tomcat.getConnector().getLocalPort());
    } finally {
      tomcat.stop();
      tomcat.destroy();
    }
  }

  @Test
  void onJetty_serveAsynchronousRequests() throws Exception {
    try (SessionManager manager = manager()) {
      ServletContextListener listener =
          new ServletContextListener() {
            @Override
            public void contextInitialized(ServletContextEvent event) {
              register(manager, event.getServletContext());
            }
          };
      Server server =
          Container.isServlet61() ? JettyEe11.start(listener) : JettyEe10.start(listener);
      try {
        checkRequests(server.getURI().getPort());
      } finally {
        server.stop();
      }
    }
  }

  private static SessionManager manager() {
    return SessionManager.builder(InMemorySessionStore.builder().build()).build();
  }

  private static void register(SessionManager manager, ServletContext context) {
    SessionFilter.builder(manager).build().register(context);
    RequireLogin login = RequireLogin.builder().publicPaths("/public").build();
    login.register(context);
    assertThatThrownBy(() -> login.register(context))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("coatcheck-login");
    ServletRegistration.Dynamic servlet = context.addServlet("later", new AnswersLater());
    servlet.setAsyncSupported(true);
    servlet.addMapping("/");
  }

  private static void checkRequests(int port) throws IOException, InterruptedException {
    HttpResponse<String> open = get(port, "/public");
    assertThat(open.statusCode()).as(open.body()).isEqualTo(200);
    assertThat(open.body()).isEqualTo("later");
    assertThat(get(port, "/private").statusCode()).isEqualTo(401);
  }

  private static HttpResponse<String> get(int port, String path)
      throws IOException, InterruptedException {
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(URI.create("http://localhost:" + port + path)).build(),
            BodyHandlers.ofString());
  }

  private static final class AnswersLater extends HttpServlet {

    private static final long serialVersionUID = 1L;

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) {
      AsyncContext later = request.startAsync();
      later.start(
          () -> {
            try {
              later.getResponse().getWriter().print("later");
            } catch (IOException e) {
              throw new IllegalStateException(e);
            }
            later.complete();
          });
    }
  }
}

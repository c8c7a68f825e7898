package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.memory.InMemorySessionStore;
import jakarta.servlet.SessionCookieConfig;
import jakarta.servlet.SessionTrackingMode;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionAttributeListener;
import jakarta.servlet.http.HttpSessionBindingEvent;
import jakarta.servlet.http.HttpSessionEvent;
import jakarta.servlet.http.HttpSessionIdListener;
import jakarta.servlet.http.HttpSessionListener;
import java.io.File;
import java.io.IOException;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.catalina.Context;
import org.apache.catalina.startup.Tomcat;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** On Tomcat alone: each test deploys its own application. */
@DisplayName("Sentences of the Servlet API about what a deployment says of sessions")
class DeploymentSentencesTest {

  private static final List<String> HEARD = new CopyOnWriteArrayList<>();

  private final SessionManager manager =
      SessionManager.builder(InMemorySessionStore.builder().build())
          .cleanUpInterval(Duration.ZERO)
          .build();
  private final Tomcat tomcat = new Tomcat();
  private Context context;

  /** Shows what a deployment may have an effect on; ends the session on request. */
  private static final class Application extends HttpServlet {

    private static final long serialVersionUID = 1L;

    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response)
        throws IOException {
      HttpSession session = request.getSession();
      session.setAttribute("a", "1");
      SessionCookieConfig config = request.getServletContext().getSessionCookieConfig();
      response
          .getWriter()
          .print(
              session.getMaxInactiveInterval()
                  + " "
                  + response.encodeURL("/next")
                  + " "
                  + config.getName()
                  + " "
                  + config.getMaxAge());
      if (request.getParameter("end") != null) {
        request.changeSessionId();
        session.invalidate();
      }
    }
  }

  /** Says who it is, and what it hears. */
  abstract static class Named implements HttpSessionListener {

    @Override
    public void sessionCreated(HttpSessionEvent event) {
      HEARD.add(getClass().getSimpleName() + " created");
    }

    @Override
    public void sessionDestroyed(HttpSessionEvent event) {
      HEARD.add(getClass().getSimpleName() + " destroyed");
    }
  }

  /** For Tomcat to make. */
  public static final class First extends Named {}

  /** For Tomcat to make. */
  public static final class Second extends Named {}

  /** For Tomcat to make. */
  public static final class Third extends Named {}

  /** For Tomcat to make. */
  public static final class OfAttributesAndIds
      implements HttpSessionAttributeListener, HttpSessionIdListener {

    @Override
    public void attributeAdded(HttpSessionBindingEvent event) {
      HEARD.add("added " + event.getName());
    }

    @Override
    public void attributeRemoved(HttpSessionBindingEvent event) {
      HEARD.add("removed " + event.getName());
    }

    @Override
    public void sessionIdChanged(HttpSessionEvent event, String oldSessionId) {
      HEARD.add("id changed");
    }
  }

  @BeforeEach
  void deploy() {
    HEARD.clear();
    Logger.getLogger("org.apache").setLevel(Level.OFF);
    tomcat.setBaseDir(new File("target/tomcat-deployment").getAbsolutePath());
    tomcat.setPort(0);
    context = tomcat.addContext("", null);
    context.addServletContainerInitializer(
        (classes, begun) -> SessionFilter.builder(manager).build().register(begun), null);
    Tomcat.addServlet(context, "app", new Application()).addMapping("/*");
  }

  private Browser start() throws Exception {
    tomcat.start();
    return new Browser(tomcat.getConnector().getLocalPort());
  }

  @AfterEach
  void stop() throws Exception {
    tomcat.stop();
    tomcat.destroy();
    manager.close();
  }

  @Test
  @DisplayName(
      "SessionCookieConfig, setSessionTimeout and setSessionTrackingModes: the container keeps what"
          + " is set; our cookie, timeout and URLs are as they are without")
  void settingsOfTheContainersSessions_doNotChangeOurs() throws Exception {
    context.addServletContainerInitializer(
        (classes, begun) -> {
          SessionCookieConfig config = begun.getSessionCookieConfig();
          config.setName("SHOP");
          config.setDomain("example.com");
          config.setPath("/shop");
          config.setHttpOnly(false);
          config.setSecure(false);
          config.setMaxAge(3600);
          config.setAttribute("SameSite", "None");
          config.setAttribute("Partitioned", "true");
          begun.setSessionTimeout(1);
          begun.setSessionTrackingModes(EnumSet.of(SessionTrackingMode.URL));
        },
        null);
    Browser browser = start();

    Browser.Answer answer = browser.get("/");

    assertThat(answer.setCookie())
        .isEqualTo(
            "__Host-session=" + browser.token() + "; Path=/; Secure; HttpOnly; SameSite=Lax");
    assertThat(answer.body()).isEqualTo("900 /next SHOP 3600");
  }

  @Test
  @DisplayName(
      "Listeners that are declared in the deployment descriptor, annotated, or registered via one"
          + " of the addListener methods: created in the order of declaration, destroyed in the"
          + " reverse")
  void declaredListeners_areNotifiedInTheirOrder() throws Exception {
    // By name is how Tomcat is given what web.xml and @WebListener declare.
    context.addApplicationListener(First.class.getName());
    context.addApplicationListener(OfAttributesAndIds.class.getName());
    context.addApplicationListener(Second.class.getName());
    context.addServletContainerInitializer(
        (classes, begun) -> begun.addListener(Third.class), null);
    Browser browser = start();

    browser.get("/?end=");

    assertThat(HEARD)
        .containsExactly(
            "First created",
            "Second created",
            "Third created",
            "added a",
            "id changed",
            "Third destroyed",
            "Second destroyed",
            "First destroyed",
            "removed a");
  }
}

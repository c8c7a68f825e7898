package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.test.log.RecordedLog;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.File;
import java.io.IOException;
import java.util.logging.Level;
import org.apache.catalina.Context;
import org.apache.catalina.startup.Tomcat;
import org.apache.tomcat.util.descriptor.web.FilterDef;
import org.apache.tomcat.util.descriptor.web.FilterMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** On Tomcat alone: Jetty 12 dispatches to no other web application. */
@DisplayName("A dispatch to another web application of the same container")
class CrossContextTest {

  private final SessionManager here =
      SessionManager.builder(InMemorySessionStore.builder().build()).build();
  private final SessionManager there =
      SessionManager.builder(InMemorySessionStore.builder().build()).build();
  private final Tomcat tomcat = new Tomcat();
  private Browser browser;

  @BeforeEach
  void start() throws Exception {
    java.util.logging.Logger.getLogger("org.apache").setLevel(Level.OFF);
    tomcat.setBaseDir(new File("target/tomcat-cross-context").getAbsolutePath());
    tomcat.setPort(0);
    Context first = tomcat.addContext("", null);
    first.setCrossContext(true);
    filter(first, SessionFilter.builder(here).build());
    servlet(first, new Dispatching());
    servlet(tomcat.addContext("/plain", null), new Showing());
    Context other = tomcat.addContext("/other", null);
    filter(
        other,
        SessionFilter.builder(there)
            .cookie(SessionCookie.builder().name("__Host-other").build())
            .build());
    servlet(other, new Showing());
    Context same = tomcat.addContext("/same", null);
    filter(same, SessionFilter.builder(there).build());
    servlet(same, new Showing());
    tomcat.start();
    browser = new Browser(tomcat.getConnector().getLocalPort());
  }

  @AfterEach
  void stop() throws Exception {
    tomcat.stop();
    tomcat.destroy();
    here.close();
    there.close();
  }

  private static void filter(Context context, SessionFilter filter) {
    FilterDef definition = new FilterDef();
    definition.setFilterName("sessions");
    definition.setFilter(filter);
    context.addFilterDef(definition);
    FilterMap mapping = new FilterMap();
    mapping.setFilterName("sessions");
    mapping.addURLPattern("/*");
    for (DispatcherType type : DispatcherType.values()) {
      mapping.setDispatcher(type.name());
    }
    context.addFilterMap(mapping);
  }

  private static void servlet(Context context, HttpServlet servlet) {
    Tomcat.addServlet(context, "app", servlet).addMapping("/*");
  }

  /** Puts something into its session, and dispatches as a parameter says. */
  private static final class Dispatching extends HttpServlet {

    private static final long serialVersionUID = 1L;

    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response)
        throws ServletException, IOException {
      request.getSession().setAttribute("app", "first");
      RequestDispatcher dispatcher =
          getServletContext().getContext(request.getParameter("to")).getRequestDispatcher("/show");
      if (request.getParameter("include") == null) {
        dispatcher.forward(request, response);
      } else {
        dispatcher.include(request, response);
      }
    }
  }

  /** Shows what is in the session, and counts in it. */
  private static final class Showing extends HttpServlet {

    private static final long serialVersionUID = 1L;

    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response)
        throws IOException {
      HttpSession session = request.getSession();
      Object count = session.getAttribute("count");
      int next = count == null ? 1 : (Integer) count + 1;
      session.setAttribute("count", next);
      response.getWriter().print(session.getAttribute("app") + " " + next);
    }
  }

  @Test
  @DisplayName("where it has no filter, the other application sees the first one's session")
  void applicationWithoutAFilter_seesTheSession() {
    assertThat(browser.get("/?to=/plain").body()).isEqualTo("first 1");
    assertThat(browser.get("/?to=/plain").body()).isEqualTo("first 2");
    assertThat(browser.get("/?to=/plain&include=").body()).isEqualTo("first 3");
    assertThat(browser.cookie("JSESSIONID")).isNull();
  }

  @Test
  @DisplayName("with its own filter, the other application has its own session")
  void applicationWithAFilter_hasItsOwnSession() {
    assertThat(browser.get("/?to=/other").body()).isEqualTo("null 1");
    assertThat(browser.get("/?to=/other").body()).isEqualTo("null 2");
    assertThat(browser.get("/other/show").body()).isEqualTo("null 3");
    assertThat(browser.token()).isNotNull();
    assertThat(browser.cookie("__Host-other")).isNotNull().isNotEqualTo(browser.token());
  }

  @Test
  void include_inAnApplicationWithAFilter_hasItsOwnSession() {
    browser.get("/other/show");

    assertThat(browser.get("/?to=/other&include=").body()).isEqualTo("null 2");
    assertThat(browser.get("/?to=/plain").body()).as("the first is as it was").isEqualTo("first 1");
  }

  @Test
  @DisplayName(
      "two filters of one cookie name: one cookie is sent, and the log names the filter whose cookie is not")
  void applicationWithTheSameCookieName_isNotBlamed() {
    RecordedLog log = RecordedLog.of(SessionFilter.class);
    try (log) {
      Browser.Answer answer = browser.get("/?to=/same");

      assertThat(answer.body()).isEqualTo("null 1");
      assertThat(answer.setCookies()).hasSize(1);
      assertThat(browser.get("/?to=/plain").body()).as("the first one's").isEqualTo("first 1");
    }
    assertThat(log.lines())
        .noneMatch(line -> line.contains("The application sets"))
        .filteredOn(line -> line.contains("two session filters"))
        .hasSize(1)
        .allMatch(line -> line.contains("__Host-session"));
  }
}

package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;

import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.test.log.RecordedLog;
import jakarta.servlet.ServletContext;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.catalina.startup.Tomcat;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("B03, C7: two applications of one host that use one cookie name are warned")
class SharedNameTest {

  private static final AtomicInteger HOSTS = new AtomicInteger();

  @AutoClose private final RecordedLog log = RecordedLog.of(SessionFilter.class);

  @Nested
  @DisplayName("at startup, in one process")
  class AtStartUp {

    private final List<SessionManager> managers = new ArrayList<>();

    private SessionManager manager() {
      SessionManager manager =
          SessionManager.builder(InMemorySessionStore.builder().build()).build();
      managers.add(manager);
      return manager;
    }

    private List<String> started(
        SessionFilter first, String one, SessionFilter second, String other) throws Exception {
      Tomcat tomcat = new Tomcat();
      tomcat.setBaseDir("target/tomcat");
      tomcat.setPort(0);
      // Of its own, since filters that other tests have begun and not ended are still there.
      tomcat.setHostname("host" + HOSTS.incrementAndGet() + ".test");
      try {
        add(tomcat, one, "one", first);
        add(tomcat, other, "two", second);
        tomcat.start();
      } finally {
        tomcat.stop();
        tomcat.destroy();
        managers.forEach(SessionManager::close);
      }
      return log.linesBeginning("Two session filters");
    }

    private static void add(Tomcat tomcat, String path, String name, SessionFilter filter) {
      org.apache.catalina.Context context =
          (org.apache.catalina.Context) tomcat.getHost().findChild(path);
      if (context == null) {
        context = tomcat.addContext(path, null);
      }
      context.addServletContainerInitializer(
          (classes, begun) -> {
            var registration = begun.addFilter(name, filter);
            registration.addMappingForUrlPatterns(null, false, "/" + name + "/*");
          },
          null);
    }

    private SessionFilter filter(SessionManager manager, String name, String path) {
      return SessionFilter.builder(manager)
          .cookie(SessionCookie.builder().name(name).path(path).build())
          .build();
    }

    @ParameterizedTest
    @CsvSource({
      "/shop, __Host-session, /, /forum, __Host-session, /, true",
      "'', __Host-session, /, /forum, __Host-session, /, true",
      "'', SID, /, /forum, SID, /forum, true",
      "/a, SID, /a, /ab, SID, /ab, false",
      "/shop, SID, /shop, /forum, SID, /forum, false",
      "/shop, __Host-shop, /, /forum, __Host-forum, /, false",
    })
    void ofOneName_areNamed(
        String one,
        String oneName,
        String onePath,
        String other,
        String otherName,
        String otherPath,
        boolean isWarned)
        throws Exception {
      List<String> warned =
          started(
              filter(manager(), oneName, onePath),
              one,
              filter(manager(), otherName, otherPath),
              other);

      assertThat(warned).hasSize(isWarned ? 1 : 0);
      assertThat(warned)
          .allSatisfy(
              line ->
                  assertThat(line)
                      .contains(
                          "cookie " + oneName,
                          "\"" + one + "/\"",
                          "\"" + other + "/\"",
                          "cookieName"));
    }

    @Test
    @DisplayName("one application with two filters and a manager each")
    void inOneApplication_areNamed() throws Exception {
      SessionFilter first = SessionFilter.builder(manager()).build();
      SessionFilter second = SessionFilter.builder(manager()).build();
      assertThat(started(first, "", second, "")).hasSize(1);
    }

    @Test
    @DisplayName("filters of one manager share their sessions, and are meant to share the cookie")
    void ofOneManager_areNotNamed() throws Exception {
      SessionManager shared = manager();
      SessionFilter first = SessionFilter.builder(shared).build();
      SessionFilter second = SessionFilter.builder(shared).build();
      assertThat(started(first, "/shop", second, "/forum")).isEmpty();
    }

    @ParameterizedTest
    @DisplayName("on two hosts, if both cookies are of one domain")
    @CsvSource({
      "example.com, EXAMPLE.com, true",
      "example.com, example.org, false",
      "example.com, , false",
      ", , false",
    })
    void ofTwoHosts_areNamed(String oneDomain, String otherDomain, boolean isWarned) {
      SessionFilter first = SessionFilter.builder(manager()).build();
      SessionFilter second = SessionFilter.builder(manager()).build();
      try {
        CookiesInUse.add(first, managers.get(0), context("shop"), cookie(oneDomain));
        CookiesInUse.add(second, managers.get(1), context("forum"), cookie(otherDomain));
      } finally {
        CookiesInUse.remove(first);
        CookiesInUse.remove(second);
        managers.forEach(SessionManager::close);
      }
      assertThat(log.linesBeginning("Two session filters")).hasSize(isWarned ? 1 : 0);
    }

    @Test
    @DisplayName("not if the context does not know its host, as a mock context of Spring's tests")
    void ofUnknownHost_isNotNamed() {
      SessionFilter first = SessionFilter.builder(manager()).build();
      SessionFilter second = SessionFilter.builder(manager()).build();
      try {
        CookiesInUse.add(first, managers.get(0), context("shop"), cookie(null));
        ServletContext unknown = context("forum");
        when(unknown.getVirtualServerName()).thenThrow(UnsupportedOperationException.class);
        CookiesInUse.add(second, managers.get(1), unknown, cookie(null));
      } finally {
        CookiesInUse.remove(first);
        CookiesInUse.remove(second);
        managers.forEach(SessionManager::close);
      }
      assertThat(log.linesBeginning("Two session filters")).isEmpty();
    }

    private static ServletContext context(String host) {
      ServletContext context = mock(ServletContext.class);
      when(context.getVirtualServerName()).thenReturn(host + HOSTS.incrementAndGet());
      when(context.getContextPath()).thenReturn("");
      return context;
    }

    private static SessionCookie cookie(String domain) {
      SessionCookie.Builder builder = SessionCookie.builder().name("SHARED_NAME");
      return domain == null ? builder.build() : builder.domain(domain).build();
    }

    @Test
    @DisplayName("one that has stopped is forgotten")
    void stopped_isForgotten() throws Exception {
      for (int i = 0; i < 2; i++) {
        SessionFilter first = SessionFilter.builder(manager()).build();
        SessionFilter second = filter(manager(), "__Host-other", "/");
        assertThat(started(first, "/shop" + i, second, "/forum" + i)).isEmpty();
      }
    }
  }

  @Nested
  @DisplayName("but tokens of sessions that have ended, or that are unknown, are not warned of")
  @ParameterizedClass(name = "{0}")
  @EnumSource(Container.class)
  class UnknownTokens {

    @Parameter Container container;

    @Test
    @DisplayName("since nothing shows which filter they belong to")
    void unknownTokens_areNotWarnedOf() {
      try (Site site =
              new Site(container)
                  .on("/page", (request, response) -> response.getWriter().print("page"));
          SessionManager vanished =
              SessionManager.builder(InMemorySessionStore.builder().build())
                  .clock(site.clock)
                  .build()) {
        site.filters(SessionFilter.builder(site.manager).build());
        site.clock.advance(Duration.ofSeconds(1));
        for (int i = 0; i < 5; i++) {
          Browser browser = site.browser();
          browser.get("/login");
          site.manager.revokeAllOf("alice");
          browser.get("/page");
          // As after a restart of a store in memory, or as of a session that another node ended.
          site.browser().token(tokenOf(vanished)).get("/page");
        }
      }
      assertThat(log.lines()).noneMatch(line -> line.contains("__Host-session"));
    }

    private static String tokenOf(SessionManager manager) {
      Session session = manager.adapter().create(manager.adapter().resolve(List.of()));
      session.keep();
      manager.save(session);
      return session.unsentToken().orElseThrow().value();
    }
  }
}

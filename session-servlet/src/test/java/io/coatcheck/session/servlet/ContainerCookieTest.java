package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.SessionPolicy;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.servlet.SessionCookie.SameSite;
import io.coatcheck.test.log.RecordedLog;
import jakarta.servlet.FilterConfig;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletException;
import jakarta.servlet.SessionCookieConfig;
import jakarta.servlet.SessionTrackingMode;
import java.time.Duration;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.apache.catalina.Context;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.startup.Tomcat;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("What an application sets of the container's session cookie and tracking")
class ContainerCookieTest {

  /** Starts an application that sets something, and looks at it before it stops. */
  private static List<String> ignored(Consumer<ServletContext> settings, SessionCookie cookie)
      throws LifecycleException {
    AtomicReference<List<String>> ignored = new AtomicReference<>();
    within(
        settings,
        started -> ignored.set(IgnoredContainerSettings.ignoredSettings(started, cookie)));
    return ignored.get();
  }

  private static void within(Consumer<ServletContext> settings, Consumer<ServletContext> look)
      throws LifecycleException {
    Tomcat tomcat = new Tomcat();
    tomcat.setBaseDir("target/tomcat");
    tomcat.setPort(0);
    Context context = tomcat.addContext("", null);
    context.addServletContainerInitializer((classes, begun) -> settings.accept(begun), null);
    try {
      tomcat.start();
      look.accept(context.getServletContext());
    } finally {
      tomcat.stop();
      tomcat.destroy();
    }
  }

  @Test
  @DisplayName("each setting that our cookie does not have is reported, whichever method made it")
  void settingsOfTheCookie_areReported() throws LifecycleException {
    assertThat(
            ignored(
                context -> {
                  SessionCookieConfig config = context.getSessionCookieConfig();
                  config.setName("SHOP");
                  config.setDomain("example.com");
                  config.setPath("/shop");
                  config.setMaxAge(3600);
                  config.setAttribute("SameSite", "None");
                  config.setAttribute("Partitioned", "true");
                },
                SessionCookie.defaults()))
        .containsExactly(
            "name=SHOP",
            "Domain=example.com",
            "Path=/shop",
            "Max-Age=3600",
            "SameSite=None",
            "partitioned=true");
  }

  @Test
  @DisplayName("what holds for our cookie as well is not reported")
  void settingsThatHold_areNotReported() throws LifecycleException {
    SessionCookie ours =
        SessionCookie.builder()
            .name("shop")
            .domain("example.com")
            .path("/shop")
            .sameSite(SameSite.STRICT)
            .build();
    assertThat(
            ignored(
                context -> {
                  SessionCookieConfig config = context.getSessionCookieConfig();
                  config.setName("shop");
                  config.setDomain("example.com");
                  config.setPath("/shop");
                  config.setHttpOnly(true);
                  config.setSecure(true);
                  config.setAttribute("samesite", "strict");
                },
                ours))
        .isEmpty();
  }

  @Test
  @DisplayName(
      "a container's cookie that is partitioned, as the session cookie is, is not reported")
  void partitioned_onBoth_isNotReported() throws LifecycleException {
    SessionCookie ours = SessionCookie.builder().sameSite(SameSite.NONE).partitioned(true).build();
    assertThat(
            ignored(
                context -> context.getSessionCookieConfig().setAttribute("Partitioned", "true"),
                ours))
        .isEmpty();
  }

  @Test
  @DisplayName("Secure is reported if the session cookie is the insecure one")
  void secure_withTheInsecureCookie_isReported() throws LifecycleException {
    assertThat(
            ignored(
                context -> context.getSessionCookieConfig().setSecure(true),
                SessionCookie.insecureForLocalDevelopment()))
        .containsExactly("Secure");
  }

  @Test
  @DisplayName("where we set no cookie, a name and a lifetime have no effect either")
  void withoutACookie_settingsAreReported() throws LifecycleException {
    assertThat(
            ignored(
                context -> {
                  context.getSessionCookieConfig().setName("SHOP");
                  context.getSessionCookieConfig().setAttribute("SameSite", "Lax");
                },
                null))
        .containsExactly("name=SHOP");
  }

  @Test
  @DisplayName(
      "tracking by URL is reported if it was configured, and not if it is the container's default")
  void trackingByUrl_isReported() throws LifecycleException {
    assertThat(
            ignored(
                context -> context.setSessionTrackingModes(EnumSet.of(SessionTrackingMode.URL)),
                SessionCookie.defaults()))
        .containsExactly("tracking-mode=URL");
    assertThat(
            ignored(
                context -> context.setSessionTrackingModes(Set.of(SessionTrackingMode.COOKIE)),
                SessionCookie.defaults()))
        .isEmpty();
  }

  @Test
  @DisplayName("setAttribute has the effect of the attribute's own setter, in any case of letters")
  void settingsBySetAttribute_areReported() throws LifecycleException {
    assertThat(
            ignored(
                context -> {
                  SessionCookieConfig config = context.getSessionCookieConfig();
                  config.setAttribute("domain", "example.com");
                  config.setAttribute("PATH", "/shop");
                  config.setAttribute("Max-Age", "3600");
                  config.setAttribute("Secure", "true");
                  config.setAttribute("HttpOnly", "true");
                  config.setAttribute("samesite", "Strict");
                  config.setAttribute("Priority", "High");
                },
                SessionCookie.insecureForLocalDevelopment()))
        .containsExactly(
            "Domain=example.com",
            "Path=/shop",
            "Max-Age=3600",
            "Secure",
            "SameSite=Strict",
            "priority=High");
  }

  @Test
  @DisplayName("a container that lists the usual name among the attributes changes nothing")
  void usualName_amongTheAttributes_isNotReported() throws LifecycleException {
    assertThat(
            ignored(
                context -> context.getSessionCookieConfig().setAttribute("name", "JSESSIONID"),
                SessionCookie.defaults()))
        .isEmpty();
  }

  @Test
  @DisplayName("tracking by SSL is reported; a Tomcat without TLS rejects that setting")
  void trackingBySsl_isReported() {
    ServletContext context = mock(ServletContext.class);
    when(context.getDefaultSessionTrackingModes())
        .thenReturn(EnumSet.of(SessionTrackingMode.COOKIE, SessionTrackingMode.URL));
    when(context.getEffectiveSessionTrackingModes())
        .thenReturn(EnumSet.of(SessionTrackingMode.SSL));

    assertThat(IgnoredContainerSettings.ignoredSettings(context, SessionCookie.defaults()))
        .containsExactly("tracking-mode=SSL");
  }

  @ParameterizedTest
  @EnumSource(Container.class)
  void defaults_ofEachContainer_areNotReported(Container container) {
    AtomicReference<List<String>> ignored = new AtomicReference<>();
    try (Site site = new Site(container)) {
      site.on(
          "/",
          (request, response) ->
              ignored.set(
                  IgnoredContainerSettings.ignoredSettings(
                      request.getServletContext(), SessionCookie.defaults())));
      site.browser().get("/");
    }

    assertThat(ignored.get()).isEmpty();
  }

  @Test
  @DisplayName("startup says so in one line, and no setting weakens our cookie")
  void startUp_warns() throws LifecycleException {
    try (RecordedLog log = RecordedLog.of(SessionFilter.class);
        SessionManager manager =
            SessionManager.builder(InMemorySessionStore.builder().build()).build()) {
      within(
          context -> {
            context.getSessionCookieConfig().setDomain("example.com");
            context.setSessionTrackingModes(EnumSet.of(SessionTrackingMode.URL));
          },
          context -> init(SessionFilter.builder(manager).build(), context));
      assertThat(log.lines()).hasSize(1);
      assertThat(log.lines().get(0))
          .contains("have no effect", "Domain=example.com", "tracking-mode=URL");

      within(context -> {}, context -> init(SessionFilter.builder(manager).build(), context));
      assertThat(log.lines()).hasSize(1);
    }
  }

  @ParameterizedTest
  @DisplayName(
      "a session timeout that differs from the policy is reported, and the usual one is not")
  @CsvSource({"120, 1", "30, 0", "45, 0", "0, 0", "-1, 0"})
  void sessionTimeout_isReported(int minutes, int warnings) throws LifecycleException {
    try (RecordedLog log = RecordedLog.of(SessionFilter.class);
        SessionManager manager =
            SessionManager.builder(InMemorySessionStore.builder().build())
                .policy(SessionPolicy.builder().idleTimeout(Duration.ofMinutes(45)).build())
                .build()) {
      within(
          context -> context.setSessionTimeout(minutes),
          context -> init(SessionFilter.builder(manager).build(), context));
      assertThat(log.lines()).hasSize(warnings);
      assertThat(log.lines())
          .allSatisfy(line -> assertThat(line).contains("session-timeout=120", "SessionPolicy"));
    }
  }

  @ParameterizedTest
  @DisplayName(
      "C7, B03: an application below a path is warned of the name that all of a host share")
  @CsvSource({"/shop, __Host-session, 1", "'', __Host-session, 0", "/shop, __Host-shop, 0"})
  void defaultName_belowAPath_isWarnedOf(String path, String name, int warnings) {
    ServletContext context = mock(ServletContext.class);
    when(context.getContextPath()).thenReturn(path);
    try (RecordedLog log = RecordedLog.of(SessionFilter.class)) {
      IgnoredContainerSettings.warnOfSharedName(
          context, SessionCookie.builder().name(name).build());
      IgnoredContainerSettings.warnOfSharedName(context, null);

      assertThat(log.lines()).hasSize(warnings);
      assertThat(log.lines())
          .allSatisfy(
              line ->
                  assertThat(line)
                      .contains(
                          "\"/shop\"", "which all applications of this host share", "cookieName"));
    }
  }

  @Test
  @DisplayName("C7: it is said once at the start of each, and of none at the root")
  void startUp_belowAPath_warnsOnce() throws LifecycleException {
    Tomcat tomcat = new Tomcat();
    tomcat.setBaseDir("target/tomcat");
    tomcat.setPort(0);
    try (RecordedLog log = RecordedLog.of(SessionFilter.class);
        SessionManager manager =
            SessionManager.builder(InMemorySessionStore.builder().build()).build()) {
      for (String path : List.of("", "/shop")) {
        tomcat
            .addContext(path, null)
            .addServletContainerInitializer(
                (classes, context) -> SessionFilter.builder(manager).build().register(context),
                null);
      }
      tomcat.start();

      assertThat(log.lines())
          .filteredOn(line -> line.contains("applications of this host"))
          .hasSize(1);
    } finally {
      tomcat.stop();
      tomcat.destroy();
    }
  }

  private static void init(SessionFilter filter, ServletContext context) {
    FilterConfig config = mock(FilterConfig.class);
    when(config.getServletContext()).thenReturn(context);
    when(config.getInitParameterNames()).thenReturn(Collections.emptyEnumeration());
    try {
      filter.init(config);
    } catch (ServletException e) {
      throw new IllegalStateException(e);
    }
  }
}

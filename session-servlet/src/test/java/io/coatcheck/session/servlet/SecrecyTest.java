package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.core.AppenderBase;
import io.coatcheck.session.event.AuditListener;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

@DisplayName("I1: the secret is in Set-Cookie and nowhere else")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class SecrecyTest {

  @Parameter Container container;

  private final Capture capture = new Capture();
  private final Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
  private final Logger ours = (Logger) LoggerFactory.getLogger("io.coatcheck");
  private Level rootLevel;

  private static final class Capture extends AppenderBase<ILoggingEvent> {

    private final List<String> lines = new CopyOnWriteArrayList<>();

    @Override
    protected void append(ILoggingEvent event) {
      lines.add(event.getFormattedMessage());
      for (IThrowableProxy cause = event.getThrowableProxy();
          cause != null;
          cause = cause.getCause()) {
        lines.add(String.valueOf(cause.getMessage()));
      }
    }
  }

  @BeforeEach
  void capture() {
    rootLevel = root.getLevel();
    root.setLevel(Level.INFO);
    ours.setLevel(Level.TRACE);
    capture.start();
    root.addAppender(capture);
  }

  @AfterEach
  void release() {
    root.detachAppender(capture);
    root.setLevel(rootLevel);
    ours.setLevel(null);
  }

  @Test
  void secrets_areInNoLogNoBodyAndNoOtherHeader() {
    List<String> secrets = new ArrayList<>();
    try (Site site =
        new Site(
            container,
            true,
            builder -> builder.listener(new AuditListener()),
            builder -> builder)) {
      site.on(
              "/everything",
              (request, response) -> {
                var session = request.getSession();
                session.setAttribute("a", "1");
                WebSession.of(request).login("alice");
                request.changeSessionId();
                var out = response.getWriter();
                out.println(session + " " + session.getId());
                out.println(request.getRequestedSessionId());
                out.println(WebSession.of(request).sessions());
                out.println(response.encodeURL("/x"));
                java.util.Collections.list(request.getAttributeNames())
                    .forEach(name -> out.println(name + "=" + request.getAttribute(name)));
              })
          .on(
              "/fail",
              (request, response) -> {
                request.getSession().setAttribute("b", "2");
                throw new IllegalStateException(String.valueOf(request.getSession()));
              })
          .on(
              Site.ERROR_PAGE,
              (request, response) ->
                  response
                      .getWriter()
                      .print(request.getAttribute("jakarta.servlet.error.exception")));
      Browser browser = site.browser();
      for (String path : List.of("/everything", "/everything", "/fail", "/fail")) {
        if (path.equals("/fail")) {
          site.store.fail("update");
        }
        check(browser.get(path), secrets, browser);
      }
      site.store.recover();
      String old = browser.token();
      check(browser.get("/everything"), secrets, browser);
      check(site.browser().token(old).get("/everything"), secrets, browser);
      check(browser.get("/logout"), secrets, browser);
      site.events.forEach(event -> capture.lines.add(event.toString()));
    }

    assertThat(secrets).hasSizeGreaterThan(3);
    assertThat(capture.lines).isNotEmpty();
    for (String secret : secrets) {
      assertThat(capture.lines).noneMatch(line -> line.contains(secret));
    }
  }

  private static void check(Browser.Answer answer, List<String> secrets, Browser browser) {
    if (browser.token() != null) {
      secrets.add(browser.token().substring(37));
    }
    answer.setCookies().stream()
        .filter(cookie -> cookie.startsWith(Browser.SESSION + "=") && !cookie.contains("Max-Age=0"))
        .forEach(
            cookie -> secrets.add(cookie.substring(cookie.indexOf('.') + 1, cookie.indexOf(';'))));
    StringBuilder elsewhere = new StringBuilder(answer.body());
    answer
        .response()
        .headers()
        .map()
        .forEach(
            (name, values) -> {
              if (!name.equalsIgnoreCase("Set-Cookie")) {
                elsewhere.append(name).append(values);
              }
            });
    for (String secret : secrets) {
      assertThat(elsewhere).doesNotContain(secret);
    }
  }
}

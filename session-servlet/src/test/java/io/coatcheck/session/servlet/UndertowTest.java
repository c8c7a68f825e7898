package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.undertow.servlet.Servlets;
import io.undertow.servlet.api.DeploymentInfo;
import io.undertow.servlet.api.ServletStackTraces;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("What is peculiar to Undertow")
class UndertowTest {

  /** The ways in which Undertow answers a failure of the application. */
  enum Answers {
    BARE {
      @Override
      DeploymentInfo of(DeploymentInfo deployment) {
        return deployment.setServletStackTraces(ServletStackTraces.NONE);
      }
    },
    STACK_TRACE {
      @Override
      DeploymentInfo of(DeploymentInfo deployment) {
        return deployment.setServletStackTraces(ServletStackTraces.ALL);
      }
    },
    ERROR_PAGE {
      @Override
      DeploymentInfo of(DeploymentInfo deployment) {
        return BARE.of(deployment).addErrorPage(Servlets.errorPage(Site.ERROR_PAGE));
      }
    },
    STACK_TRACE_BESIDE_AN_ERROR_PAGE {
      @Override
      DeploymentInfo of(DeploymentInfo deployment) {
        return STACK_TRACE.of(deployment).addErrorPage(Servlets.errorPage(Site.ERROR_PAGE));
      }
    },
    IGNORED_FLUSH {
      @Override
      DeploymentInfo of(DeploymentInfo deployment) {
        return ERROR_PAGE.of(deployment).setIgnoreFlush(true);
      }
    };

    private static final Map<Answers, Container.Running> RUNNING = new ConcurrentHashMap<>();

    abstract DeploymentInfo of(DeploymentInfo deployment);

    Site site() {
      return new Site(RUNNING.computeIfAbsent(this, answers -> UndertowServer.start(this::of)));
    }
  }

  private static AsyncListener onComplete(Consumer<AsyncEvent> does) {
    return new AsyncListener() {
      @Override
      public void onComplete(AsyncEvent event) {
        does.accept(event);
      }

      @Override
      public void onTimeout(AsyncEvent event) {}

      @Override
      public void onError(AsyncEvent event) {}

      @Override
      public void onStartAsync(AsyncEvent event) {}
    };
  }

  private static void completeOnAnotherThread(AsyncContext context) throws InterruptedException {
    Thread other = new Thread(context::complete);
    other.start();
    other.join();
  }

  @Test
  @DisplayName("a listener of the end uses the session, though another thread was faster")
  void completedBeforeTheDispatchReturned() {
    try (Site site = Answers.BARE.site()) {
      site.on(
          "/async",
          (request, response) -> {
            AsyncContext context = request.startAsync();
            context.addListener(
                onComplete(
                    event ->
                        ((HttpServletRequest) event.getSuppliedRequest())
                            .getSession()
                            .setAttribute("end", "1")));
            completeOnAnotherThread(context);
          });
      Browser browser = site.browser();
      browser.get("/begin");

      browser.get("/async");

      Await.until(
          () -> site.stored(browser.token()).attributes().keySet().equals(Set.of("a", "end")));
      assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("a", "end");
    }
  }

  @ParameterizedTest
  @EnumSource(Answers.class)
  @DisplayName("I10: a failure of the application does not lose the new secret")
  void failure_keepsTheCookie(Answers answers) {
    failure_keepsTheCookie(answers, "/failing");
  }

  @ParameterizedTest
  @EnumSource(Answers.class)
  @DisplayName("I10: nor does one in an asynchronous dispatch")
  void failureInADispatch_keepsTheCookie(Answers answers) {
    failure_keepsTheCookie(answers, "/async");
  }

  private static void failure_keepsTheCookie(Answers answers, String path) {
    try (Site site = answers.site()) {
      site.on(
              "/failing",
              (request, response) -> {
                request.changeSessionId();
                response.addHeader("Set-Cookie", "application=1");
                if (answers == Answers.IGNORED_FLUSH) {
                  response.flushBuffer();
                }
                throw new IllegalStateException("on purpose");
              })
          .on("/async", (request, response) -> request.startAsync().dispatch("/failing"));
      Browser browser = site.browser();
      browser.get("/login");
      String before = browser.token();

      Browser.Answer answer = browser.get(path);

      assertThat(answer.status()).isEqualTo(500);
      assertThat(answer.setCookies()).filteredOn(one -> one.startsWith(Browser.SESSION)).hasSize(1);
      assertThat(answer.header("Cache-Control")).isEqualTo("no-store");
      assertThat(browser.token()).isNotEqualTo(before);
      assertThat(browser.get("/me").body()).isEqualTo("alice");
    }
  }

  @ParameterizedTest
  @EnumSource(Answers.class)
  @DisplayName("I10: nor the new secrets of two filters")
  void failureBehindTwoFilters_keepsBothCookies(Answers answers) {
    try (Site other = answers.site();
        Site site = answers.site()) {
      site.filters(
          SessionFilter.builder(other.manager)
              .cookie(SessionCookie.builder().name("__Host-outer").build())
              .build(),
          (request, response, chain) -> {
            ((HttpServletRequest) request).getSession().setAttribute("outer", "1");
            chain.doFilter(request, response);
          },
          SessionFilter.builder(site.manager).build());
      site.on(
          "/failing",
          (request, response) -> {
            request.getSession().setAttribute("a", "1");
            if (answers == Answers.IGNORED_FLUSH) {
              response.flushBuffer();
            }
            throw new IllegalStateException("on purpose");
          });
      Browser browser = site.browser();

      Browser.Answer answer = browser.get("/failing");

      assertThat(answer.status()).isEqualTo(500);
      assertThat(answer.setCookies()).hasSize(2);
      assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("a");
      assertThat(other.stored(browser.cookie("__Host-outer")).attributes())
          .containsOnlyKeys("outer");
    }
  }

  @ParameterizedTest
  @CsvSource({"include, false", "include, true", "direct, false", "direct, true"})
  @DisplayName("I10: a session that begins after the whole declared content has its cookie")
  void sessionAfterTheContent(String how, boolean usesAddCookie) {
    try (Site site = Answers.BARE.site()) {
      site.on(
              "/part",
              (request, response) -> {
                if (how.equals("include")) {
                  // Ignored.
                  response.setContentLength(1000);
                }
                response.getOutputStream().write(new byte[4]);
                request.getSession().setAttribute("a", "1");
              })
          .on(
              "/page",
              (request, response) -> {
                for (String name : new String[] {"one", "two"}) {
                  if (usesAddCookie) {
                    response.addCookie(new Cookie(name, "1"));
                  } else {
                    response.addHeader("Set-Cookie", name + "=1");
                  }
                }
                response.setContentLength(4);
                if (how.equals("include")) {
                  request.getRequestDispatcher("/part").include(request, response);
                } else {
                  response.getOutputStream().write(new byte[4]);
                  request.getSession().setAttribute("a", "1");
                }
              });
      Browser browser = site.browser();

      Browser.Answer answer = browser.get("/page");

      assertThat(answer.setCookies()).hasSize(3);
      assertThat(browser.cookie("one")).isEqualTo("1");
      assertThat(browser.cookie("two")).isEqualTo("1");
      assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("a");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"a=\u00e9", "$Version=x; a=1"})
  @DisplayName("I14: Undertow itself refuses a cookie that it cannot parse, before any filter")
  void unparsableCookie_reachesNoFilter(String cookie) throws IOException {
    AtomicInteger calls = new AtomicInteger();
    try (Site site = Answers.BARE.site();
        RawClient client = new RawClient(site.port())) {
      site.filters((request, response, chain) -> calls.incrementAndGet());

      assertThat(client.get("/me", "Cookie: " + cookie)).startsWith("HTTP/1.1 500 ");

      assertThat(calls).hasValue(0);
      assertThat(client.get("/me", "Cookie: a=1")).startsWith("HTTP/1.1 200 ");
      assertThat(calls).hasValue(1);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"/logout", "/end"})
  @DisplayName("I2: the sockets of a user stay open at a logout, and can know it")
  void logout_leavesTheSocketsOpen(String path) throws InterruptedException {
    try (Site site = Answers.BARE.site()) {
      site.on("/end", (request, response) -> request.getSession().invalidate())
          .onMessage((session, message) -> "" + WebSession.of(session).isStillLive());
      Browser browser = site.browser();
      browser.get("/login");
      try (SocketClient socket =
          SocketClient.open(site.port(), "Cookie", Browser.SESSION + "=" + browser.token())) {
        assertThat(socket.ask("live")).isEqualTo("alice: true");

        browser.get(path);

        assertThat(socket.ask("live")).isEqualTo("alice: false");
      }
    }
  }
}

package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpSession;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("I3: what a thread of the application does to a session reaches no other client")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class ActingThreadTest {

  @Parameter Container container;

  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final AtomicReference<AsyncContext> stream = new AtomicReference<>();
  private Site site;
  private Browser browser;
  private Future<Browser.Answer> streamed;

  @BeforeEach
  void start() {
    site = new Site(container);
    browser = site.browser();
    browser.get("/begin");
  }

  @AfterEach
  void stop() {
    threads.shutdownNow();
    site.close();
  }

  /** Begins an asynchronous request of another client that holds the cookie too. */
  private void openStream() throws Exception {
    CountDownLatch open = new CountDownLatch(1);
    site.on(
        "/stream",
        (request, response) -> {
          request.getSession();
          AsyncContext context = request.startAsync();
          context.setTimeout(0);
          stream.set(context);
          open.countDown();
        });
    Browser thief = site.browser().token(browser.token());
    streamed = threads.submit(() -> thief.get("/stream"));
    assertThat(open.await(60, TimeUnit.SECONDS)).isTrue();
  }

  /** Ends it, and returns its answer. */
  private Browser.Answer closeStream() throws Exception {
    stream.get().complete();
    return streamed.get(60, TimeUnit.SECONDS);
  }

  private <T> T onThread(Callable<T> work) throws Exception {
    return threads.submit(work).get(60, TimeUnit.SECONDS);
  }

  private static void act(String what, WebSession session) {
    if (what.equals("login")) {
      session.login("alice");
    } else {
      assertThat(session.renew()).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"login", "renew"})
  @DisplayName("a new secret is sent to nobody where it is unknown for whom the thread acts")
  void severalRequests_areRefused(String what) throws Exception {
    String planted = browser.token();
    openStream();
    site.on(
        "/act",
        (request, response) -> {
          HttpSession session = request.getSession();
          onThread(
              () -> {
                assertThatThrownBy(() -> act(what, WebSession.of(session)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("WebSession.of(request)");
                return null;
              });
        });

    assertThat(browser.get("/act").status()).isEqualTo(200);

    assertThat(browser.token()).isEqualTo(planted);
    assertThat(closeStream().setCookies()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"login", "renew"})
  @DisplayName("it is sent to the client whose request the thread names")
  void request_isNamed(String what) throws Exception {
    String planted = browser.token();
    openStream();
    site.on(
        "/act",
        (request, response) -> {
          HttpServletRequest own = request;
          onThread(
              () -> {
                act(what, WebSession.of(own));
                return null;
              });
        });

    assertThat(browser.get("/act").status()).isEqualTo(200);

    assertThat(browser.token()).isNotEqualTo(planted);
    assertThat(closeStream().setCookies()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"login", "renew"})
  @DisplayName("the only request under way is that of the thread")
  void onlyRequest_isKnown(String what) throws Exception {
    String planted = browser.token();
    site.on(
        "/act",
        (request, response) -> {
          HttpSession session = request.getSession();
          onThread(
              () -> {
                act(what, WebSession.of(session));
                return null;
              });
        });

    assertThat(browser.get("/act").status()).isEqualTo(200);

    assertThat(browser.token()).isNotEqualTo(planted);
  }

  @Test
  @DisplayName("I5: a logout, or what is to be done before the commit, waits for no other request")
  void logout_isDoneAtOnce() throws Exception {
    String token = browser.token();
    openStream();
    AtomicInteger actions = new AtomicInteger();
    site.on(
        "/act",
        (request, response) -> {
          HttpSession session = request.getSession();
          onThread(
              () -> {
                WebSession own = WebSession.of(session);
                own.beforeCommit(actions::incrementAndGet);
                assertThat(actions).hasValue(1);
                own.logout();
                return null;
              });
        });

    assertThat(browser.get("/act").status()).isEqualTo(200);

    assertThat(site.stored(token)).isNull();
    closeStream();
    assertThat(actions).hasValue(1);
  }
}

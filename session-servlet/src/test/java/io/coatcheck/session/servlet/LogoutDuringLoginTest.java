package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.LoginResult;
import io.coatcheck.session.event.EndReason;
import io.coatcheck.session.event.SessionEvent;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("If a request logs in while another of its threads logs out, no session is lost")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class LogoutDuringLoginTest {

  @Parameter Container container;

  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final CountDownLatch isStoring = new CountDownLatch(1);
  private final CountDownLatch mayStore = new CountDownLatch(1);
  private final AtomicReference<Future<LoginResult>> login = new AtomicReference<>();
  private Site site;
  private Browser browser;

  @BeforeEach
  void start() {
    site = new Site(container);
    browser = site.browser();
    browser.get("/login");
  }

  @AfterEach
  void stop() {
    threads.shutdownNow();
    site.close();
  }

  /** Begins a login that waits before it stores anything. */
  private void beginLogin(WebSession session) {
    site.store.before(
        "update",
        () -> {
          isStoring.countDown();
          await(mayStore);
        });
    login.set(threads.submit(() -> session.login("alice")));
    await(isStoring);
  }

  private LoginResult finishLogin() {
    mayStore.countDown();
    try {
      return login.get().get(60, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private long left() {
    return site.manager.sessionsOf("alice").size();
  }

  @Test
  @DisplayName("the login is over before the client is made to forget its token")
  void loginEndsBeforeTheLogout() {
    AtomicReference<LoginResult> result = new AtomicReference<>();
    site.manager.addListener(
        event -> {
          if (event instanceof SessionEvent.Ended ended
              && ended.reason() == EndReason.LOGOUT
              && result.get() == null) {
            result.set(finishLogin());
          }
        });
    site.on(
        "/both",
        (request, response) -> {
          WebSession session = WebSession.of(request);
          beginLogin(session);
          session.logout();
        });

    browser.get("/both");

    assertThat(result).hasValue(LoginResult.LOGGED_IN);
    assertThat(browser.get("/me").body()).isEqualTo("nobody");
    assertThat(left()).isZero();
  }

  @Test
  @DisplayName("the logout is over before the login stores its session: that holds")
  void logoutEndsBeforeTheLogin() {
    AtomicReference<LoginResult> result = new AtomicReference<>();
    site.on(
        "/both",
        (request, response) -> {
          WebSession session = WebSession.of(request);
          beginLogin(session);
          session.logout();
          result.set(finishLogin());
        });

    browser.get("/both");

    assertThat(result).hasValue(LoginResult.LOGGED_IN);
    assertThat(browser.get("/me").body()).isEqualTo("alice");
    assertThat(left()).isOne();
  }
}

package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("F41: requests that continue asynchronously without a call of ours")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class AsyncBelowTest {

  private static final Duration LATE = Duration.ofSeconds(77);

  @Parameter Container container;

  @AutoClose private Site site;
  private Browser browser;

  /** The container's own request of the latest request. */
  private final AtomicReference<HttpServletRequest> containers = new AtomicReference<>();

  /** Open once the filter has returned from {@code /late}. */
  private final CountDownLatch lateReturned = new CountDownLatch(1);

  @BeforeEach
  void start() {
    site = new Site(container);
    browser = site.browser();
    SessionFilter filter = SessionFilter.builder(site.manager).build();
    site.filters(
        (request, response, chain) -> {
          if (request.getDispatcherType() == DispatcherType.REQUEST) {
            containers.set((HttpServletRequest) request);
          }
          boolean isEarly = request.getParameter("early") != null;
          AsyncContext context = isEarly ? request.startAsync() : null;
          try {
            chain.doFilter(request, response);
          } catch (IllegalArgumentException e) {
            assertThat(e).hasMessage("the application's");
          }
          if (context != null) {
            context.complete();
          }
          if (((HttpServletRequest) request).getRequestURI().equals("/late")) {
            lateReturned.countDown();
          }
        },
        filter);
  }

  private void assertBegun(Browser.Answer answer) {
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.setCookies()).hasSize(1);
    assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("a");
  }

  @Test
  @DisplayName("I10: a session has its cookie where an earlier filter began that")
  void earlierFilter_cookieIsSent() {
    assertBegun(browser.get("/begin?early"));
  }

  @Test
  @DisplayName(
      "I10: so has one of an application that fails, where that filter handles the failure")
  void earlierFilter_applicationFails_cookieIsSent() {
    site.on(
        "/fail",
        (request, response) -> {
          request.getSession().setAttribute("a", "1");
          throw new IllegalArgumentException("the application's");
        });

    assertBegun(browser.get("/fail?early"));
  }

  @Test
  @DisplayName("I9: a failed save is a 503 where an earlier filter began that")
  void earlierFilter_failureIsAnswered() {
    site.store.fail("insert");

    Browser.Answer answer = browser.get("/begin?early");

    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.setCookies()).isEmpty();
  }

  @Test
  @DisplayName("I10: a session has its cookie where the application uses the container's request")
  void containersRequest_cookieIsSent() {
    site.on("/", this::beginBelow);

    assertBegun(browser.get("/"));
  }

  private void beginBelow(HttpServletRequest request, HttpServletResponse response) {
    request.getSession().setAttribute("a", "1");
    containers.get().startAsync().complete();
  }

  @Test
  @DisplayName("I5: what is set after the filter has returned is saved, and the request then ends")
  void containersRequest_lateChangeIsSaved() throws Exception {
    assertLateChangeIsSaved("/late");
  }

  @Test
  @DisplayName("I5: so it is in a second cycle, after one that was begun by a call of ours")
  void containersRequest_secondCycle_lateChangeIsSaved() throws Exception {
    site.on("/again", (request, response) -> request.startAsync().dispatch("/late"));

    assertLateChangeIsSaved("/again");
  }

  @Test
  @DisplayName("I10: also in a second cycle to which a listener of the first adds itself")
  void containersRequest_secondCycle_stayingListener_cookieIsSent() {
    site.on(
        "/again",
        (request, response) -> {
          AsyncContext context = request.startAsync();
          context.addListener(new Staying());
          context.dispatch("/");
        });
    site.on("/", this::beginBelow);

    assertBegun(browser.get("/again"));
  }

  /** A listener of all cycles, as tracing libraries have. */
  private static final class Staying implements AsyncListener {

    @Override
    public void onStartAsync(AsyncEvent event) {
      event.getAsyncContext().addListener(this);
    }

    @Override
    public void onComplete(AsyncEvent event) {}

    @Override
    public void onTimeout(AsyncEvent event) {}

    @Override
    public void onError(AsyncEvent event) {}
  }

  private void assertLateChangeIsSaved(String path) throws Exception {
    AtomicReference<HttpSession> kept = new AtomicReference<>();
    site.on(
        "/late",
        (request, response) -> {
          HttpSession session = request.getSession();
          kept.set(session);
          AsyncContext context = containers.get().startAsync();
          new Thread(
                  () -> {
                    try {
                      assertThat(lateReturned.await(60, TimeUnit.SECONDS)).isTrue();
                      session.setMaxInactiveInterval((int) LATE.toSeconds());
                    } catch (InterruptedException e) {
                      Thread.currentThread().interrupt();
                    } finally {
                      context.complete();
                    }
                  })
              .start();
        });
    browser.get("/begin");

    assertThat(browser.get(path).status()).isEqualTo(200);

    Await.until(() -> site.stored(browser.token()).idleTimeout().equals(Optional.of(LATE)));
    assertThat(site.stored(browser.token()).idleTimeout()).contains(LATE);
    Await.until(() -> isOver(kept.get()));
    assertThat(isOver(kept.get())).isTrue();
  }

  private static boolean isOver(HttpSession session) {
    try {
      session.removeAttribute("a");
      return false;
    } catch (IllegalStateException e) {
      return e.getMessage().contains("the request has ended");
    }
  }
}

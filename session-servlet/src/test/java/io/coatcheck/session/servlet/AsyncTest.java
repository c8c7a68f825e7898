package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
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

@DisplayName("F41: requests that go on asynchronously")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class AsyncTest {

  /**
   * In milliseconds: long enough for the container's thread to return first. Jetty 12.1.14, with no
   * filter at all, never answers one in sixty requests whose timeout is 1 ms, and so ends while
   * that thread is on its way back.
   */
  private static final long TIMEOUT = 100;

  @Parameter Container container;

  @AutoClose private Site site;
  private Browser browser;

  @BeforeEach
  void start() {
    site = new Site(container);
    browser = site.browser();
  }

  private void startThread(Runnable work) {
    new Thread(work).start();
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Returns a latch that is open once the filter has returned. */
  private CountDownLatch filterReturned() {
    CountDownLatch filterReturned = new CountDownLatch(1);
    SessionFilter filter = SessionFilter.builder(site.manager).build();
    site.filters(
        (request, response, chain) -> {
          chain.doFilter(request, response);
          filterReturned.countDown();
        },
        filter);
    return filterReturned;
  }

  /** Asserts that the answer has the cookie of a session with these attributes. */
  private void assertBegun(Browser.Answer answer, String... attributes) {
    assertThat(answer.setCookies()).hasSize(1);
    assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys(attributes);
  }

  @Test
  @DisplayName(
      "I5: what another thread sets after the filter has returned is saved before complete")
  void complete_savesFirst() throws Exception {
    CountDownLatch filterReturned = filterReturned();
    site.on(
        "/",
        (request, response) -> {
          AsyncContext context = request.startAsync();
          startThread(
              () -> {
                awaitQuietly(filterReturned);
                request.getSession().setAttribute("late", "1");
                context.complete();
              });
        });

    Browser.Answer answer = browser.get("/");

    assertBegun(answer, "late");
  }

  @Test
  @DisplayName(
      "an exception of a dispatched servlet saves what was set, and the error page sees it")
  void exceptionInADispatch_savesWhatWasSet() {
    site.on(
        "/",
        (request, response) -> {
          request.getSession().setAttribute("before", "1");
          request.startAsync().dispatch("/failing");
        });
    site.on(
        "/failing",
        (request, response) -> {
          request.getSession().setAttribute("in-dispatch", "1");
          throw new IllegalStateException("on purpose");
        });
    site.on(
        Site.ERROR_PAGE,
        (request, response) ->
            response.getWriter().print(request.getSession(false).getAttribute("in-dispatch")));

    Browser.Answer answer = browser.get("/");

    assertThat(answer.status()).isEqualTo(500);
    assertThat(answer.body()).isEqualTo("1");
    assertBegun(answer, "before", "in-dispatch");
  }

  @Test
  @DisplayName("I10: what began before the time was out has its cookie, with the error page")
  void timeoutWithErrorPage_setsTheCookie() {
    site.on(
        "/",
        (request, response) -> {
          AsyncContext context = request.startAsync();
          context.setTimeout(TIMEOUT);
          request.getSession().setAttribute("before", "1");
        });
    site.on(
        Site.ERROR_PAGE,
        (request, response) ->
            response.getWriter().print(request.getSession(false).getAttribute("before")));

    Browser.Answer answer = browser.get("/");

    assertThat(answer.status()).isEqualTo(500);
    assertThat(answer.body()).isEqualTo("1");
    assertBegun(answer, "before");
  }

  @Test
  @DisplayName(
      "the context hands on our request and response, and listeners are handed our context")
  void context_isOurs() {
    site.on(
        "/",
        (request, response) -> {
          AsyncContext context = request.startAsync();
          context.addListener(
              new OnTimeout(
                  event -> {
                    HttpServletRequest supplied =
                        (HttpServletRequest) event.getAsyncContext().getRequest();
                    supplied.getSession().setAttribute("in-timeout", "1");
                    event.getAsyncContext().getResponse().getWriter().print("timed out");
                    event.getAsyncContext().complete();
                  }));
          context.setTimeout(TIMEOUT);
        });

    Browser.Answer answer = browser.get("/");

    assertThat(answer.body()).isEqualTo("timed out");
    assertBegun(answer, "in-timeout");
  }

  @Test
  void timeout_withoutAListener_savesAndShowsTheErrorPage() {
    browser.get("/begin");
    site.on(
            "/",
            (request, response) -> {
              request.getSession().setAttribute("b", "2");
              request.startAsync().setTimeout(TIMEOUT);
            })
        .on(
            Site.ERROR_PAGE,
            (request, response) ->
                response.getWriter().print("b=" + request.getSession().getAttribute("b")));

    Browser.Answer answer = browser.get("/");

    assertThat(answer.status()).isEqualTo(500);
    assertThat(answer.body()).isEqualTo("b=2");
    assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("a", "b");
  }

  @Test
  void dispatch_seesTheSameSession() {
    site.on(
            "/",
            (request, response) -> {
              HttpSession session = request.getSession();
              session.setAttribute("a", "1");
              request.setAttribute("session", session);
              AsyncContext context = request.startAsync();
              startThread(() -> context.dispatch("/second"));
            })
        .on(
            "/second",
            (request, response) -> {
              request.getSession().setAttribute("b", "2");
              response.getWriter().print(request.getSession() == request.getAttribute("session"));
            });

    Browser.Answer answer = browser.get("/");

    assertThat(answer.body()).isEqualTo("true");
    assertBegun(answer, "a", "b");
  }

  @Test
  @DisplayName("a dispatch with the container's own request and response is wrapped again")
  void dispatchOfRawRequest_isWrappedAgain() {
    SessionFilter filter = SessionFilter.builder(site.manager).build();
    HttpServletRequest[] raw = new HttpServletRequest[1];
    site.filters(
        (request, response, chain) -> {
          raw[0] = (HttpServletRequest) request;
          chain.doFilter(request, response);
        },
        filter);
    site.on(
            "/",
            (request, response) -> {
              request.getSession().setAttribute("a", "1");
              raw[0].startAsync().dispatch("/second");
            })
        .on(
            "/second",
            (request, response) -> {
              request.getSession().setAttribute("b", "2");
              WebSession.of(request).login("alice");
            });

    Browser.Answer answer = browser.get("/");

    assertBegun(answer, "a", "b");
    assertThat(site.stored(browser.token()).principal()).contains("alice");
  }

  @Test
  @DisplayName("F42: what is set after the response was committed is saved at the end of the cycle")
  void lateChange_isSavedAtTheEnd() throws Exception {
    browser.get("/begin");
    CountDownLatch completed = new CountDownLatch(1);
    site.on(
        "/",
        (request, response) -> {
          AsyncContext context = request.startAsync();
          context.addListener(new OnComplete(completed::countDown));
          startThread(
              () -> {
                try {
                  response.getWriter().print("early");
                  response.flushBuffer();
                } catch (IOException e) {
                  throw new IllegalStateException(e);
                }
                request.getSession().setAttribute("late", "1");
                context.complete();
              });
        });

    assertThat(browser.get("/").body()).isEqualTo("early");

    assertThat(completed.await(60, TimeUnit.SECONDS)).isTrue();
    assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("a", "late");
  }

  @Test
  @DisplayName("I9: a save that fails at complete is answered with 503")
  void failedSave_isAnswered() {
    site.store.fail("insert");
    site.on(
        "/",
        (request, response) -> {
          AsyncContext context = request.startAsync();
          startThread(
              () -> {
                try {
                  response.getWriter().print("done");
                  request.getSession().setAttribute("a", "1");
                  context.complete();
                } catch (IOException | RuntimeException e) {
                  // The application does not care.
                }
              });
        });

    Browser.Answer answer = browser.get("/");

    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.setCookies()).isEmpty();
  }

  @Test
  @DisplayName("I9: a save that fails at complete does no harm to the next request")
  void failedSaveAtComplete_concernsNoOtherRequest() {
    site.on(
        "/failing",
        (request, response) -> {
          AsyncContext context = request.startAsync();
          context.start(
              () -> {
                request.getSession().setAttribute("a", "1");
                context.complete();
              });
        });
    site.on("/plain", (request, response) -> response.getWriter().print("plain"));
    for (int i = 0; i < 20; i++) {
      site.store.fail("insert");

      assertThat(site.browser().get("/failing").status()).isEqualTo(503);
      // On the connection, and with the container's objects, of the one that failed.
      assertThat(site.browser().get("/plain").status()).isEqualTo(200);
    }
  }

  @Test
  @DisplayName("I9: a save that failed when the filter returned is answered with 503 at complete")
  void failedSaveOfTheFilter_isAnsweredAtComplete() {
    CountDownLatch filterReturned = filterReturned();
    site.on(
        "/",
        (request, response) -> {
          request.getSession().setAttribute("a", "1");
          AsyncContext context = request.startAsync();
          startThread(
              () -> {
                awaitQuietly(filterReturned);
                site.store.recover();
                try {
                  response.getWriter().print("done");
                  context.complete();
                } catch (IOException | RuntimeException e) {
                  // The application does not care.
                }
              });
        });
    site.store.fail("insert");

    Browser.Answer answer = browser.get("/");

    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.setCookies()).isEmpty();
  }

  @Test
  @DisplayName("F37: a response may commit while another thread changes the session")
  void concurrentChanges_doNoHarm() throws Exception {
    CountDownLatch done = new CountDownLatch(1);
    AtomicReference<IllegalStateException> refused = new AtomicReference<>();
    site.on(
        "/",
        (request, response) -> {
          HttpSession session = request.getSession();
          session.setAttribute("0", "0");
          Thread changes =
              new Thread(
                  () -> {
                    try {
                      for (int i = 0; i < 2_000; i++) {
                        session.setAttribute(Integer.toString(i % 10), Integer.toString(i));
                      }
                    } catch (IllegalStateException e) {
                      refused.set(e);
                    } finally {
                      done.countDown();
                    }
                  });
          changes.start();
          for (int i = 0; i < 50; i++) {
            response.getWriter().print("text");
            response.flushBuffer();
          }
          awaitQuietly(done);
        });

    assertThat(browser.get("/").status()).isEqualTo(200);
    assertThat(refused).as("a change refused, though the session was stored").hasNullValue();
    assertThat(site.stored(browser.token()).attributes()).hasSize(10);
  }

  private interface Event {
    void on(AsyncEvent event) throws IOException;
  }

  private record OnTimeout(Event action) implements AsyncListener {
    @Override
    public void onTimeout(AsyncEvent event) throws IOException {
      action.on(event);
    }

    @Override
    public void onComplete(AsyncEvent event) {}

    @Override
    public void onError(AsyncEvent event) {}

    @Override
    public void onStartAsync(AsyncEvent event) {}
  }

  private record OnComplete(Runnable action) implements AsyncListener {
    @Override
    public void onComplete(AsyncEvent event) {
      action.run();
    }

    @Override
    public void onTimeout(AsyncEvent event) {}

    @Override
    public void onError(AsyncEvent event) {}

    @Override
    public void onStartAsync(AsyncEvent event) {}
  }
}

package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpSession;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("A logout that was registered for the end of the request")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class BeforeCommitTest {

  @Parameter Container container;

  private final List<String> order = new CopyOnWriteArrayList<>();

  @AutoClose private Site site;
  private Browser browser;

  @BeforeEach
  void start() {
    site =
        new Site(container)
            .on("/login", (request, response) -> WebSession.of(request).login("ann"))
            .on(
                "/returning",
                (request, response) -> {
                  HttpSession session = request.getSession();
                  register(WebSession.of(request));
                  session.setAttribute("used", "still");
                  order.add("returned");
                })
            .on(
                "/flushing",
                (request, response) -> {
                  register(WebSession.of(request));
                  order.add("flushed");
                  response.flushBuffer();
                  order.add("returned");
                })
            .on(
                "/failing",
                (request, response) -> {
                  register(WebSession.of(request));
                  throw new IllegalStateException("an error of the application");
                })
            .on(
                "/async",
                (request, response) -> {
                  AsyncContext context = request.startAsync();
                  WebSession session = WebSession.of(request);
                  new Thread(
                          () -> {
                            register(session);
                            order.add("completed");
                            context.complete();
                          })
                      .start();
                });
    browser = site.browser();
    browser.get("/login");
  }

  private void register(WebSession session) {
    session.bridge().beforeCommit(() -> order.add("first"));
    session
        .bridge()
        .beforeCommit(
            () -> {
              order.add("second");
              session.logout();
            });
  }

  private void assertLoggedOut(Browser.Answer answer) {
    assertThat(site.manager.sessionsOf("ann")).isEmpty();
    assertThat(answer.setCookies()).singleElement().asString().contains("Max-Age=0");
  }

  @Test
  @DisplayName("is done when the application has returned")
  void returning() {
    Browser.Answer answer = browser.get("/returning");
    assertLoggedOut(answer);
    assertThat(order).containsExactly("returned", "first", "second");
  }

  @Test
  @DisplayName("is done before the response is committed, once")
  void flushing() {
    Browser.Answer answer = browser.get("/flushing");
    assertLoggedOut(answer);
    assertThat(order).startsWith("flushed", "first", "second").doesNotHaveDuplicates();
  }

  @Test
  @DisplayName("is done if the application fails")
  void failing() {
    assertThat(browser.get("/failing").status()).isEqualTo(500);
    assertThat(site.manager.sessionsOf("ann")).isEmpty();
    assertThat(order).containsExactly("first", "second");
  }

  @Test
  @DisplayName("does not hide the application's own failure if it fails too, nor prevent the save")
  void failingAfterAFailure() {
    IllegalStateException own = new IllegalStateException("an error of the application");
    RuntimeException second = new UnsupportedOperationException("an error of the action");
    AtomicReference<Throwable> seen = new AtomicReference<>();
    Filter first =
        (request, response, chain) -> {
          try {
            chain.doFilter(request, response);
          } catch (RuntimeException e) {
            seen.set(e);
            throw e;
          }
        };
    Filter failing =
        (request, response, chain) -> {
          HttpServletRequest known = (HttpServletRequest) request;
          known.getSession().setAttribute("used", "still");
          WebSession.of(known)
              .bridge()
              .beforeCommit(
                  () -> {
                    throw second;
                  });
          throw own;
        };
    site.filters(first, SessionFilter.builder(site.manager).build(), failing);

    assertThat(browser.get("/plain").status()).isEqualTo(500);

    assertThat(seen.get()).isSameAs(own).hasSuppressedException(second);
    assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("used");
  }

  @Test
  @DisplayName("is done when an asynchronous request is completed")
  void async() {
    assertLoggedOut(browser.get("/async"));
    assertThat(order).containsExactly("completed", "first", "second");
  }

  @Test
  @DisplayName("waits for the end of a second asynchronous cycle, whatever shows its context")
  void secondCycle() {
    CountDownLatch isReturned = new CountDownLatch(1);
    Filter first =
        (request, response, chain) -> {
          chain.doFilter(request, response);
          if (request.getDispatcherType() == DispatcherType.ASYNC) {
            order.add("returned");
            isReturned.countDown();
          }
        };
    site.filters(first, SessionFilter.builder(site.manager).build());
    site.on(
        "/twice",
        (request, response) -> {
          HttpServletRequest wrapped = new FreshContexts(request);
          wrapped.startAsync(wrapped, response).dispatch("/again");
        });
    site.on(
        "/again",
        (request, response) -> {
          AsyncContext context = request.startAsync(request, response);
          register(WebSession.of(request));
          context.start(
              () -> {
                Await.until(() -> isReturned.getCount() == 0);
                order.add("completed");
                context.complete();
              });
        });

    assertLoggedOut(browser.get("/twice"));

    assertThat(order).containsExactly("returned", "completed", "first", "second");
  }

  /** Shows another object for the same context at each call, as Spring Security's request does. */
  private static final class FreshContexts extends HttpServletRequestWrapper {

    FreshContexts(HttpServletRequest request) {
      super(request);
    }

    @Override
    public AsyncContext getAsyncContext() {
      AsyncContext context = super.getAsyncContext();
      return (AsyncContext)
          Proxy.newProxyInstance(
              FreshContexts.class.getClassLoader(),
              new Class<?>[] {AsyncContext.class},
              (proxy, method, arguments) -> method.invoke(context, arguments));
    }
  }

  @Test
  @DisplayName("is done if it is registered during the last save")
  void duringTheLastSave() {
    site.on("/saving", (request, response) -> registerInSave(request));
    assertLoggedOut(browser.get("/saving"));
    assertThat(order).containsExactly("first", "second");
  }

  @Test
  @DisplayName("is done if it is registered during the last save of a request that fails")
  void duringTheLastSaveOfAFailure() {
    site.on(
        "/saving",
        (request, response) -> {
          registerInSave(request);
          throw new IllegalStateException("an error of the application");
        });
    assertThat(browser.get("/saving").status()).isEqualTo(500);
    assertThat(site.manager.sessionsOf("ann")).isEmpty();
    assertThat(order).containsExactly("first", "second");
  }

  /** As another thread does that changes the session while this request is being saved. */
  private void registerInSave(HttpServletRequest request) {
    WebSession session = WebSession.of(request);
    AtomicBoolean isRegistered = new AtomicBoolean();
    site.store.before(
        "update",
        () -> {
          if (isRegistered.compareAndSet(false, true)) {
            register(session);
          }
        });
    request.getSession().setMaxInactiveInterval(77);
  }

  @Test
  @DisplayName("is not reported as done if the store fails")
  void outage() {
    site.on(
        "/outage",
        (request, response) -> {
          register(WebSession.of(request));
          site.store.failAll();
        });
    assertThat(browser.get("/outage").status()).isEqualTo(503);
    site.store.recover();
    assertThat(site.manager.sessionsOf("ann")).hasSize(1);
  }

  /** Completes on a thread of the container, which handles what the task throws. */
  private void onFailingAction(Runnable failure) {
    site.on(
        "/failing-action",
        (request, response) -> {
          AsyncContext context = request.startAsync();
          context.start(
              () -> {
                HttpSession session = request.getSession();
                WebSession.of(request)
                    .bridge()
                    .beforeCommit(
                        () -> {
                          order.add("failed");
                          session.setAttribute("a", "kept");
                          failure.run();
                        });
                context.complete();
              });
        });
    site.on("/plain", (request, response) -> response.getWriter().print("plain"));
  }

  @Test
  @DisplayName("does no harm to the next request if it fails when a request is completed")
  void failingAtComplete_concernsNoOtherRequest() {
    onFailingAction(
        () -> {
          throw new IllegalStateException("an error of the application");
        });
    assertNextRequestIsUnharmed();
  }

  @Test
  @DisplayName("does no harm to the next request if it fails with an Error")
  void failingWithAnErrorAtComplete_concernsNoOtherRequest() {
    onFailingAction(
        () -> {
          throw new AssertionError("an error of the application");
        });
    assertNextRequestIsUnharmed();
  }

  /** The next request has the connection, and the container's objects, of the one that failed. */
  private void assertNextRequestIsUnharmed() {
    for (int i = 0; i < 20; i++) {
      int status = browser.get("/failing-action").status();
      assertThat(browser.get("/plain").status()).isEqualTo(200);
      assertThat(status).isEqualTo(500);
    }
    assertThat(order).hasSize(20);
  }

  @Test
  @DisplayName("keeps no change from the store, and no cookie from the client, if it fails")
  void failingAtComplete_saves() {
    onFailingAction(
        () -> {
          throw new IllegalStateException("an error of the application");
        });
    site.on(
        "/read",
        (request, response) -> response.getWriter().print(request.getSession().getAttribute("a")));
    Browser newcomer = site.browser();

    assertThat(newcomer.get("/failing-action").setCookies()).hasSize(1);
    assertThat(newcomer.get("/read").body()).isEqualTo("kept");
  }
}

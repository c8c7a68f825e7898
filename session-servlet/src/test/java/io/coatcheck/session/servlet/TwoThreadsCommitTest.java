package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.token.SessionId;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSessionIdListener;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("I5, attack 4: two threads of an asynchronous request commit its response")
@ParameterizedClass(name = "{0}, copies on read: {1}")
@MethodSource("stores")
class TwoThreadsCommitTest {

  @Parameter(0)
  Container container;

  @Parameter(1)
  boolean copyOnRead;

  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final CountDownLatch isSaving = new CountDownLatch(1);
  private final CountDownLatch maySave = new CountDownLatch(1);
  private final AtomicReference<Object> atCommit = new AtomicReference<>();
  private Site site;

  static Stream<Arguments> stores() {
    return Stream.of(Container.values())
        .flatMap(container -> Stream.of(false, true).map(copy -> Arguments.of(container, copy)));
  }

  @AfterEach
  void stop() {
    threads.shutdownNow();
    site.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"insert", "update"})
  @DisplayName("the second waits until what the first one stores is stored")
  void secondCommit_waitsForTheSave(String operation) throws Exception {
    site =
        new Site(container, copyOnRead, UnaryOperator.identity(), UnaryOperator.identity())
            .on("/two", this::commitTwice)
            .on(
                "/read",
                (request, response) ->
                    response.getWriter().print(request.getSession().getMaxInactiveInterval()));
    Browser browser = site.browser();
    if (operation.equals("update")) {
      browser.get("/begin");
    }
    site.store.before(
        operation,
        () -> {
          isSaving.countDown();
          try {
            assertThat(maySave.await(60, TimeUnit.SECONDS)).isTrue();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });

    assertThat(browser.get("/two").status()).isEqualTo(200);

    assertThat(atCommit.get()).isEqualTo("stored");
    assertThat(browser.get("/read").body()).isEqualTo("77");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/change-id", "/renew"})
  @DisplayName("I8: a new secret that the response can no longer carry is not reported as sent")
  void commitDuringARenewal_isNoSuccess(String path) throws Exception {
    AtomicReference<HttpServletResponse> answer = new AtomicReference<>();
    AtomicReference<Object> outcome = new AtomicReference<>();
    site =
        new Site(container, copyOnRead, UnaryOperator.identity(), UnaryOperator.identity())
            .on(
                path,
                (request, response) -> {
                  answer.set(response);
                  try {
                    outcome.set(
                        path.equals("/renew")
                            ? WebSession.of(request).renew()
                            : request.changeSessionId());
                  } catch (IllegalStateException e) {
                    outcome.set(e);
                  }
                });
    Browser browser = site.browser();
    browser.get("/begin");
    String before = browser.token();
    site.store.before(
        "update",
        () -> {
          Future<?> other =
              threads.submit(
                  () -> {
                    answer.get().flushBuffer();
                    return null;
                  });
          try {
            other.get(60, TimeUnit.SECONDS);
          } catch (Exception e) {
            throw new AssertionError(e);
          }
        });

    assertThat(browser.get(path).status()).isEqualTo(200);

    assertThat(outcome.get())
        .isInstanceOfSatisfying(
            IllegalStateException.class,
            e -> assertThat(e).hasMessageContaining("too late to renew the session"));
    assertThat(browser.token()).isEqualTo(before);
    assertThat(site.stored(before)).as("no client has its secret").isNull();
  }

  @Test
  @DisplayName("I8: a new secret that another thread is about to send does not end the session")
  void renewalBeforeTheCommit_isKept() throws Exception {
    CountDownLatch isStored = new CountDownLatch(1);
    CountDownLatch maySend = new CountDownLatch(1);
    AtomicReference<HttpServletResponse> answer = new AtomicReference<>();
    AtomicReference<Future<?>> commit = new AtomicReference<>();
    site =
        new Site(
                container,
                copyOnRead,
                manager ->
                    manager.listener(
                        event -> {
                          // The thread has stored the new session, and not sent its token.
                          if (event instanceof SessionEvent.Created) {
                            isStored.countDown();
                            await(maySend);
                          }
                        }),
                filter ->
                    filter.listener(
                        (HttpSessionIdListener)
                            (event, oldId) -> {
                              commit.set(threads.submit(() -> flush(answer.get())));
                              await(isStored);
                            }))
            .on(
                "/change-id",
                (request, response) -> {
                  answer.set(response);
                  request.getSession().setAttribute("a", "1");
                  try {
                    request.changeSessionId();
                  } finally {
                    maySend.countDown();
                  }
                  commit.get().get(60, TimeUnit.SECONDS);
                });
    Browser browser = site.browser();

    assertThat(browser.get("/change-id").status()).isEqualTo(200);

    assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("a");
  }

  private static Object flush(HttpServletResponse response) throws IOException {
    response.flushBuffer();
    return "committed";
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  // What fails on a thread shows: the request is not completed then.
  @SuppressWarnings("FutureReturnValueIgnored")
  private void commitTwice(HttpServletRequest request, HttpServletResponse response)
      throws Exception {
    // Not an attribute: where requests share the session, that is stored when it is set.
    request.getSession().setMaxInactiveInterval(77);
    SessionId id = WebSession.of(request).id().orElseThrow();
    // What each way to commit does first. The containers' own part is for one thread at a time.
    SessionExchange exchange = (SessionExchange) request.getAttribute(SessionFilter.CURRENT);
    AsyncContext context = request.startAsync();
    AtomicReference<Thread> second = new AtomicReference<>();
    Future<?> first = threads.submit(exchange::beforeCommit);
    assertThat(isSaving.await(60, TimeUnit.SECONDS)).isTrue();
    Future<?> other =
        threads.submit(
            () -> {
              second.set(Thread.currentThread());
              exchange.beforeCommit();
              atCommit.set(
                  site.store
                      .peek(id)
                      .filter(
                          stored ->
                              stored.idleTimeout().equals(Optional.of(Duration.ofSeconds(77))))
                      .map(stored -> (Object) "stored")
                      .orElse("not stored"));
            });
    threads.submit(
        () -> {
          long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
          while ((second.get() == null || second.get().getState() == Thread.State.RUNNABLE)
              && !other.isDone()
              && System.nanoTime() - deadline < 0) {
            Thread.onSpinWait();
          }
          maySave.countDown();
          first.get(60, TimeUnit.SECONDS);
          other.get(60, TimeUnit.SECONDS);
          context.complete();
          return null;
        });
  }
}

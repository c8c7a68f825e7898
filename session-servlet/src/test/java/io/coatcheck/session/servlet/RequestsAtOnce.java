package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.token.SessionId;
import io.coatcheck.session.token.SessionToken;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.http.HttpSession;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** A site in memory, whose browser has a session and several requests of it under way. */
final class RequestsAtOnce implements AutoCloseable {

  final Site site;
  final Browser browser;

  private final ExecutorService threads = Executors.newFixedThreadPool(8);
  private final AtomicReference<AsyncContext> stream = new AtomicReference<>();
  private final AtomicReference<HttpSession> sessionOfStream = new AtomicReference<>();
  private @Nullable Future<Browser.Answer> streamed;

  RequestsAtOnce(Container container) {
    site = new Site(container);
    browser = site.browser();
    browser.get("/begin");
  }

  @Override
  public void close() {
    threads.shutdownNow();
    site.close();
  }

  static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  static SessionId id(Browser one) {
    return SessionToken.parse(one.token()).orElseThrow().id();
  }

  /** Returns an attribute of the browser's session as the store has it. */
  @Nullable Object stored(String name) {
    return site.manager.attributesOf(site.stored(browser.token())).get(name);
  }

  /** Begins work on a thread of the application, whose end is not awaited. */
  void begin(Runnable work) {
    threads.execute(work);
  }

  /** Begins work on a thread of the application. */
  <T> Future<T> submit(Callable<T> work) {
    return threads.submit(work);
  }

  /** Does work on a thread of the application, and waits for it. */
  <T> T onThread(Callable<T> work) throws Exception {
    return submit(work).get(60, TimeUnit.SECONDS);
  }

  /** Does all tasks, up to eight at once. */
  <T> List<T> all(List<Callable<T>> tasks) throws Exception {
    List<T> results = new ArrayList<>();
    for (Future<T> one : threads.invokeAll(tasks, 60, TimeUnit.SECONDS)) {
      results.add(one.get());
    }
    return results;
  }

  /** As {@link #around(Browser, String, Handler, Handler)}, for {@link #browser}. */
  void around(String path, Handler before, Handler after) throws Exception {
    around(browser, path, before, after);
  }

  /**
   * Does something in a request after another one of the same session has been answered, and lets
   * its failure be the test's.
   */
  void around(Browser client, String path, Handler before, Handler after) throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch answered = new CountDownLatch(1);
    AtomicReference<Throwable> failure = new AtomicReference<>();
    site.on(
        "/around",
        (request, response) -> {
          try {
            before.handle(request, response);
            begun.countDown();
            await(answered);
            after.handle(request, response);
          } catch (Throwable e) {
            failure.set(e);
          } finally {
            begun.countDown();
          }
        });
    Future<Integer> slow = submit(() -> client.get("/around").status());
    await(begun);
    client.get(path);
    answered.countDown();
    assertThat(slow.get(60, TimeUnit.SECONDS)).isEqualTo(200);
    if (failure.get() != null) {
      throw new AssertionError(failure.get());
    }
  }

  /** Begins an asynchronous request of the session, by a client that holds its cookie too. */
  HttpSession openStream() {
    CountDownLatch open = new CountDownLatch(1);
    site.on(
        "/stream",
        (request, response) -> {
          sessionOfStream.set(request.getSession());
          AsyncContext context = request.startAsync();
          context.setTimeout(0);
          stream.set(context);
          open.countDown();
        });
    Browser other = site.browser().token(browser.token());
    streamed = submit(() -> other.get("/stream"));
    await(open);
    return sessionOfStream.get();
  }

  /** Ends it, and returns its answer. */
  Browser.Answer closeStream() throws Exception {
    stream.get().complete();
    return streamed.get(60, TimeUnit.SECONDS);
  }
}

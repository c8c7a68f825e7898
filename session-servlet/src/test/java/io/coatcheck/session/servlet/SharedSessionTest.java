package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.store.LiveSessions.LiveSession;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.session.token.SessionToken;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionBindingEvent;
import jakarta.servlet.http.HttpSessionBindingListener;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
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
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("I4: in memory, the requests of a session share it as in a servlet container")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class SharedSessionTest {

  @Parameter Container container;

  private final ExecutorService threads = Executors.newFixedThreadPool(8);
  private final Map<String, Object> kept = new ConcurrentHashMap<>();
  private Site site;
  private Browser browser;

  @BeforeEach
  void start() {
    site =
        new Site(container)
            .on("/begin", (request, response) -> request.getSession().setAttribute("a", "1"));
    browser = site.browser();
    browser.get("/begin");
  }

  @AfterEach
  void stop() {
    threads.shutdownNow();
    site.close();
  }

  private <T> List<T> all(List<Callable<T>> tasks) throws Exception {
    List<T> results = new ArrayList<>();
    for (Future<T> one : threads.invokeAll(tasks, 60, TimeUnit.SECONDS)) {
      results.add(one.get());
    }
    return results;
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * Does something in a request after another one of the same session has been answered, and lets
   * its failure be the test's.
   */
  private void around(String path, Handler before, Handler after) throws Exception {
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
    Future<Integer> slow = threads.submit(() -> browser.get("/around").status());
    await(begun);
    browser.get(path);
    answered.countDown();
    assertThat(slow.get(30, TimeUnit.SECONDS)).isEqualTo(200);
    if (failure.get() != null) {
      throw new AssertionError(failure.get());
    }
  }

  @Test
  @DisplayName("B14: 100 requests count under synchronized (session), and count to 100")
  void counter_underTheSessionsMonitor_losesNothing() throws Exception {
    site.on(
        "/count",
        (request, response) -> {
          HttpSession session = request.getSession();
          synchronized (session) {
            Integer n = (Integer) session.getAttribute("n");
            session.setAttribute("n", n == null ? 1 : n + 1);
          }
        });
    List<Callable<Integer>> requests = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      requests.add(() -> browser.get("/count").status());
    }
    assertThat(all(requests)).containsOnly(200);
    assertThat(stored("n")).isEqualTo(100);
  }

  private Object stored(String name) {
    return site.manager.attributesOf(site.stored(browser.token())).get(name);
  }

  @Test
  @DisplayName("B38: 20 forms, each sent twice at once, are 20 orders under synchronized (session)")
  void formToken_underTheSessionsMonitor_isSpentOnce() throws Exception {
    AtomicInteger orders = new AtomicInteger();
    site.on(
            "/form",
            (request, response) ->
                request.getSession().setAttribute("form", request.getParameter("t")))
        .on(
            "/order",
            (request, response) -> {
              HttpSession session = request.getSession();
              synchronized (session) {
                if (request.getParameter("t").equals(session.getAttribute("form"))) {
                  session.removeAttribute("form");
                  orders.incrementAndGet();
                }
              }
            });
    for (int form = 0; form < 20; form++) {
      String query = "?t=" + form;
      browser.get("/form" + query);
      Callable<Integer> send = () -> browser.get("/order" + query).status();
      assertThat(all(List.of(send, send))).containsOnly(200);
    }
    assertThat(orders).hasValue(20);
  }

  @Test
  @DisplayName("B28: a request that waits sees what another one has set, and what it has removed")
  void waitingRequest_seesTheNewest() throws Exception {
    site.on(
        "/change",
        (request, response) -> {
          request.getSession().setAttribute("b", "2");
          request.getSession().removeAttribute("a");
        });
    around(
        "/change",
        (request, response) -> assertThat(request.getSession().getAttribute("a")).isEqualTo("1"),
        (request, response) -> {
          HttpSession session = request.getSession();
          assertThat(session.getAttribute("b")).isEqualTo("2");
          assertThat(session.getAttribute("a")).isNull();
          assertThat(session.getAttributeNames().asIterator()).toIterable().containsExactly("b");
        });
  }

  @Test
  @DisplayName("a change is there for others before the request that made it has ended")
  void change_isVisibleAtOnce() {
    site.on(
        "/change",
        (request, response) -> {
          request.getSession().setAttribute("b", "2");
          kept.put("set", stored("b"));
          request.getSession().removeAttribute("b");
          kept.put("removed", stored("b") == null);
        });
    browser.get("/change");
    assertThat(kept).containsEntry("set", "2").containsEntry("removed", true);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/look", "/id", "/login"})
  @DisplayName("the object to lock on is one for all requests under way, after a login too")
  void object_isOneForAllRequests(String path) throws Exception {
    Map<String, Handler> changes =
        Map.of(
            "/look", (request, response) -> {},
            "/id", (request, response) -> request.changeSessionId(),
            "/login", (request, response) -> WebSession.of(request).login("alice"));
    changes.forEach(
        (each, change) ->
            site.on(
                each,
                (request, response) -> {
                  kept.put("before", request.getSession());
                  change.handle(request, response);
                  kept.put("after", request.getSession());
                }));
    around(
        path,
        (request, response) -> kept.put("other", request.getSession()),
        (request, response) -> {
          assertThat(kept.get("before")).isSameAs(kept.get("other")).isSameAs(kept.get("after"));
        });
  }

  @Test
  @DisplayName("the object is the same before and after the session is stored")
  void object_isThatOfTheDraft() {
    site.on(
        "/first",
        (request, response) -> {
          kept.put("first", request.getSession());
          request.getSession().setAttribute("x", "y");
          response.flushBuffer();
          assertThat(request.getSession()).isSameAs(kept.get("first"));
        });
    assertThat(site.browser().get("/first").status()).isEqualTo(200);
  }

  @Test
  @DisplayName("nothing of a request stays with the session when its requests have ended")
  void attachment_endsWithTheRequests() throws Exception {
    site.on("/look", (request, response) -> request.getSession());
    around("/look", (request, response) -> request.getSession(), (request, response) -> {});
    SessionId id = SessionToken.parse(browser.token()).orElseThrow().id();
    LiveSession live = site.store.liveSessions().orElseThrow().get(id);
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    // The answer may reach the client before the filter has returned.
    while (live.attachment() != null && System.nanoTime() < deadline) {
      Thread.onSpinWait();
    }
    assertThat(live.attachment()).isNull();
  }

  @Test
  @DisplayName("sessions that are not stored are two objects")
  void unstoredSessions_shareNothing() {
    site.on("/look", (request, response) -> kept.put("look", request.getSession()));
    site.browser().get("/look");
    Object one = kept.get("look");
    site.browser().get("/look");
    assertThat(kept.get("look")).isNotSameAs(one);
  }

  @Test
  @DisplayName("F11: the id is one String, which a weak map keeps over a garbage collection")
  void id_isOneString() throws Exception {
    Map<String, String> users = new WeakHashMap<>();
    site.on("/put", (request, response) -> users.put(request.getSession().getId(), "alice"))
        .on(
            "/get",
            (request, response) ->
                response.getWriter().print(users.get(request.getSession().getId())));
    browser.get("/put");
    // A key that nothing holds shows that the collection has happened.
    users.put(new String("unheld"), "nobody");
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (users.containsKey("unheld") && System.nanoTime() < deadline) {
      System.gc();
      Thread.onSpinWait();
    }
    assertThat(users.containsKey("unheld")).isFalse();
    assertThat(browser.get("/get").body()).isEqualTo("alice");
  }

  @Test
  @DisplayName("the session works on a thread of the application, and is one object there too")
  void asyncThread_usesTheSession() {
    site.on(
        "/async",
        (request, response) -> {
          HttpSession session = request.getSession();
          AsyncContext context = request.startAsync();
          threads.execute(
              () -> {
                session.setAttribute("late", "3");
                kept.put("same", request.getSession() == session);
                context.complete();
              });
        });
    assertThat(browser.get("/async").status()).isEqualTo(200);
    assertThat(kept).containsEntry("same", true);
    assertThat(stored("late")).isEqualTo("3");
  }

  @Test
  @DisplayName("a session that is kept after its requests changes nothing")
  void keptSession_cannotBeChanged() {
    site.on("/keep", (request, response) -> kept.put("kept", request.getSession()));
    browser.get("/keep");
    HttpSession session = (HttpSession) kept.get("kept");
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    // The answer may reach the client before the filter has returned.
    while (HttpSessionView.in(session).isOpen() && System.nanoTime() < deadline) {
      Thread.onSpinWait();
    }
    assertThatThrownBy(() -> session.setAttribute("b", "2"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("getAccessor");
    assertThat(stored("b")).isNull();
  }

  @Test
  @DisplayName("a session of another request changes its own, and not that of the thread")
  void keptSession_inARequestOfAnother() {
    site.on("/keep", (request, response) -> kept.put("kept", request.getSession()))
        .on(
            "/use",
            (request, response) -> {
              request.getSession().setAttribute("own", "1");
              kept.put("read", ((HttpSession) kept.get("kept")).getId());
              kept.put("own", request.getSession().getId());
            });
    browser.get("/keep");
    site.browser().get("/use");
    assertThat(kept.get("read")).isNotEqualTo(kept.get("own"));
  }

  @Test
  @DisplayName("I4: what a request changes after another principal has logged in is dropped")
  void change_afterALogin_isDropped() throws Exception {
    site.on(
        "/login",
        (request, response) -> {
          WebSession.of(request).login("alice");
          request.getSession().setAttribute("hers", "1");
        });
    around(
        "/login",
        (request, response) -> request.getSession(),
        (request, response) -> {
          HttpSession session = request.getSession();
          assertThat(session.getAttribute("hers")).isNull();
          session.setAttribute("b", "2");
        });
    assertThat(stored("hers")).isEqualTo("1");
    assertThat(stored("b")).isNull();
    assertThat(site.events).hasAtLeastOneElementOfType(SessionEvent.WriteDropped.class);
  }

  @Test
  @DisplayName("I2: a change after the session has ended is dropped, with an event")
  void change_afterTheEnd_isDropped() throws Exception {
    site.on("/end", (request, response) -> request.getSession().invalidate());
    String token = browser.token();
    around(
        "/end",
        (request, response) -> request.getSession(),
        (request, response) -> {
          HttpSession session = request.getSession();
          session.setAttribute("b", "2");
          assertThatThrownBy(() -> session.getAttribute("b"))
              .isInstanceOf(IllegalStateException.class);
        });
    assertThat(site.stored(token)).isNull();
    assertThat(site.events).hasAtLeastOneElementOfType(SessionEvent.WriteDropped.class);
  }

  /** A value that counts how often it is bound. */
  private static final class Bound implements HttpSessionBindingListener {

    private final List<Integer> steps;

    Bound(List<Integer> steps) {
      this.steps = steps;
    }

    @Override
    public void valueBound(HttpSessionBindingEvent event) {
      steps.add(1);
    }

    @Override
    public void valueUnbound(HttpSessionBindingEvent event) {
      steps.add(-1);
    }
  }

  @Test
  @DisplayName("of values that are set at once, all are bound, and all but the last unbound, once")
  void bindings_balance() throws Exception {
    List<List<Integer>> values = new CopyOnWriteArrayList<>();
    site.on(
        "/bind",
        (request, response) -> {
          List<Integer> steps = new CopyOnWriteArrayList<>();
          values.add(steps);
          request.getSession().setAttribute("value", new Bound(steps));
        });
    List<Callable<Integer>> requests = new ArrayList<>();
    for (int i = 0; i < 64; i++) {
      requests.add(() -> browser.get("/bind").status());
    }
    assertThat(all(requests)).containsOnly(200);
    assertThat(values).hasSize(64);
    assertThat(values.stream().mapToInt(SharedSessionTest::sum).sum()).isEqualTo(1);
    assertThat(values).allSatisfy(steps -> assertThat(sum(steps)).isBetween(0, 1));
  }

  private static int sum(List<Integer> steps) {
    return steps.stream().mapToInt(Integer::intValue).sum();
  }

  @Test
  @EnabledIf(
      value = "io.coatcheck.session.servlet.Container#isServlet61",
      disabledReason = "Servlet 6.0 has no HttpSession.Accessor")
  @DisplayName("an accessor hands over the same object")
  void accessor_handsOverTheSameObject() {
    site.on(
        "/accessor",
        (request, response) -> {
          HttpSession session = request.getSession();
          Accessors.access(
              session,
              accessed -> {
                kept.put("same", accessed == session);
                accessed.setAttribute("accessed", "4");
              });
          kept.put("read", session.getAttribute("accessed"));
        });
    browser.get("/accessor");
    assertThat(kept).containsEntry("same", true).containsEntry("read", "4");
  }
}

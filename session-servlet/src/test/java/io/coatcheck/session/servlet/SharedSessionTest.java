package io.coatcheck.session.servlet;

import static io.coatcheck.session.servlet.RequestsAtOnce.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.event.SessionEvent;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.http.HttpServletRequest;
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
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("I4: in memory, the requests of a session share it as in a servlet container")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class SharedSessionTest {

  private final Map<String, Object> kept = new ConcurrentHashMap<>();
  @AutoClose private final RequestsAtOnce requests;
  private final Site site;
  private final Browser browser;

  SharedSessionTest(Container container) {
    requests = new RequestsAtOnce(container);
    site = requests.site;
    browser = requests.browser;
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
    List<Callable<Integer>> calls = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      calls.add(() -> browser.get("/count").status());
    }
    assertThat(requests.all(calls)).containsOnly(200);
    assertThat(requests.stored("n")).isEqualTo(100);
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
      assertThat(requests.all(List.of(send, send))).containsOnly(200);
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
    requests.around(
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
  @DisplayName("others see a change before the request that made it has ended")
  void change_isVisibleAtOnce() {
    site.on(
        "/change",
        (request, response) -> {
          request.getSession().setAttribute("b", "2");
          kept.put("set", requests.stored("b"));
          request.getSession().removeAttribute("b");
          kept.put("removed", requests.stored("b") == null);
        });
    browser.get("/change");
    assertThat(kept).containsEntry("set", "2").containsEntry("removed", true);
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
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
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
          requests.begin(
              () -> {
                session.setAttribute("late", "3");
                kept.put("same", request.getSession() == session);
                context.complete();
              });
        });
    assertThat(browser.get("/async").status()).isEqualTo(200);
    assertThat(kept).containsEntry("same", true);
    assertThat(requests.stored("late")).isEqualTo("3");
  }

  @Test
  @DisplayName("a session that is kept after its requests changes nothing")
  void keptSession_cannotBeChanged() {
    site.on("/keep", (request, response) -> kept.put("kept", request.getSession()));
    browser.get("/keep");
    HttpSession session = (HttpSession) kept.get("kept");
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    // The answer may reach the client before the filter has returned.
    while (HttpSessionView.in(session).isOpen() && System.nanoTime() < deadline) {
      Thread.onSpinWait();
    }
    assertThatThrownBy(() -> session.setAttribute("b", "2"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("getAccessor");
    assertThat(requests.stored("b")).isNull();
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
  @DisplayName("I2: a change after the session has ended is dropped, with an event")
  void change_afterTheEnd_isDropped() throws Exception {
    site.on("/end", (request, response) -> request.getSession().invalidate());
    String token = browser.token();
    requests.around(
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

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  @DisplayName("a thread of the application can change the session while other requests end")
  void thread_changesTheSessionWhileAnotherRequestEnds(boolean isAsync) throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch mayEnd = new CountDownLatch(1);
    CountDownLatch hasEnded = new CountDownLatch(1);
    site.on(
        "/short",
        (request, response) -> {
          request.getSession().getAttribute("a");
          begun.countDown();
          await(mayEnd);
        });
    site.filters(
        (request, response, chain) -> {
          chain.doFilter(request, response);
          if (((HttpServletRequest) request).getRequestURI().equals("/short")) {
            hasEnded.countDown();
          }
        },
        SessionFilter.builder(site.manager).build());
    HttpSessionBindingListener value =
        new HttpSessionBindingListener() {
          @Override
          public void valueBound(HttpSessionBindingEvent event) {
            mayEnd.countDown();
            await(hasEnded);
          }
        };
    site.on(
        "/long",
        (request, response) -> {
          HttpSession session = request.getSession();
          AsyncContext context = isAsync ? request.startAsync() : null;
          Future<?> work =
              requests.submit(
                  () -> {
                    requests.begin(() -> browser.get("/short"));
                    await(begun);
                    try {
                      session.setAttribute("late", value);
                    } finally {
                      kept.put("done", requests.stored("late") == value);
                      if (context != null) {
                        context.complete();
                      }
                    }
                    return true;
                  });
          if (!isAsync) {
            work.get(60, TimeUnit.SECONDS);
          }
        });
    assertThat(browser.get("/long").status()).isEqualTo(200);
    assertThat(kept).containsEntry("done", true);
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
    List<Callable<Integer>> calls = new ArrayList<>();
    for (int i = 0; i < 64; i++) {
      calls.add(() -> browser.get("/bind").status());
    }
    assertThat(requests.all(calls)).containsOnly(200);
    assertThat(values).hasSize(64);
    assertThat(values.stream().mapToInt(SharedSessionTest::sum).sum()).isEqualTo(1);
    assertThat(values).allSatisfy(steps -> assertThat(sum(steps)).isBetween(0, 1));
  }

  private static int sum(List<Integer> steps) {
    return steps.stream().mapToInt(Integer::intValue).sum();
  }
}

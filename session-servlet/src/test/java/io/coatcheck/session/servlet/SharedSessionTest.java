package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.token.SecretHash;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.session.token.SessionToken;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionBindingEvent;
import jakarta.servlet.http.HttpSessionBindingListener;
import java.security.Principal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
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
    site = new Site(container);
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
      assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
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
    assertThat(slow.get(60, TimeUnit.SECONDS)).isEqualTo(200);
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
  @DisplayName("others see a change before the request that made it has ended")
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
    SessionId id = id(browser);
    assertThatNoneIsUnderWay(id);
  }

  @Test
  @DisplayName(
      "an anonymous session that becomes a container user's is left by the listeners' view")
  void sessionOfAContainerUser_endsWithTheRequest() {
    site.on("/look", (request, response) -> request.getSession());
    site.filters(
        (request, response, chain) -> chain.doFilter(asCarol(request), response),
        SessionFilter.builder(site.manager).build());
    site.listener().heard();
    assertThat(browser.get("/look").status()).isEqualTo(200);
    assertThat(site.listener().heard()).anyMatch(heard -> heard.startsWith("id "));
    assertThatNoneIsUnderWay(id(browser));
  }

  private static ServletRequest asCarol(ServletRequest request) {
    return new HttpServletRequestWrapper((HttpServletRequest) request) {
      @Override
      public Principal getUserPrincipal() {
        return () -> "carol";
      }

      @Override
      public String getRemoteUser() {
        return "carol";
      }
    };
  }

  private static void assertThatNoneIsUnderWay(SessionId id) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    // The answer may reach the client before the filter has returned.
    while (SharedSessions.contains(id) && System.nanoTime() < deadline) {
      Thread.onSpinWait();
    }
    assertThat(SharedSessions.contains(id)).isFalse();
  }

  @Test
  @DisplayName("sessions whose ids have the same place in the table stay two")
  void idsWithTheSamePlace_areTwoSessions() throws Exception {
    Map<Integer, Browser> browsers = new HashMap<>();
    Browser other = null;
    for (int i = 0; other == null; i++) {
      assertThat(i).isLessThan(2_000);
      Browser next = site.browser();
      next.get("/begin");
      other = browsers.putIfAbsent(SharedSessions.place(id(next)), next);
      browser = next;
    }
    Browser neighbour = other;
    kept.put("objects", new CopyOnWriteArrayList<>());
    site.on(
        "/look",
        (request, response) -> {
          objects().add(request.getSession());
          response.getWriter().print(request.getSession().getId());
        });
    around(
        "/look",
        (request, response) -> {
          objects().add(request.getSession());
          // Two more requests of the other session, while this one is under way.
          for (int i = 0; i < 2; i++) {
            assertThat(neighbour.get("/look").body()).startsWith(id(neighbour) + "~");
          }
        },
        (request, response) -> assertThat(request.getSession()).isSameAs(objects().get(0)));
    assertThat(objects()).hasSize(4);
    assertThat(objects().get(3)).isSameAs(objects().get(0));
    assertThat(objects().subList(1, 3)).doesNotContain(objects().get(0));
    assertThatNoneIsUnderWay(id(browser));
    assertThatNoneIsUnderWay(id(neighbour));
  }

  @SuppressWarnings("unchecked")
  private List<Object> objects() {
    return (List<Object>) kept.get("objects");
  }

  private static SessionId id(Browser one) {
    return SessionToken.parse(one.token()).orElseThrow().id();
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
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
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

  /** Begins an asynchronous request of a session, by a client that holds its cookie too. */
  private HttpSession openStream() throws Exception {
    CountDownLatch open = new CountDownLatch(1);
    site.on(
        "/stream",
        (request, response) -> {
          AsyncContext context = request.startAsync();
          context.setTimeout(0);
          kept.put("stream", context);
          kept.put("streamed", request.getSession());
          open.countDown();
        });
    Browser other = site.browser().token(browser.token());
    threads.execute(() -> other.get("/stream"));
    await(open);
    return (HttpSession) kept.get("streamed");
  }

  private void closeStream() {
    ((AsyncContext) kept.get("stream")).complete();
  }

  @Test
  @DisplayName("I3: a thread of a request from before a login sees nothing of the user's session")
  void threadFromBeforeALogin_seesNothingOfTheUser() throws Exception {
    HttpSession planted = openStream();
    site.on(
            "/login",
            (request, response) -> {
              HttpSession session = request.getSession();
              WebSession.of(request).login("alice");
              session.setAttribute("hers", "1");
              kept.put("within", seenBy(planted));
            })
        .on(
            "/hers",
            (request, response) -> {
              kept.put("read", request.getSession().getAttribute("hers"));
              kept.put("later", seenBy(planted));
            });
    browser.get("/login");
    browser.get("/hers");
    closeStream();
    assertThat(kept).containsEntry("read", "1");
    assertThat(kept).containsEntry("within", "nothing").containsEntry("later", "nothing");
  }

  /** Returns what a thread of the application reads of a session. */
  private String seenBy(HttpSession session) throws Exception {
    return threads
        .submit(() -> String.valueOf(session.getAttribute("hers")).replace("null", "nothing"))
        .get(60, TimeUnit.SECONDS);
  }

  @Test
  @DisplayName("attack 14: a connection from before a new login is over, while others are open")
  void connectionFromBeforeANewLogin_isOver() throws Exception {
    browser.get("/login");
    HttpSession old = openStream();
    assertThat(WebSession.of(old).isStillLive()).isTrue();
    browser.get("/login");
    site.on(
        "/hers",
        (request, response) -> {
          HttpSession hers = request.getSession();
          kept.put("old", threads.submit(() -> WebSession.of(old).isStillLive()).get());
          kept.put("hers", threads.submit(() -> WebSession.of(hers).isStillLive()).get());
        });
    browser.get("/hers");
    closeStream();
    assertThat(kept).containsEntry("old", false).containsEntry("hers", true);
  }

  @Test
  @DisplayName("I3: a request from before a new login gets neither its secret nor its freshness")
  void requestFromBeforeANewLogin_joinsNoLogin() throws Exception {
    browser.get("/login");
    site.on(
        "/again",
        (request, response) -> {
          site.clock.advance(Duration.ofMinutes(10));
          WebSession.of(request).login("alice");
          request.getSession().setAttribute("b", "2");
        });
    around(
        "/again",
        (request, response) -> request.getSession(),
        (request, response) -> {
          assertThat(request.getSession().getAttribute("b")).isEqualTo("2");
          WebSession own = WebSession.of(request);
          assertThat(own.authenticatedWithin(Duration.ofMinutes(5))).isFalse();
          assertThat(own.isStillLive()).isFalse();
          SecretHash hers = site.stored(browser.token()).secretHash();
          request.changeSessionId();
          assertThat(site.stored(browser.token()).secretHash()).isEqualTo(hers);
        });
    assertThat(browser.get("/me").body()).isEqualTo("alice");
  }

  @Test
  @DisplayName("I15: a request that is never completed keeps nothing of an application that ended")
  void streamOfAnEndedApplication_isForgotten() throws Exception {
    try (SessionManager ending = managerOfTheSameSession()) {
      SessionFilter filter = SessionFilter.builder(ending).build();
      site.filters(filter);
      HttpSession open = openStream();
      assertThat(SharedSessions.contains(id(browser))).isTrue();
      filter.destroy();
      assertThatNoneIsUnderWay(id(browser));
      closeStream();
      assertThat(open.getId()).startsWith(id(browser).toString());
    }
  }

  /** Returns a manager of another store, which has the session of the browser too. */
  private SessionManager managerOfTheSameSession() {
    InMemorySessionStore store = InMemorySessionStore.builder().build();
    store.insert(site.stored(browser.token()));
    return SessionManager.builder(store).clock(site.clock).build();
  }

  @Test
  @DisplayName("sessions of two stores are two, also with one id, as imported sessions may have")
  void sessionsOfTwoStores_areTwo() throws Exception {
    try (SessionManager other = managerOfTheSameSession()) {
      SessionFilter first = SessionFilter.builder(site.manager).build();
      SessionFilter second = SessionFilter.builder(other).build();
      site.filters(
          (request, response, chain) -> {
            boolean isOther = ((HttpServletRequest) request).getRequestURI().equals("/other");
            (isOther ? second : first).doFilter(request, response, chain);
          });
      site.on("/other", (request, response) -> kept.put("other", request.getSession()));
      around(
          "/other",
          (request, response) -> kept.put("own", request.getSession()),
          (request, response) -> {});
      assertThat(kept.get("own")).isNotSameAs(kept.get("other"));
    }
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
              threads.submit(
                  () -> {
                    threads.execute(() -> browser.get("/short"));
                    await(begun);
                    try {
                      session.setAttribute("late", value);
                    } finally {
                      kept.put("done", stored("late") == value);
                      if (context != null) {
                        context.complete();
                      }
                    }
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

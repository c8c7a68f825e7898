package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.SessionManagerBuilder;
import io.coatcheck.session.codec.JavaSerializationCodec;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionBindingEvent;
import jakarta.servlet.http.HttpSessionBindingListener;
import jakarta.servlet.http.HttpSessionEvent;
import jakarta.servlet.http.HttpSessionIdListener;
import jakarta.servlet.http.HttpSessionListener;
import java.io.Serializable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("B05: listeners that were notified of a beginning are notified of the end, once")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class EveryEndIsReportedTest {

  @Parameter Container container;

  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final AtomicInteger leases = new AtomicInteger();
  private final AtomicInteger bindings = new AtomicInteger();
  private Counter counter;
  private Site site;

  /** Counts as an application does that shows how many are here. */
  private static final class Counter implements HttpSessionListener, HttpSessionIdListener {

    private final AtomicInteger created = new AtomicInteger();
    private final AtomicInteger destroyed = new AtomicInteger();
    private final AtomicInteger idChanges = new AtomicInteger();
    private final ConcurrentHashMap<String, Integer> balance = new ConcurrentHashMap<>();
    private volatile Consumer<HttpSession> atEnd = session -> {};
    private volatile Consumer<HttpSession> atCreation = session -> {};
    private volatile Consumer<HttpSession> atIdChange = session -> {};

    private void count(HttpSession session, int one) {
      // Not getId, which would have a new session stored.
      String text = session.toString();
      balance.merge(text.substring(text.indexOf('[') + 1, text.indexOf('~')), one, Integer::sum);
    }

    @Override
    public void sessionCreated(HttpSessionEvent event) {
      created.incrementAndGet();
      count(event.getSession(), 1);
      atCreation.accept(event.getSession());
    }

    @Override
    public void sessionDestroyed(HttpSessionEvent event) {
      destroyed.incrementAndGet();
      count(event.getSession(), -1);
      atEnd.accept(event.getSession());
    }

    @Override
    public void sessionIdChanged(HttpSessionEvent event, String oldSessionId) {
      idChanges.incrementAndGet();
      String id = event.getSession().getId();
      if (!id.substring(0, id.indexOf('~'))
          .equals(oldSessionId.substring(0, oldSessionId.indexOf('~')))) {
        balance.merge(oldSessionId.substring(0, oldSessionId.indexOf('~')), -1, Integer::sum);
        count(event.getSession(), 1);
      }
      atIdChange.accept(event.getSession());
    }
  }

  /** A value that holds something as long as it is bound. */
  private final class Lease implements HttpSessionBindingListener {

    @Override
    public void valueBound(HttpSessionBindingEvent event) {
      leases.incrementAndGet();
      bindings.incrementAndGet();
    }

    @Override
    public void valueUnbound(HttpSessionBindingEvent event) {
      leases.decrementAndGet();
    }
  }

  /** A value that sets another one in its place when it is about to be bound. */
  private final class Predecessor implements HttpSessionBindingListener {

    @Override
    public void valueBound(HttpSessionBindingEvent event) {
      event.getSession().setAttribute(event.getName(), new Lease());
    }
  }

  @BeforeEach
  void start() {
    begin(UnaryOperator.identity(), UnaryOperator.identity());
  }

  private void begin(
      UnaryOperator<SessionManagerBuilder> managerOptions,
      UnaryOperator<SessionFilterBuilder> filterOptions) {
    if (site != null) {
      site.close();
    }
    counter = new Counter();
    site =
        new Site(
                container,
                false,
                managerOptions,
                filter -> filterOptions.apply(filter).listener(counter))
            .on("/lease", (request, response) -> bind(request))
            .on("/set", (request, response) -> request.getSession().setAttribute("a", "1"))
            .on("/bob", (request, response) -> WebSession.of(request).login("bob"));
  }

  private void bind(HttpServletRequest request) {
    request.getSession().setAttribute("lease", new Lease());
  }

  @AfterEach
  void stop() {
    threads.shutdownNow();
    site.close();
  }

  /** Waits, since some containers end a request after the client has its answer. */
  private void assertLive(int sessions, int held) {
    Await.until(
        () -> counter.created.get() - counter.destroyed.get() == sessions && leases.get() == held);
    assertThat(counter.created.get() - counter.destroyed.get()).as("live").isEqualTo(sessions);
    assertThat(leases).as("leases").hasValue(held);
    assertThat(counter.balance.values()).allMatch(balance -> balance == 0 || balance == 1);
  }

  @Test
  @DisplayName("100 new clients, of which the flood guard allows one to begin a session")
  void floodGuard_refusesNewcomers() throws Exception {
    FloodGuard guard = FloodGuard.builder(1).build();
    begin(UnaryOperator.identity(), filter -> filter.floodGuard(guard));
    int refused = 0;
    for (int i = 0; i < 100; i++) {
      refused += site.browser().get("/lease").status() == 429 ? 1 : 0;
    }

    assertThat(refused).isEqualTo(99);
    assertThat(counter.created).hasValue(100);
    assertThat(bindings).hasValue(100);
    assertLive(1, 1);
  }

  @Test
  @DisplayName("values are notified also where no session listener is registered")
  void floodGuard_withoutListeners() throws Exception {
    FloodGuard guard = FloodGuard.builder(1).build();
    site.filters(SessionFilter.builder(site.manager).floodGuard(guard).build());
    for (int i = 0; i < 5; i++) {
      site.browser().get("/lease");
    }

    assertThat(bindings).hasValue(5);
    assertLive(0, 1);
  }

  @Test
  void floodGuard_ofAnAsyncRequest() throws Exception {
    FloodGuard guard = FloodGuard.builder(1).build();
    begin(UnaryOperator.identity(), filter -> filter.floodGuard(guard));
    site.on(
        "/async",
        (request, response) -> {
          bind(request);
          AsyncContext context = request.startAsync();
          context.start(context::complete);
        });
    for (int i = 0; i < 3; i++) {
      site.browser().get("/async");
    }

    assertThat(counter.created).hasValue(3);
    assertLive(1, 1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"insert", "insert and throw", "insert and catch", "insert by flush"})
  @DisplayName("a store that cannot store the session")
  void failingInsert(String how) throws Exception {
    site.on(
        "/begin",
        (request, response) -> {
          bind(request);
          switch (how) {
            case "insert and throw" -> throw new IllegalStateException("the application fails");
            case "insert and catch" -> {
              try {
                response.flushBuffer();
              } catch (RuntimeException e) {
                response.setStatus(200);
              }
            }
            case "insert by flush" -> response.flushBuffer();
            default -> {}
          }
        });
    site.store.fail("insert");

    int status = site.browser().get("/begin").status();

    assertThat(status).isIn(500, 503);
    assertThat(counter.created).hasValue(1);
    assertLive(0, 0);
  }

  @Test
  @DisplayName("a store that cannot store what was bound to a session that exists")
  void failingUpdate() throws Exception {
    Browser browser = site.browser();
    browser.get("/set");
    site.store.fail("update");

    assertThat(browser.get("/lease").status()).isEqualTo(503);

    assertThat(bindings).hasValue(1);
    assertLive(1, 0);
  }

  @Test
  @DisplayName("an application that fails: what was stored lives, what was not does not")
  void failingApplication() throws Exception {
    site.on(
            "/look-and-fail",
            (request, response) -> {
              request.getSession();
              throw new IllegalStateException("the application fails");
            })
        .on(
            "/bind-and-fail",
            (request, response) -> {
              bind(request);
              throw new IllegalStateException("the application fails");
            });

    assertThat(site.browser().get("/look-and-fail").status()).isEqualTo(500);
    assertLive(0, 0);
    assertThat(site.browser().get("/bind-and-fail").status()).isEqualTo(500);
    assertLive(1, 1);
  }

  @Test
  @DisplayName("an asynchronous request whose time is out, or that is dispatched and fails")
  void failingAsync() throws Exception {
    site.on(
            "/timeout",
            (request, response) -> {
              request.getSession();
              request.startAsync().setTimeout(50);
            })
        .on(
            "/timeout-after-value",
            (request, response) -> {
              bind(request);
              request.startAsync().setTimeout(50);
            })
        .on(
            "/dispatch",
            (request, response) -> {
              request.getSession();
              request.startAsync().dispatch("/fail");
            })
        .on(
            "/fail",
            (request, response) -> {
              throw new IllegalStateException("the application fails");
            });

    site.browser().get("/timeout");
    assertLive(0, 0);
    site.browser().get("/dispatch");
    assertLive(0, 0);
    site.store.fail("insert");
    site.browser().get("/timeout-after-value");
    assertLive(0, 0);
  }

  @Test
  @DisplayName("a session that is ended by another request while something is bound to it")
  void endInBetween() throws Exception {
    CountDownLatch isIn = new CountDownLatch(1);
    CountDownLatch mayGoOn = new CountDownLatch(1);
    site.on(
        "/slow",
        (request, response) -> {
          bind(request);
          isIn.countDown();
          assertThat(mayGoOn.await(60, TimeUnit.SECONDS)).isTrue();
        });
    Browser browser = site.browser();
    browser.get("/login");
    Browser slow = site.browser().token(browser.token());
    Future<Browser.Answer> answer = threads.submit(() -> slow.get("/slow"));
    assertThat(isIn.await(60, TimeUnit.SECONDS)).isTrue();
    browser.get("/logout");
    mayGoOn.countDown();
    answer.get(60, TimeUnit.SECONDS);

    assertThat(bindings).hasValue(1);
    assertLive(0, 0);
  }

  /** A value that writes down what it hears; static, since values are serialized. */
  private record Ticket(String text) implements HttpSessionBindingListener, Serializable {

    private static final List<String> HEARD = new CopyOnWriteArrayList<>();

    @Override
    public void valueBound(HttpSessionBindingEvent event) {
      HEARD.add("bound " + text);
    }

    @Override
    public void valueUnbound(HttpSessionBindingEvent event) {
      HEARD.add("unbound " + text);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"/invalidate", "/logout", "/logout-everywhere"})
  @DisplayName("an end by a request that has not seen what another one has stored meanwhile")
  void endByAnOlderRequest_isReportedAsStored(String path) throws Exception {
    site.close();
    counter = new Counter();
    List<String> atEnd = new CopyOnWriteArrayList<>();
    counter.atEnd =
        session -> {
          Collections.list(session.getAttributeNames())
              .forEach(name -> atEnd.add(name + "=" + session.getAttribute(name)));
        };
    site =
        new Site(
            container,
            true,
            manager ->
                manager.codec(
                    JavaSerializationCodec.builder().allow(Ticket.class.getName()).build()),
            filter -> filter.listener(counter));
    Ticket.HEARD.clear();
    CountDownLatch isIn = new CountDownLatch(1);
    CountDownLatch mayGoOn = new CountDownLatch(1);
    site.on(
            "/first",
            (request, response) -> {
              HttpSession session = request.getSession();
              for (String name : List.of("same", "cart", "removed", "own")) {
                session.setAttribute(name, new Ticket(name));
              }
            })
        .on(
            "/second",
            (request, response) -> {
              HttpSession session = request.getSession();
              session.setAttribute("cart", new Ticket("next cart"));
              session.setAttribute("lock", new Ticket("lock"));
              session.removeAttribute("removed");
            })
        .on(
            path,
            (request, response) -> {
              HttpSession session = request.getSession();
              session.getAttribute("cart");
              session.setAttribute("own", new Ticket("next own"));
              isIn.countDown();
              assertThat(mayGoOn.await(60, TimeUnit.SECONDS)).isTrue();
              switch (path) {
                case "/invalidate" -> session.invalidate();
                case "/logout" -> WebSession.of(request).logout();
                default -> WebSession.of(request).logoutEverywhere();
              }
            });
    Browser browser = site.browser();
    browser.get("/login");
    browser.get("/first");
    Browser slow = site.browser().token(browser.token());
    Future<Browser.Answer> answer = threads.submit(() -> slow.get(path));
    assertThat(isIn.await(60, TimeUnit.SECONDS)).isTrue();
    assertThat(browser.get("/second").status()).isEqualTo(200);
    mayGoOn.countDown();
    assertThat(answer.get(60, TimeUnit.SECONDS).status()).isEqualTo(200);

    assertThat(atEnd)
        .containsExactly(
            "cart=Ticket[text=next cart]",
            "lock=Ticket[text=lock]",
            "own=Ticket[text=next own]",
            "same=Ticket[text=same]");
    List<String> bound = Ticket.HEARD.stream().filter(one -> one.startsWith("bound")).toList();
    assertThat(bound).hasSize(7);
    assertThat(Ticket.HEARD)
        .filteredOn(one -> one.startsWith("un"))
        .containsExactlyInAnyOrderElementsOf(bound.stream().map(one -> "un" + one).toList());
  }

  @Test
  @DisplayName("values that one request binds and another request's login as another user ends")
  void loginInBetween() throws Exception {
    site.on(
        "/bind-and-bob",
        (request, response) -> {
          bind(request);
          site.manager.revokeAllOf("alice");
          WebSession.of(request).login("bob");
        });
    Browser browser = site.browser();
    browser.get("/login");

    browser.get("/bind-and-bob");

    assertThat(bindings).hasValue(1);
    assertLive(1, 0);
  }

  @Test
  @DisplayName("a request that begins one session after the other")
  void manyWithinOneRequest() throws Exception {
    site.on(
        "/many",
        (request, response) -> {
          for (int i = 0; i < 3; i++) {
            bind(request);
            request.getSession().invalidate();
          }
          request.getSession();
        });

    site.browser().get("/many");

    assertThat(counter.created).hasValue(4);
    assertLive(0, 0);
  }

  @Test
  @DisplayName("attack 11, C8: parallel logins on one session: each other session is one more")
  void parallelLogins() throws Exception {
    int clients = 6;
    Browser first = site.browser();
    first.get("/set");
    CyclicBarrier barrier = new CyclicBarrier(clients);
    site.on(
        "/login-at-once",
        (request, response) -> {
          request.getSession();
          barrier.await(60, TimeUnit.SECONDS);
          WebSession.of(request).login("alice");
        });
    List<Future<Browser.Answer>> answers = new ArrayList<>();
    for (int i = 0; i < clients; i++) {
      Browser one = site.browser().token(first.token());
      answers.add(threads.submit(() -> one.get("/login-at-once")));
    }
    for (Future<Browser.Answer> answer : answers) {
      assertThat(answer.get(60, TimeUnit.SECONDS).status()).isEqualTo(200);
    }
    int live = site.manager.sessionsOf("alice").size();

    assertThat(counter.created).hasValue(live);
    assertThat(counter.idChanges).as("of the one that kept its id").hasValue(1);
    site.manager.revokeAllOf("alice");
    assertLive(0, 0);
  }

  @Test
  @DisplayName("attack 11: what a login drops is bound no more")
  void droppedAtLogin() throws Exception {
    begin(manager -> manager.dropAttributesAtLogin(true), UnaryOperator.identity());
    Browser browser = site.browser();
    browser.get("/lease");
    site.listener().heard();
    site.on(
        "/bind-and-login",
        (request, response) -> {
          request.getSession().setAttribute("second", new Lease());
          WebSession.of(request).login("alice");
        });

    browser.get("/bind-and-login");

    assertThat(bindings).hasValue(2);
    assertThat(site.listener().heard()).filteredOn(one -> one.startsWith("removed")).hasSize(2);
    assertLive(1, 0);
    browser.get("/logout");
    assertLive(0, 0);
  }

  @Test
  @DisplayName("what a login drops is unbound as it was stored, not as its request had found it")
  void droppedAtLogin_asOthersHaveStoredIt() {
    assertDroppedIsUnbound(LoginOptions.defaults());
  }

  @Test
  @DisplayName("and so it is if the login's condition turns out not to hold")
  void droppedAtLogin_thatIsNotValid() {
    assertDroppedIsUnbound(LoginOptions.builder().validIf(() -> false).build());
  }

  @Test
  @DisplayName("or if the condition itself ends the session")
  void droppedAtLogin_whoseConditionEndsTheSession() {
    assertDroppedIsUnbound(
        LoginOptions.builder().validIf(() -> site.manager.revokeAllOf("alice") == 1).build());
  }

  private void assertDroppedIsUnbound(LoginOptions options) {
    site.close();
    counter = new Counter();
    site =
        new Site(
            container,
            true,
            manager ->
                manager
                    .dropAttributesAtLogin(true)
                    .codec(JavaSerializationCodec.builder().allow(Ticket.class.getName()).build()),
            filter -> filter.listener(counter));
    Ticket.HEARD.clear();
    Browser browser = site.browser();
    site.on(
            "/first",
            (request, response) -> {
              for (String name : List.of("same", "replaced", "removed")) {
                request.getSession().setAttribute(name, new Ticket(name));
              }
            })
        .on(
            "/second",
            (request, response) -> {
              HttpSession session = request.getSession();
              session.setAttribute("replaced", new Ticket("next"));
              session.setAttribute("late", new Ticket("late"));
              session.removeAttribute("removed");
            })
        .on(
            "/login-late",
            (request, response) -> {
              request.getSession().setAttribute("own", new Ticket("own"));
              assertThat(site.browser().token(browser.token()).get("/second").status())
                  .isEqualTo(200);
              WebSession.of(request).login("alice", options);
            });
    browser.get("/first");

    assertThat(browser.get("/login-late").status()).isEqualTo(200);

    List<String> bound = Ticket.HEARD.stream().filter(one -> one.startsWith("bound")).toList();
    assertThat(bound).hasSize(6);
    assertThat(Ticket.HEARD)
        .filteredOn(one -> one.startsWith("un"))
        .containsExactlyInAnyOrderElementsOf(bound.stream().map(one -> "un" + one).toList());
  }

  @Test
  @DisplayName("attack 11: so is what is not carried over to another user, saved or not")
  void notCarriedOver() throws Exception {
    Browser browser = site.browser();
    browser.get("/login");
    browser.get("/lease");
    site.on(
        "/bind-and-bob",
        (request, response) -> {
          request.getSession().setAttribute("second", new Lease());
          WebSession.of(request).login("bob");
        });

    browser.get("/bind-and-bob");

    assertThat(bindings).hasValue(2);
    assertLive(1, 0);
  }

  @Test
  @DisplayName(
      "attack 11: a draft that a login takes over changes its id and is not another session")
  void loginOnADraft() throws Exception {
    site.on(
        "/draft",
        (request, response) -> {
          bind(request);
          WebSession.of(request).login("alice");
        });

    site.browser().get("/draft");

    assertThat(counter.created).hasValue(1);
    assertThat(counter.idChanges).hasValue(1);
    assertLive(1, 1);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  @DisplayName("attack 18: a listener of the end begins a session, whose cookie goes out")
  void sessionBegunAtTheEnd_keepsItsCookie(boolean isStoredAtOnce) throws Exception {
    assumeTrue(
        !isStoredAtOnce || Container.isServlet61(),
        "a session is stored at once by its accessor, which Servlet 6.0 lacks");
    site.on(
        "/end",
        (request, response) -> {
          counter.atEnd =
              ended -> {
                counter.atEnd = other -> {};
                HttpSession next = request.getSession();
                next.setAttribute("notice", "you are logged out");
                if (isStoredAtOnce) {
                  Accessors.of(next);
                }
              };
          request.getSession().invalidate();
        });
    site.on(
        "/notice",
        (request, response) ->
            response.getWriter().print(request.getSession().getAttribute("notice")));
    Browser browser = site.browser();
    browser.get("/login");
    String before = browser.token();

    Browser.Answer answer = browser.get("/end");

    assertThat(answer.setCookie()).doesNotContain("Max-Age=0");
    assertThat(browser.token()).isNotEqualTo(before);
    assertThat(browser.get("/notice").body()).isEqualTo("you are logged out");
    assertLive(1, 0);
  }

  @ParameterizedTest
  @ValueSource(strings = {"created", "id changed", "valid", "as another"})
  @DisplayName("attack 18: a login that a listener ends again is none")
  void loginThatAListenerEnds(String where) throws Exception {
    Browser browser = site.browser();
    if (!where.equals("created")) {
      browser.get("/set");
    }
    site.on(
        "/login-and-end",
        (request, response) -> {
          if (where.equals("created")) {
            counter.atCreation = HttpSession::invalidate;
          } else if (where.equals("id changed")) {
            counter.atIdChange = HttpSession::invalidate;
          } else if (where.equals("as another")) {
            counter.atIdChange =
                session -> {
                  counter.atIdChange = same -> {};
                  WebSession.of(request).login("mallory");
                };
          }
          LoginOptions options =
              LoginOptions.builder()
                  .validIf(
                      () -> {
                        if (where.equals("valid")) {
                          WebSession.of(request).logout();
                        }
                        return true;
                      })
                  .build();
          response.getWriter().print(WebSession.of(request).login("alice", options));
        });

    assertThat(browser.get("/login-and-end").body()).isEqualTo("NO_LONGER_VALID");

    assertThat(site.manager.sessionsOf("alice")).isEmpty();
    assertLive(where.equals("as another") ? 1 : 0, 0);
  }

  @Test
  @DisplayName("a value that is set by another one in its place, which then replaces it")
  void setWhileAnotherIsBound_isUnbound() throws Exception {
    site.on(
        "/predecessor",
        (request, response) -> request.getSession().setAttribute("lease", new Predecessor()));
    counter.atEnd = session -> session.setAttribute("late", new Predecessor());
    Browser browser = site.browser();

    browser.get("/predecessor");

    assertThat(bindings).hasValue(1);
    assertLive(1, 0);
    browser.get("/predecessor");
    assertThat(bindings).hasValue(2);
    assertLive(1, 0);
    browser.get("/logout");
    assertThat(bindings).hasValue(3);
    assertLive(0, 0);
  }

  @Test
  @DisplayName("F10: at the end listeners may change the session, and it is forgotten")
  void changesAtTheEnd() throws Exception {
    List<String> done = new ArrayList<>();
    counter.atEnd =
        session -> {
          session.removeAttribute("lease");
          session.removeAttribute("none");
          session.setAttribute("late", new Lease());
          session.setAttribute("late", new Lease());
          session.setAttribute("text", "1");
          session.setAttribute("text", null);
          session.setMaxInactiveInterval(10);
          session.invalidate();
          done.add(session.getAttribute("lease") + ", " + session.getAttribute("text"));
        };
    Browser browser = site.browser();
    browser.get("/lease");

    assertThat(browser.get("/logout").status()).isEqualTo(200);

    assertThat(done).containsExactly("null, null");
    assertThat(bindings).hasValue(3);
    assertLive(0, 0);

    browser.get("/lease");
    site.clock.advance(Duration.ofHours(1));
    site.manager.cleanUp();
    assertThat(done).hasSize(2);
    assertLive(0, 0);
  }
}

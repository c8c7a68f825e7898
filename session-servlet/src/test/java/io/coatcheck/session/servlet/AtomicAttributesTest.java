package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.codec.JavaSerializationCodec;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.store.SessionStoreException;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionActivationListener;
import jakarta.servlet.http.HttpSessionBindingEvent;
import jakarta.servlet.http.HttpSessionBindingListener;
import jakarta.servlet.http.HttpSessionEvent;
import java.io.Serializable;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("I4: one atomic step on an attribute, within a request")
@ParameterizedClass(name = "{0}, copies on read: {1}")
@MethodSource("stores")
class AtomicAttributesTest {

  private static final List<String> HEARD = new CopyOnWriteArrayList<>();

  @Parameter(0)
  Container container;

  @Parameter(1)
  boolean copyOnRead;

  private final ExecutorService threads = Executors.newFixedThreadPool(8);
  private Site site;
  private Browser browser;

  static Stream<Arguments> stores() {
    return Stream.of(Container.values())
        .flatMap(container -> Stream.of(false, true).map(copy -> Arguments.of(container, copy)));
  }

  @BeforeEach
  void start() {
    HEARD.clear();
    site =
        new Site(
            container,
            copyOnRead,
            builder ->
                builder.codec(
                    JavaSerializationCodec.builder().allow(Notice.class.getName()).build()),
            UnaryOperator.identity());
    browser = site.browser();
  }

  @AfterEach
  void stop() {
    threads.shutdownNow();
    site.close();
  }

  private Browser.Answer within(Handler assertions) {
    return site.within(browser, assertions);
  }

  private <T> List<T> all(List<Callable<T>> tasks) throws Exception {
    List<T> results = new ArrayList<>();
    for (Future<T> one : threads.invokeAll(tasks, 60, TimeUnit.SECONDS)) {
      results.add(one.get());
    }
    return results;
  }

  /** A value that writes down what it hears. */
  private record Notice(String name)
      implements HttpSessionBindingListener, HttpSessionActivationListener, Serializable {

    @Override
    public void valueBound(HttpSessionBindingEvent event) {
      HEARD.add(name + " bound");
    }

    @Override
    public void valueUnbound(HttpSessionBindingEvent event) {
      HEARD.add(name + " unbound");
    }

    @Override
    public void sessionWillPassivate(HttpSessionEvent event) {
      HEARD.add(name + " passivates");
    }

    @Override
    public void sessionDidActivate(HttpSessionEvent event) {
      HEARD.add(name + " activated");
    }
  }

  private static List<String> heardOfBinding() {
    List<String> heard =
        HEARD.stream()
            .filter(one -> !one.endsWith("passivates") && !one.endsWith("activated"))
            .toList();
    HEARD.clear();
    return heard;
  }

  @Test
  @DisplayName("B38: 20 forms, each sent twice at once, are 20 orders")
  void take_formSentTwice_isOneOrder() throws Exception {
    AtomicInteger orders = new AtomicInteger();
    site.on(
            "/form",
            (request, response) ->
                request.getSession().setAttribute("form " + request.getParameter("n"), "open"))
        .on(
            "/order",
            (request, response) -> {
              String form = "form " + request.getParameter("n");
              if (WebSession.of(request).take(form).isPresent()) {
                orders.incrementAndGet();
              }
            });
    browser.get("/begin");
    for (int form = 0; form < 20; form++) {
      String query = "?n=" + form;
      browser.get("/form" + query);
      Callable<Integer> send = () -> browser.get("/order" + query).status();
      assertThat(all(List.of(send, send))).containsOnly(200);
    }
    assertThat(orders).hasValue(20);
  }

  @Test
  @DisplayName("B14: 100 requests that count, 8 at once, count to 100")
  void update_counter_losesNothing() throws Exception {
    site.on(
        "/count",
        (request, response) -> {
          request.getSession().setAttribute("own " + request.getParameter("n"), "1");
          WebSession.of(request).update("n", Integer.class, n -> n.orElse(0) + 1);
        });
    browser.get("/begin");
    List<Callable<Integer>> requests = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      String path = "/count?n=" + i % 10;
      requests.add(() -> browser.get(path).status());
    }
    assertThat(all(requests)).containsOnly(200);

    within(
        (request, response) -> {
          assertThat(request.getSession().getAttribute("n")).isEqualTo(100);
          assertThat(request.getSession().getAttribute("own 9")).isEqualTo("1");
        });
  }

  @Test
  @DisplayName("I10: without a session, a take begins none, and an update only for a value")
  void noSession() {
    assertThat(
            within(
                    (request, response) -> {
                      WebSession session = WebSession.of(request);
                      assertThat(session.take("a")).isEmpty();
                      assertThat(session.update("a", String.class, a -> null)).isEmpty();
                      assertThat(request.getSession(false)).isNull();
                    })
                .setCookies())
        .isEmpty();
    assertThat(
            within(
                    (request, response) ->
                        assertThat(WebSession.of(request).update("a", String.class, a -> "1"))
                            .contains("1"))
                .setCookies())
        .hasSize(1);
    assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("a");
  }

  @Test
  @DisplayName("after the commit: a stored session is changed, a new one cannot begin")
  void afterTheCommit() {
    within(
        (request, response) -> {
          response.flushBuffer();
          assertThatThrownBy(() -> WebSession.of(request).update("a", String.class, a -> "1"))
              .isInstanceOf(IllegalStateException.class);
        });
    browser.get("/begin");
    within(
        (request, response) -> {
          response.flushBuffer();
          assertThat(WebSession.of(request).take("a")).contains("1");
          assertThat(site.stored(browser.token()).attributes()).as("at once").isEmpty();
        });
  }

  @Test
  @DisplayName("on another thread of an asynchronous request")
  void asynchronous() throws Exception {
    AtomicReference<Future<Boolean>> taken = new AtomicReference<>();
    browser.get("/begin");
    site.on(
        "/async",
        (request, response) -> {
          AsyncContext context = request.startAsync();
          taken.set(
              threads.submit(
                  () -> {
                    response.getWriter().print(WebSession.of(request).take("a"));
                    context.complete();
                    return true;
                  }));
        });

    assertThat(browser.get("/async").body()).isEqualTo("Optional[1]");

    assertThat(taken.get().get(60, TimeUnit.SECONDS)).isTrue();
    assertThat(site.stored(browser.token()).attributes()).isEmpty();
  }

  @Test
  @DisplayName("values that listen are bound once for each candidate, and unbound as often")
  void bindings() {
    browser.get("/begin");
    within(
        (request, response) -> {
          WebSession session = WebSession.of(request);
          session.update("x", Notice.class, x -> new Notice("first"));
          assertThat(heardOfBinding()).containsExactly("first bound");
          assertThat(request.getSession().getAttribute("x")).isEqualTo(new Notice("first"));
          session.update("x", Notice.class, x -> new Notice("second"));
          assertThat(heardOfBinding()).containsExactly("second bound", "first unbound");
          session.update("x", Notice.class, x -> x.orElseThrow());
          assertThatThrownBy(
                  () ->
                      session.update(
                          "x",
                          Notice.class,
                          x -> {
                            throw new IllegalStateException("not now");
                          }))
              .hasMessage("not now");
          assertThat(heardOfBinding()).isEmpty();
          session.take("x");
          assertThat(heardOfBinding()).containsExactly("second unbound");
        });
  }

  @Test
  @DisplayName(
      "a value that an update removes is unbound once, and attribute listeners are notified")
  void bindings_ofWhatIsRemoved() {
    browser.get("/begin");
    within((request, response) -> request.getSession().setAttribute("x", new Notice("stored")));
    heardOfBinding();
    within(
        (request, response) -> {
          WebSession session = WebSession.of(request);
          session.update("x", Notice.class, x -> null);
          assertThat(heardOfBinding())
              .as("of a value that was stored")
              .containsExactly("stored unbound");
          session.update("x", Notice.class, x -> null);
          assertThat(heardOfBinding()).as("of no value").isEmpty();
          request.getSession().setAttribute("y", new Notice("own"));
          session.update("y", Notice.class, y -> null);
          assertThat(heardOfBinding()).as("of its own").containsExactly("own bound", "own unbound");
        });
    assertThat(heardOfBinding()).as("after the request").isEmpty();
  }

  @Test
  @DisplayName("a candidate that is decided again, or is not stored, is unbound")
  void bindings_ofCandidatesThatLose() {
    browser.get("/begin");
    Browser other = site.browser().token(browser.token());
    site.on("/other", (request, response) -> request.getSession().setAttribute("x", "other"));
    AtomicInteger calls = new AtomicInteger();
    within(
        (request, response) ->
            WebSession.of(request)
                .update(
                    "x",
                    Object.class,
                    x -> {
                      if (calls.getAndIncrement() == 0) {
                        other.get("/other");
                      }
                      return new Notice("try " + calls.get());
                    }));
    assertThat(heardOfBinding()).containsExactly("try 1 bound", "try 1 unbound", "try 2 bound");
    Browser.Answer answer =
        within(
            (request, response) ->
                assertThat(
                        WebSession.of(request)
                            .update(
                                "y",
                                Object.class,
                                y -> {
                                  other.get("/logout");
                                  return new Notice("late");
                                }))
                    .isEmpty());
    assertThat(answer.status()).isEqualTo(200);
    assertThat(heardOfBinding()).contains("late bound", "late unbound");
    assertThat(site.events).anyMatch(SessionEvent.WriteDropped.class::isInstance);
  }

  @Test
  @DisplayName("a function may end the session, log in, or make its own step")
  void functionsThatUseTheSession() {
    browser.get("/begin");
    within(
        (request, response) -> {
          WebSession session = WebSession.of(request);
          assertThat(
                  session.update(
                      "n",
                      Integer.class,
                      n -> session.update("m", Integer.class, m -> m.orElse(0) + 1).orElseThrow()))
              .contains(1);
          assertThat(
                  session.update(
                      "n",
                      Integer.class,
                      n -> {
                        if (session.principal().isEmpty()) {
                          session.login("alice");
                        }
                        return n.orElse(0) + 1;
                      }))
              .contains(2);
          assertThat(session.principal()).contains("alice");
        });
    within(
        (request, response) -> {
          WebSession session = WebSession.of(request);
          assertThat(session.principal()).contains("alice");
          assertThat(request.getSession().getAttribute("n")).isEqualTo(2);
          assertThat(request.getSession().getAttribute("m")).isEqualTo(1);
          assertThat(
                  session.update(
                      "n",
                      Object.class,
                      n -> {
                        if (session.principal().isPresent()) {
                          session.logout();
                        }
                        return new Notice("late");
                      }))
              .isEmpty();
          assertThat(heardOfBinding()).containsExactly("late bound", "late unbound");
        });
    within((request, response) -> assertThat(request.getSession(false)).isNull());
  }

  @Test
  @DisplayName("values that listen to activation are notified around the bytes")
  void activations() {
    browser.get("/begin");
    within(
        (request, response) ->
            WebSession.of(request).update("x", Notice.class, x -> new Notice("v")));
    assertThat(HEARD)
        .startsWith(
            copyOnRead
                ? new String[] {"v bound", "v passivates", "v activated"}
                : new String[] {"v bound"});
    HEARD.clear();
    within((request, response) -> WebSession.of(request).take("x"));
    assertThat(HEARD)
        .containsExactly(
            copyOnRead ? new String[] {"v activated", "v unbound"} : new String[] {"v unbound"});
  }

  @Test
  @DisplayName("I9: a store that fails is a 503, though the application goes on")
  void storeFails_isUnavailable() {
    browser.get("/begin");
    Browser.Answer answer =
        within(
            (request, response) -> {
              request.getSession();
              site.store.fail("update");
              assertThatThrownBy(() -> WebSession.of(request).take("a"))
                  .isInstanceOf(SessionStoreException.class);
            });
    assertThat(answer.status()).isEqualTo(503);
  }

  @Test
  @DisplayName("only our sessions, and only attributes of the application")
  void refusals() {
    browser.get("/begin");
    within(
        (request, response) -> {
          AtomicAttributes attributes = AtomicAttributes.of(request.getSession());
          assertThat(attributes.take("a")).contains("1");
          assertThatThrownBy(
                  () -> attributes.update("org.apache.tomcat.websocket.x", String.class, x -> "1"))
              .isInstanceOf(IllegalArgumentException.class)
              .hasMessageContaining("of the container");
        });
    HttpSession foreign =
        (HttpSession)
            Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {HttpSession.class},
                (proxy, method, arguments) -> null);
    assertThatThrownBy(() -> AtomicAttributes.of(foreign))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("nor from an accessor");
  }

  @Test
  @DisplayName("when the request is over, a step is refused, as any change")
  void afterTheRequest_isRefused() {
    browser.get("/begin");
    AtomicReference<AtomicAttributes> kept = new AtomicReference<>();
    within((request, response) -> kept.set(AtomicAttributes.of(request.getSession())));

    assertThatThrownBy(() -> kept.get().take("a")).isInstanceOf(IllegalStateException.class);

    assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("a");
  }

  @Test
  @EnabledIf(
      value = "io.coatcheck.session.servlet.Container#isServlet61",
      disabledReason = "Servlet 6.0 has no HttpSession.Accessor")
  @DisplayName("by an accessor, as in a request, and stored before the access returns")
  void accessor() {
    browser.get("/begin");
    within(
        (request, response) ->
            Accessors.access(
                request.getSession(),
                session -> {
                  AtomicAttributes attributes = AtomicAttributes.of(session);
                  assertThat(attributes.update("n", Integer.class, n -> n.orElse(0) + 1))
                      .contains(1);
                  assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("a", "n");
                  assertThat(attributes.take("a")).contains("1");
                }));
    assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("n");
  }
}

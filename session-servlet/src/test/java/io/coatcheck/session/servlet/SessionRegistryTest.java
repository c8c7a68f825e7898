package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.token.SessionId;
import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionEvent;
import jakarta.servlet.http.HttpSessionIdListener;
import jakarta.servlet.http.HttpSessionListener;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("I19, attack 4: listeners that keep all sessions and ask each of them, under load")
@ParameterizedClass(name = "{0}, copies on read: {1}")
@MethodSource("stores")
class SessionRegistryTest {

  private static final int CLIENTS = 6;
  private static final int ROUNDS = 25;

  @Parameter(0)
  Container container;

  @Parameter(1)
  boolean copyOnRead;

  private final ExecutorService threads = Executors.newCachedThreadPool();
  private Site site;

  static Stream<Arguments> stores() {
    return Stream.of(Container.values())
        .flatMap(container -> Stream.of(false, true).map(copy -> Arguments.of(container, copy)));
  }

  /** The listener of an application that shows who is here. */
  private static final class Registry implements HttpSessionListener, HttpSessionIdListener {

    private final Set<HttpSession> present = ConcurrentHashMap.newKeySet();

    @Override
    public void sessionCreated(HttpSessionEvent event) {
      present.add(event.getSession());
      askAll();
    }

    @Override
    public void sessionDestroyed(HttpSessionEvent event) {
      askAll();
      present.remove(event.getSession());
    }

    @Override
    public void sessionIdChanged(HttpSessionEvent event, String oldSessionId) {
      askAll();
    }

    private void askAll() {
      for (HttpSession session : present) {
        session.getId();
        try {
          session.getAttribute("a");
          session.setAttribute("seen", Thread.currentThread().getName());
          session.isNew();
        } catch (IllegalStateException e) {
          // It has ended, or its request has.
        }
      }
    }
  }

  @AfterEach
  void stop() {
    threads.shutdownNow();
    site.close();
  }

  @Test
  void allRequests_areAnswered() throws Exception {
    Registry registry = new Registry();
    site =
        new Site(
                container,
                copyOnRead,
                UnaryOperator.identity(),
                filter -> filter.listener(registry))
            .on("/look", (request, response) -> request.getSession())
            .on("/change-id", (request, response) -> request.changeSessionId());
    List<Future<?>> clients = new ArrayList<>();
    for (int client = 0; client < CLIENTS; client++) {
      clients.add(threads.submit(this::visitAgainAndAgain));
    }

    ThreadMXBean detector = ManagementFactory.getThreadMXBean();
    long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(2);
    for (Future<?> client : clients) {
      while (!client.isDone()) {
        long[] deadlocked = detector.findDeadlockedThreads();
        if (deadlocked != null) {
          throw new AssertionError(
              "deadlock: " + Arrays.toString(detector.getThreadInfo(deadlocked, true, true)));
        }
        assertThat(System.nanoTime() - deadline).as("in time").isNegative();
        try {
          client.get(100, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
          // Look again.
        }
      }
      client.get();
    }
    // Some containers end a request after the client has its answer.
    Await.until(registry.present::isEmpty);
    assertThat(registry.present).as("what was added and has ended").isEmpty();
  }

  @Test
  @DisplayName("the objects of one session are equal, also after a login, and those of two are not")
  void objectsOfOneSession_areEqual() {
    List<HttpSession> kept = new ArrayList<>();
    site =
        new Site(container, copyOnRead, UnaryOperator.identity(), UnaryOperator.identity())
            .on("/keep", (request, response) -> kept.add(request.getSession()));
    Browser browser = site.browser();
    for (String path : List.of("/begin", "/keep", "/login", "/keep")) {
      assertThat(browser.get(path).status()).isEqualTo(200);
    }
    Browser other = site.browser();
    for (String path : List.of("/begin", "/keep")) {
      assertThat(other.get(path).status()).isEqualTo(200);
    }

    assertThat(kept.get(0)).isNotSameAs(kept.get(1)).isEqualTo(kept.get(1));
    assertThat(kept.get(0)).hasSameHashCodeAs(kept.get(1)).isNotEqualTo(kept.get(2));
    assertThat(kept.get(0).getId()).as("each shows what its request saw").endsWith("~0");
    assertThat(kept.get(1).getId()).endsWith("~1");
  }

  @Test
  @DisplayName("a session kept from before a login does not end it, and SessionManager.revoke does")
  void keptSession_isEndedByItsId() {
    Registry registry = new Registry();
    site =
        new Site(
                container,
                copyOnRead,
                UnaryOperator.identity(),
                filter -> filter.listener(registry))
            .on(
                "/id",
                (request, response) ->
                    response.getWriter().print(WebSession.of(request).id().orElseThrow()));
    Browser browser = site.browser();
    browser.get("/begin");
    HttpSession kept = registry.present.iterator().next();
    browser.get("/login");

    kept.invalidate();

    assertThat(browser.get("/me").body()).isEqualTo("alice");
    SessionId id = SessionId.parse(browser.get("/id").body()).orElseThrow();
    assertThat(site.manager.revoke(id)).isTrue();
    assertThat(browser.get("/me").body()).isEqualTo("nobody");
    assertThat(registry.present).isEmpty();
  }

  private void visitAgainAndAgain() {
    for (int round = 0; round < ROUNDS; round++) {
      Browser browser = site.browser();
      for (String path : List.of("/look", "/begin", "/login", "/change-id", "/logout")) {
        assertThat(browser.get(path).status()).isEqualTo(200);
      }
    }
  }
}

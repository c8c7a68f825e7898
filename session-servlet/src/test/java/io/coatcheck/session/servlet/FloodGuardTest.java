package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.test.log.RecordedLog;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.Filter;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("F54: a limit to the anonymous sessions that a client begins in a second")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class FloodGuardTest {

  private static final String FORWARDED = "X-Forwarded-For";

  @Parameter Container container;

  @AutoClose private Site site;

  @BeforeEach
  void start() {
    begin(FloodGuard.builder(2).build());
  }

  private void begin(FloodGuard guard) {
    site =
        new Site(container, false, UnaryOperator.identity(), builder -> builder.floodGuard(guard))
            .on(
                "/begin",
                (request, response) -> {
                  request.getSession().setAttribute("a", "1");
                  response.setHeader("X-Application", "was here");
                  response.getWriter().print("begun");
                })
            .on("/look", (request, response) -> request.getSession().getAttribute("a"))
            .on(
                "/login",
                (request, response) -> {
                  request.getSession().setAttribute("a", "1");
                  WebSession.of(request).login("alice");
                });
  }

  private Browser.Answer newcomer(String path, String... headers) {
    return site.browser().send("GET", path, headers);
  }

  private void exhaust(String... headers) {
    assertThat(newcomer("/begin", headers).status()).isEqualTo(200);
    assertThat(newcomer("/begin", headers).status()).isEqualTo(200);
    assertThat(newcomer("/begin", headers).status()).isEqualTo(429);
  }

  @Test
  @DisplayName("beyond the limit: 429 with Retry-After, nothing stored, no cookie, nothing written")
  void overTheLimit_isShed() {
    exhaust();
    site.store.forgetCalls();

    Browser.Answer answer = newcomer("/begin");

    assertThat(answer.status()).isEqualTo(429);
    assertThat(answer.header("Retry-After")).isEqualTo("1");
    assertThat(answer.header("Cache-Control")).isEqualTo("no-store");
    assertThat(answer.header("X-Application")).isNull();
    assertThat(answer.setCookies()).isEmpty();
    assertThat(answer.body()).startsWith("Too many new sessions");
    assertThat(site.store.calls()).isEmpty();
  }

  @Test
  @DisplayName("by the manager's clock: one more for each half second, and never more than a burst")
  void time_bringsMore() {
    exhaust();
    site.clock.advance(Duration.ofMillis(499));
    assertThat(newcomer("/begin").status()).isEqualTo(429);
    site.clock.advance(Duration.ofMillis(1));
    assertThat(newcomer("/begin").status()).isEqualTo(200);
    assertThat(newcomer("/begin").status()).isEqualTo(429);

    site.clock.advance(Duration.ofHours(1));
    exhaust();
  }

  @Test
  @DisplayName("a login is never refused, whatever its request stored before")
  void login_isNeverShed() {
    exhaust();

    for (int i = 0; i < 5; i++) {
      Browser.Answer answer = newcomer("/login");
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.setCookies()).hasSize(1);
    }
  }

  @Test
  @DisplayName("nor is a user whom the container has authenticated, such as by a password")
  void userOfTheContainer_isNeverShed() {
    FloodGuard guard = FloodGuard.builder(2).build();
    Filter asAlice =
        (request, response, chain) ->
            chain.doFilter(
                request.getParameter("alice") == null ? request : new OfAlice(request), response);
    site.filters(asAlice, SessionFilter.builder(site.manager).floodGuard(guard).build());
    exhaust();
    for (int i = 0; i < 5; i++) {
      Browser.Answer answer = newcomer("/begin?alice=1");
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.setCookies()).hasSize(1);
    }
    assertThat(newcomer("/begin").status()).isEqualTo(429);
  }

  private static final class OfAlice extends HttpServletRequestWrapper {

    OfAlice(ServletRequest request) {
      super((HttpServletRequest) request);
    }

    @Override
    public String getRemoteUser() {
      return "alice";
    }
  }

  @Test
  @DisplayName(
      "clients that have a session, and those for which nothing is stored, are not limited")
  void others_areNotShed() {
    Browser known = site.browser();
    known.get("/begin");
    assertThat(newcomer("/begin").status()).isEqualTo(200);
    assertThat(newcomer("/begin").status()).isEqualTo(429);

    assertThat(known.get("/begin").status()).isEqualTo(200);
    for (int i = 0; i < 5; i++) {
      assertThat(newcomer("/look").status()).isEqualTo(200);
    }
  }

  @Test
  @DisplayName("a session of an asynchronous request is shed alike")
  void async_isShed() {
    site.on(
        "/async",
        (request, response) -> {
          request.getSession().setAttribute("a", "1");
          AsyncContext context = request.startAsync();
          context.start(
              () -> {
                try {
                  response.getWriter().print("done");
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                } finally {
                  context.complete();
                }
              });
        });
    exhaust();
    site.store.forgetCalls();

    Browser.Answer answer = newcomer("/async");

    assertThat(answer.status()).isEqualTo(429);
    assertThat(answer.setCookies()).isEmpty();
    assertThat(site.store.calls()).isEmpty();
  }

  @Test
  @DisplayName(
      "if the response commits early, the session is refused before that, and the application gets the exception")
  void earlyCommit_isShed() {
    site.on(
        "/early",
        (request, response) -> {
          request.getSession().setAttribute("a", "1");
          response.getWriter().print("early");
          response.flushBuffer();
        });
    exhaust();

    Browser.Answer answer = newcomer("/early");

    assertThat(answer.status()).isEqualTo(429);
    assertThat(answer.body()).doesNotContain("early");
  }

  @Test
  @DisplayName("what clients write into X-Forwarded-For is not believed")
  void forwardedHeader_withoutTrust_isNotRead() {
    exhaust();

    assertThat(newcomer("/begin", FORWARDED, "203.0.113.9").status()).isEqualTo(429);
  }

  @Test
  @DisplayName("behind trusted proxies, the last hop that is not one of them is the client")
  void forwardedHeader_ofTrustedProxies_isRead() {
    site.close();
    begin(FloodGuard.builder(2).trustedProxies("127.0.0.0/8", "::1", "10.0.0.0/8").build());
    exhaust(FORWARDED, "203.0.113.9");

    assertThat(newcomer("/begin", FORWARDED, "203.0.113.10").status()).isEqualTo(200);
    // Whatever the client wrote, and however many proxies passed it on.
    assertThat(newcomer("/begin", FORWARDED, "198.51.100.1, 203.0.113.9, 10.1.1.1").status())
        .isEqualTo(429);
    assertThat(newcomer("/begin", FORWARDED, "203.0.113.9:4711").status()).isEqualTo(429);
    assertThat(newcomer("/begin", FORWARDED, "198.51.100.2", FORWARDED, "203.0.113.9").status())
        .as("two lines")
        .isEqualTo(429);
    // One /64 is one client.
    exhaust(FORWARDED, "2001:db8:1:2::1");
    assertThat(newcomer("/begin", FORWARDED, "2001:db8:1:2:ffff::9").status()).isEqualTo(429);
    assertThat(newcomer("/begin", FORWARDED, "2001:db8:1:3::1").status()).isEqualTo(200);
    // What is no address ends the way back; the proxy that wrote it stands for the client.
    exhaust(FORWARDED, "203.0.113.77, <script>");
    assertThat(newcomer("/begin", FORWARDED, "unknown").status()).isEqualTo(429);
  }

  @Test
  @DisplayName("one line a minute, with how many, and nothing that a client wrote")
  void log_isBounded() {
    try (RecordedLog log = RecordedLog.of(FloodGuard.class)) {
      exhaust();
      IntStream.range(0, 20).forEach(i -> newcomer("/begin", FORWARDED, "secret"));
      assertThat(log.lines()).hasSize(1);
      assertThat(log.lines().get(0)).contains(": 1 since");

      site.clock.advance(Duration.ofSeconds(59));
      exhaust();
      assertThat(log.lines()).hasSize(1);
      site.clock.advance(Duration.ofSeconds(1));
      newcomer("/begin");
      newcomer("/begin");
      newcomer("/begin");

      assertThat(log.lines()).hasSize(2);
      assertThat(log.lines().get(1)).contains(": 22 since", "127.0.0.1").doesNotContain("secret");
    }
  }

  @Test
  @DisplayName("I19: a request that an earlier filter has wrapped may wait for another thread")
  void wrappedRequest_mayWaitForAnotherThread() {
    ExecutorService threads = Executors.newCachedThreadPool();
    AtomicReference<HttpServletRequest> seen = new AtomicReference<>();
    List<Throwable> problems = new CopyOnWriteArrayList<>();
    Filter front =
        (request, response, chain) ->
            chain.doFilter(
                new HttpServletRequestWrapper((HttpServletRequest) request) {
                  @Override
                  public String getRemoteAddr() {
                    HttpServletRequest inner = seen.get();
                    if (inner != null) {
                      try {
                        threads
                            .submit(() -> WebSession.of(inner).bridge().beforeLogout(() -> {}))
                            .get(30, TimeUnit.SECONDS);
                      } catch (InterruptedException | ExecutionException | TimeoutException e) {
                        problems.add(e);
                      }
                    }
                    return super.getRemoteAddr();
                  }
                },
                response);
    site.filters(
        front,
        SessionFilter.builder(site.manager).floodGuard(FloodGuard.builder(5).build()).build());
    site.on(
        "/seen",
        (request, response) -> {
          request.getSession().setAttribute("a", "1");
          seen.set(request);
        });

    assertThat(newcomer("/seen").setCookies()).hasSize(1);
    assertThat(problems).isEmpty();
    threads.shutdownNow();
  }
}

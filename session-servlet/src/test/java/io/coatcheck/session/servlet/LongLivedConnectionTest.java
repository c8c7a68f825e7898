package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.AsyncContext;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("Server-sent events: a connection that outlives its request, and perhaps its session")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class LongLivedConnectionTest {

  @Parameter Container container;

  @AutoClose private Site site;
  private Browser browser;

  /** Each element makes the open connection send once whether its session is still live. */
  private final BlockingQueue<Boolean> ticks = new ArrayBlockingQueue<>(10);

  /** Has a permit for each connection that the server has ended. */
  private final Semaphore ended = new Semaphore(0);

  @BeforeEach
  void start() {
    site =
        new Site(container)
            .on("/other", (request, response) -> WebSession.of(request).login("bob"))
            .on("/renew", (request, response) -> request.changeSessionId())
            .on("/put", (request, response) -> request.getSession().setAttribute("b", "2"))
            .on(
                "/events",
                (request, response) -> {
                  WebSession session = WebSession.of(request);
                  response.setContentType("text/event-stream");
                  PrintWriter out = response.getWriter();
                  AsyncContext context = request.startAsync();
                  context.setTimeout(0);
                  Thread events = new Thread(() -> report(session, out, context), "events");
                  events.start();
                });
    browser = site.browser();
    browser.get("/login");
  }

  private void report(WebSession session, PrintWriter out, AsyncContext context) {
    try {
      Boolean next = ticks.poll(60, TimeUnit.SECONDS);
      while (next != null && next) {
        out.print("data: " + session.isStillLive() + "\n\n");
        out.flush();
        next = ticks.poll(60, TimeUnit.SECONDS);
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    } finally {
      context.complete();
      ended.release();
    }
  }

  /** The client side of an open connection. */
  private final class Events implements AutoCloseable {

    private final Socket socket;
    private final BufferedReader in;

    Events(String token) throws IOException {
      socket = new Socket("localhost", site.port());
      socket.setSoTimeout(60_000);
      socket
          .getOutputStream()
          .write(
              ("GET /events HTTP/1.1\r\nHost: localhost\r\nCookie: "
                      + Browser.SESSION
                      + '='
                      + token)
                  .getBytes(StandardCharsets.ISO_8859_1));
      socket.getOutputStream().write("\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1));
      socket.getOutputStream().flush();
      in =
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1));
    }

    String next() throws IOException {
      ticks.add(true);
      String line = in.readLine();
      while (line != null && !line.startsWith("data: ")) {
        line = in.readLine();
      }
      return line;
    }

    @Override
    public void close() throws IOException {
      ticks.add(false);
      // Until then, it could take a tick that is meant for the next connection.
      boolean hasEnded;
      try {
        hasEnded = ended.tryAcquire(60, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      socket.close();
      assertThat(hasEnded).as("the connection has ended on the server").isTrue();
    }
  }

  @Test
  @DisplayName("holds no lock: other requests of the session continue, and their changes stay")
  void openConnection_blocksNoOtherRequest() throws IOException {
    try (Events events = new Events(browser.token())) {
      assertThat(events.next()).isEqualTo("data: true");

      assertThat(browser.get("/put").status()).isEqualTo(200);

      assertThat(events.next()).isEqualTo("data: true");
    }
    assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("b");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/renew", "/login"})
  @DisplayName("attack 14: a connection that was opened with a secret that was replaced is over")
  void replacedSecret_isSeen(String path) throws IOException {
    try (Events old = new Events(browser.token())) {
      assertThat(old.next()).isEqualTo("data: true");

      browser.get(path);

      assertThat(old.next()).isEqualTo("data: false");
    }
    try (Events events = new Events(browser.token())) {
      assertThat(events.next()).isEqualTo("data: true");
    }
  }

  @Test
  @DisplayName("I2: after a logout it knows, and its end brings nothing back")
  void logout_isSeen() throws IOException {
    String token = browser.token();
    try (Events events = new Events(token)) {
      assertThat(events.next()).isEqualTo("data: true");

      browser.get("/logout");

      assertThat(events.next()).isEqualTo("data: false");
    }
    assertThat(site.stored(token)).isNull();
  }

  @Test
  void loginAsAnother_isSeen() throws IOException {
    try (Events events = new Events(browser.token())) {
      assertThat(events.next()).isEqualTo("data: true");

      browser.get("/other");

      assertThat(events.next()).isEqualTo("data: false");
    }
  }

  @Test
  @DisplayName("I6: an open connection counts as no activity, and sees the deadline")
  void expiry_isSeen() throws IOException {
    try (Events events = new Events(browser.token())) {
      assertThat(events.next()).isEqualTo("data: true");
      Duration idle = site.stored(browser.token()).idleTimeout().orElseThrow();
      site.clock.advance(idle.minusMillis(1));
      assertThat(events.next()).isEqualTo("data: true");

      site.clock.advance(Duration.ofMillis(1));

      assertThat(events.next()).isEqualTo("data: false");
    }
  }

  @Test
  void withoutASession_isNotLive() throws IOException {
    try (Events events = new Events("none")) {
      assertThat(events.next()).isEqualTo("data: false");
    }
  }
}

package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.http.HttpUpgradeHandler;
import jakarta.servlet.http.WebConnection;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("F38, F45: a request that becomes a connection of another protocol")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class UpgradeTest {

  @Parameter Container container;

  /** Closes the connection at once. */
  public static final class Closing implements HttpUpgradeHandler {
    @Override
    public void init(WebConnection connection) {
      try {
        connection.close();
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }

    @Override
    public void destroy() {}
  }

  @Test
  @DisplayName("I5: the session is stored, and its cookie set, before the connection is upgraded")
  void upgrade_savesFirst() throws Exception {
    AtomicReference<Boolean> storedBefore = new AtomicReference<>();
    try (Site site = new Site(container);
        RawClient client = new RawClient(site.port())) {
      site.on(
          "/",
          (request, response) -> {
            request.getSession().setAttribute("a", "1");
            response.setStatus(101);
            response.setHeader("Upgrade", "test");
            response.setHeader("Connection", "Upgrade");
            request.upgrade(Closing.class);
            storedBefore.set(site.store.calls().contains("insert"));
          });

      String head = client.get("/", "Upgrade: test", "Connection: Upgrade");

      assertThat(head).startsWith("HTTP/1.1 101").contains("Set-Cookie: __Host-session=");
      assertThat(storedBefore.get()).isTrue();
    }
  }

  @Test
  @DisplayName(
      "a handshake is a request: it reads the session and the user, and counts as activity")
  void handshake_readsTheSession() throws Exception {
    try (Site site = new Site(container);
        RawClient client = new RawClient(site.port())) {
      AtomicReference<String> read = new AtomicReference<>();
      AtomicReference<WebSession> kept = new AtomicReference<>();
      site.on(
              "/login",
              (request, response) -> {
                request.getSession().setAttribute("a", "1");
                WebSession.of(request).login("alice");
              })
          .on(
              "/socket",
              (request, response) -> {
                read.set(request.getRemoteUser() + " " + request.getSession().getAttribute("a"));
                kept.set(WebSession.of(request));
                assertThat(kept.get().isStillLive()).isTrue();
                response.setStatus(101);
                response.setHeader("Upgrade", "websocket");
                response.setHeader("Connection", "Upgrade");
                request.upgrade(Closing.class);
              });
      Browser browser = site.browser();
      browser.get("/login");
      site.clock.advance(Duration.ofMinutes(1));

      String head =
          client.get(
              "/socket",
              "Upgrade: websocket",
              "Connection: Upgrade",
              "Sec-Fetch-Site: same-origin",
              "Cookie: " + Browser.SESSION + "=" + browser.token());

      assertThat(head).startsWith("HTTP/1.1 101").doesNotContain("Set-Cookie");
      assertThat(read).hasValue("alice 1");
      assertThat(site.stored(browser.token()).lastSeenAt()).isEqualTo(site.clock.instant());
      assertThat(kept.get().isStillLive()).as("asked when the request is over").isTrue();
      browser.get("/logout");
      assertThat(kept.get().isStillLive()).isFalse();
    }
  }

  @Test
  @DisplayName("the handshake that another site makes a browser send is refused")
  void handshake_ofAnotherSite_isRefused() throws Exception {
    try (Site site = new Site(container);
        RawClient client = new RawClient(site.port())) {
      site.on("/socket", (request, response) -> response.setStatus(200));

      String head =
          client.get(
              "/socket",
              "Upgrade: websocket",
              "Connection: Upgrade",
              "Origin: https://evil.example");

      assertThat(head).startsWith("HTTP/1.1 403");
    }
  }
}

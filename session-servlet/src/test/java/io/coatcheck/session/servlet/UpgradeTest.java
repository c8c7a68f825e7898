package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.http.HttpUpgradeHandler;
import jakarta.servlet.http.WebConnection;
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
}

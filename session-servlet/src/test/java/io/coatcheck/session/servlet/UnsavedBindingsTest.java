package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.codec.JavaSerializationCodec;
import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionBindingEvent;
import jakarta.servlet.http.HttpSessionBindingListener;
import java.io.Serializable;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("A value that was bound, and not stored since another request changed the session")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class UnsavedBindingsTest {

  private static final int MOST_BYTES = 4_000;

  /** What the values have heard; static, since values are serialized. */
  private static final List<String> HEARD = new CopyOnWriteArrayList<>();

  @Parameter Container container;

  private Site site;
  private Browser browser;
  private Browser sameClient;

  /** A value of which each request has its own object. */
  private static final class Lease implements HttpSessionBindingListener, Serializable {

    private static final long serialVersionUID = 1;

    private final String name;
    private final byte[] content;

    Lease(String name, int size) {
      this.name = name;
      content = new byte[size];
    }

    @Override
    public void valueBound(HttpSessionBindingEvent event) {
      HEARD.add("bound " + name);
    }

    @Override
    public void valueUnbound(HttpSessionBindingEvent event) {
      HEARD.add("unbound " + name);
    }

    @Override
    public String toString() {
      return name + " of " + content.length;
    }
  }

  @BeforeEach
  void start() {
    site =
        new Site(
            container,
            true,
            manager ->
                manager
                    .codec(JavaSerializationCodec.builder().allow(Lease.class.getName()).build())
                    .maxAttributeBytes(MOST_BYTES)
                    .maxSessionBytes(MOST_BYTES),
            UnaryOperator.identity());
    site.on(
        "/first",
        (request, response) -> request.getSession().setAttribute("lease", new Lease("first", 10)));
    browser = site.browser();
    browser.get("/first");
    sameClient = site.browser().token(browser.token());
    HEARD.clear();
  }

  @AfterEach
  void stop() {
    site.close();
  }

  @Test
  @DisplayName("is unbound if it does not fit beside what that request has stored")
  void tooLarge_isUnbound() {
    site.on(
            "/larger",
            (request, response) -> {
              request.getSession().setAttribute("lease", new Lease("larger", MOST_BYTES / 2));
              assertThat(sameClient.get("/other").status()).isEqualTo(200);
            })
        .on(
            "/other",
            (request, response) ->
                request.getSession().setAttribute("other", "x".repeat(MOST_BYTES * 2 / 3)));

    assertThat(browser.get("/larger").status()).isEqualTo(200);

    assertThat(stored()).hasToString("first of 10");
    assertThat(HEARD).containsExactly("bound larger", "unbound first", "unbound larger");
  }

  @Test
  @DisplayName("is unbound if it was read, replaced by that request, and set again unchanged")
  void setAgain_isUnbound() {
    site.on(
            "/again",
            (request, response) -> {
              HttpSession session = request.getSession();
              Object first = session.getAttribute("lease");
              assertThat(sameClient.get("/second").status()).isEqualTo(200);
              session.setAttribute("own", "1");
              response.flushBuffer();
              assertThat(session.getAttribute("lease")).hasToString("second of 10");
              HEARD.clear();
              session.setAttribute("lease", first);
            })
        .on(
            "/second",
            (request, response) ->
                request.getSession().setAttribute("lease", new Lease("second", 10)));

    assertThat(browser.get("/again").status()).isEqualTo(200);

    assertThat(HEARD).startsWith("bound first", "unbound second");
    awaitLast("unbound first");
    assertThat(stored()).hasToString("second of 10");
  }

  @Test
  @DisplayName("but not if it is stored")
  void stored_isBound() {
    site.on(
        "/next",
        (request, response) -> {
          request.getSession().setAttribute("lease", new Lease("next", 10));
          response.flushBuffer();
        });

    browser.get("/next");
    browser.get("/me");

    assertThat(HEARD).containsExactly("bound next", "unbound first");
  }

  private Object stored() {
    return site.manager.attributesOf(site.stored(browser.token())).get("lease");
  }

  /** Waits, since the session is saved once more after the client has its answer. */
  private static void awaitLast(String heard) {
    long deadline = System.nanoTime() + 60_000_000_000L;
    while (!HEARD.contains(heard) && System.nanoTime() - deadline < 0) {
      Thread.onSpinWait();
    }
    assertThat(HEARD).endsWith(heard);
  }
}

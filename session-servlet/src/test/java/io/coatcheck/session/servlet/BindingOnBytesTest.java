package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.codec.JavaSerializationCodec;
import io.coatcheck.session.event.SessionEvent;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpSessionBindingEvent;
import jakarta.servlet.http.HttpSessionBindingListener;
import java.io.Serializable;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("Values that are notified of their binding, on a store of bytes")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class BindingOnBytesTest {

  @Parameter Container container;

  private final TicketCodec codec = new TicketCodec();
  @AutoClose private Site site;
  private Browser browser;

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

  /** A codec of the application, which fails at some values in a way that it should not. */
  private static final class TicketCodec implements AttributeCodec {

    private final AttributeCodec codec =
        JavaSerializationCodec.builder().allow(Ticket.class.getName()).build();

    @Override
    public byte[] encode(Object value) {
      return codec.encode(value);
    }

    @Override
    public Object decode(byte[] bytes) {
      Object value = codec.decode(bytes);
      if (value.equals(new Ticket("unreadable"))) {
        throw new IllegalStateException("a codec that fails");
      }
      return value;
    }
  }

  @BeforeEach
  void start() {
    Ticket.HEARD.clear();
    site =
        new Site(
            container,
            true,
            manager -> manager.codec(codec).dropAttributesAtLogin(true),
            UnaryOperator.identity());
    browser = site.browser();
    site.on("/first", (request, response) -> set(request, "first"))
        .on("/unreadable", (request, response) -> set(request, "unreadable"))
        .on("/last", (request, response) -> set(request, "last"))
        .on("/remove", (request, response) -> request.getSession().removeAttribute("own"));
    browser.get("/first");
  }

  private static void set(HttpServletRequest request, String name) {
    request.getSession().setAttribute(name, new Ticket(name));
  }

  /** Sends another request of the same session, and waits for it. */
  private void meanwhile(String path) {
    assertThat(site.browser().token(browser.token()).get(path).status()).isEqualTo(200);
  }

  private static void count(HttpServletRequest request) {
    assertThat(WebSession.of(request).update("count", Integer.class, old -> old.orElse(0) + 1))
        .isPresent();
  }

  @Test
  @DisplayName("a login that drops a value which the codec fails to decode holds all the same")
  void login_thatDropsAnUnreadableValue() {
    site.on(
        "/login-late",
        (request, response) -> {
          assertThat(request.getSession().getAttribute("first")).isEqualTo(new Ticket("first"));
          meanwhile("/unreadable");
          meanwhile("/last");
          WebSession.of(request).login("alice");
        });

    assertThat(browser.get("/login-late").status()).isEqualTo(200);

    assertThat(browser.get("/me").body()).isEqualTo("alice");
    assertReported();
  }

  @ParameterizedTest
  @ValueSource(strings = {"/login", "/logout"})
  @DisplayName("and so do a login and a logout that find such a value")
  void loginOrLogout_withAnUnreadableValue(String path) {
    browser.get("/unreadable");
    browser.get("/last");
    String token = browser.token();

    assertThat(browser.get(path).status()).isEqualTo(200);

    assertThat(site.browser().token(token).get("/me").body()).isEqualTo("nobody");
    assertReported();
  }

  private void assertReported() {
    assertThat(Ticket.HEARD)
        .containsExactly(
            "bound first", "bound unreadable", "bound last", "unbound first", "unbound last");
    assertThat(site.events)
        .filteredOn(SessionEvent.AttributeUndecodable.class::isInstance)
        .isNotEmpty()
        .allSatisfy(
            event ->
                assertThat(((SessionEvent.AttributeUndecodable) event).problem())
                    .isEqualTo(
                        TicketCodec.class.getName()
                            + " threw "
                            + IllegalStateException.class.getName()));
  }

  @Test
  @DisplayName("what an atomic step has stored, and another request removes, is unbound once")
  void storedByAStep_andRemovedElsewhere() {
    site.on(
        "/step",
        (request, response) -> {
          set(request, "own");
          count(request);
          meanwhile("/remove");
          count(request);
        });

    assertThat(browser.get("/step").status()).isEqualTo(200);

    assertThat(Ticket.HEARD).containsExactly("bound first", "bound own", "unbound own");
  }

  @Test
  @DisplayName("and so it is if another request ends the session")
  void storedByAStep_inASessionThatEndsElsewhere() {
    site.on(
        "/step",
        (request, response) -> {
          set(request, "own");
          count(request);
          meanwhile("/logout");
          set(request, "late");
        });

    assertThat(browser.get("/step").status()).isEqualTo(200);

    assertThat(Ticket.HEARD)
        .containsExactlyInAnyOrder(
            "bound first",
            "bound own",
            "unbound first",
            "unbound own",
            "bound late",
            "unbound late");
  }

  @Test
  @DisplayName("what a step that changes nothing has not stored is still unbound if it never is")
  void notStoredByAStep() {
    browser.get("/count");
    site.on(
        "/step",
        (request, response) -> {
          set(request, "own");
          WebSession.of(request).update("count", Integer.class, old -> old.orElse(null));
          meanwhile("/logout");
        });

    assertThat(browser.get("/step").status()).isEqualTo(200);

    assertThat(Ticket.HEARD)
        .containsExactlyInAnyOrder("bound first", "bound own", "unbound first", "unbound own");
  }
}

package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.codec.JavaSerializationCodec;
import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionActivationListener;
import jakarta.servlet.http.HttpSessionBindingEvent;
import jakarta.servlet.http.HttpSessionBindingListener;
import jakarta.servlet.http.HttpSessionEvent;
import java.io.Serializable;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("Values that are notified when they become bytes, and when they are made from bytes")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class ActivationListenerTest {

  private static final List<String> HEARD = new CopyOnWriteArrayList<>();

  @Parameter Container container;

  @AutoClose private Site site;
  private Browser browser;

  /** A value with something that cannot be written down, as connections and caches are. */
  static final class Basket
      implements HttpSessionActivationListener, HttpSessionBindingListener, Serializable {

    private static final long serialVersionUID = 1L;

    private final String name;
    private int writes;
    private transient boolean isOpen = true;
    private transient Consumer<HttpSession> whenPassivated = session -> {};

    Basket(String name) {
      this.name = name;
    }

    @Override
    public void sessionWillPassivate(HttpSessionEvent event) {
      HEARD.add(name + " passivates, " + (isOpen ? "open" : "closed"));
      isOpen = false;
      writes++;
      if (whenPassivated != null) {
        whenPassivated.accept(event.getSession());
      }
    }

    @Override
    public void sessionDidActivate(HttpSessionEvent event) {
      HEARD.add(name + " activated, " + (isOpen ? "open" : "closed"));
      isOpen = true;
      assertThat(event.getSession().getId()).isNotEmpty();
    }

    @Override
    public void valueUnbound(HttpSessionBindingEvent event) {
      HEARD.add(name + " unbound, " + (isOpen ? "open" : "closed"));
    }
  }

  @BeforeEach
  void start() {
    begin(true);
  }

  private void begin(boolean storeOfBytes) {
    HEARD.clear();
    site =
        new Site(
                container,
                storeOfBytes,
                manager ->
                    manager.codec(
                        JavaSerializationCodec.builder().allow(Basket.class.getName()).build()),
                UnaryOperator.identity())
            .on(
                "/set",
                (request, response) -> request.getSession().setAttribute("b", new Basket("b")))
            .on(
                "/read",
                (request, response) -> {
                  Basket basket = (Basket) request.getSession().getAttribute("b");
                  HEARD.add("got " + basket.name + ", " + (basket.isOpen ? "open" : "closed"));
                  request.getSession().getAttribute("b");
                })
            .on("/look", (request, response) -> request.getSession().getAttribute("other"));
    browser = site.browser();
  }

  @Test
  @DisplayName(
      "a value is notified of passivation before it is encoded and of activation after: it stays in use")
  void set_isNotifiedAtEachWriting() {
    browser.get("/set");

    assertThat(HEARD)
        .containsExactly(
            "b passivates, open", "b activated, closed", // as it is set
            "b passivates, open", "b activated, closed"); // as the session is saved
  }

  @Test
  @DisplayName(
      "a value is notified of activation once after it was decoded, before the application gets it")
  void read_isActivatedFirst() {
    browser.get("/set");
    HEARD.clear();

    browser.get("/read");

    assertThat(HEARD)
        .containsExactly(
            "b activated, closed",
            "got b, open",
            "b passivates, open", // to see whether it was changed in place
            "b activated, closed");
  }

  @Test
  @DisplayName("a value that is not read is not decoded, and not notified")
  void notRead_isNotNotified() {
    browser.get("/set");
    HEARD.clear();

    browser.get("/look");

    assertThat(HEARD).isEmpty();
  }

  @Test
  @DisplayName("what a value changes in itself when it is notified is stored")
  void changesOfTheListener_areStored() {
    browser.get("/set");
    AtomicReference<Integer> writes = new AtomicReference<>();
    site.on(
        "/writes",
        (request, response) ->
            writes.set(((Basket) request.getSession().getAttribute("b")).writes));

    browser.get("/writes");
    int before = writes.get();
    browser.get("/writes");

    assertThat(before).isPositive();
    assertThat(writes.get()).isGreaterThan(before);
  }

  @Test
  @DisplayName(
      "a value under two names is notified once; one that was removed is no longer notified")
  void names_areNotValues() {
    site.on(
        "/two",
        (request, response) -> {
          Basket basket = new Basket("b");
          request.getSession().setAttribute("b", basket);
          request.getSession().setAttribute("c", basket);
          Basket removed = new Basket("removed");
          request.getSession().setAttribute("d", removed);
          request.getSession().removeAttribute("d");
          Basket replaced = new Basket("replaced");
          request.getSession().setAttribute("e", replaced);
          request.getSession().setAttribute("e", "plain");
          HEARD.clear();
        });

    browser.get("/two");

    assertThat(HEARD).containsExactly("b passivates, open", "b activated, closed");
  }

  @Test
  @DisplayName("a value that is notified may use the session, and set itself")
  void listener_mayUseTheSession() {
    site.on(
        "/self",
        (request, response) -> {
          Basket basket = new Basket("b");
          basket.whenPassivated =
              session -> {
                session.setAttribute("b", basket);
                session.setAttribute("noted", "yes");
              };
          request.getSession().setAttribute("b", basket);
        });

    assertThat(browser.get("/self").status()).isEqualTo(200);

    assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("b", "noted");
  }

  @Test
  @DisplayName("F10: one that throws is logged, and the session is saved")
  void failingListener_stopsNothing() {
    site.on(
        "/bad",
        (request, response) -> {
          Basket basket = new Basket("b");
          basket.whenPassivated =
              session -> {
                throw new IllegalStateException("a listener that fails");
              };
          request.getSession().setAttribute("b", basket);
        });

    assertThat(browser.get("/bad").status()).isEqualTo(200);

    assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("b");
  }

  @Test
  @DisplayName("a login and a new id write the session, so values are notified")
  void loginAndRenewal_areReported() {
    browser.get("/set");
    for (Handler handler :
        List.<Handler>of(
            (request, response) -> WebSession.of(request).login("alice"),
            (request, response) -> request.changeSessionId())) {
      site.on(
          "/rekey",
          (request, response) -> {
            request.getSession().getAttribute("b");
            HEARD.clear();
            handler.handle(request, response);
            HEARD.add("done");
          });

      browser.get("/rekey");

      assertThat(HEARD)
          .startsWith("b passivates, open", "b activated, closed", "done")
          .hasSizeGreaterThan(2);
    }
  }

  @Test
  @DisplayName("a value whose session ends is activated before it is notified that it is unbound")
  void end_elsewhereAndHere() {
    browser.get("/set");
    HEARD.clear();
    site.manager.revoke(site.stored(browser.token()).id());
    assertThat(HEARD).containsExactly("b activated, closed", "b unbound, open");

    browser = site.browser();
    browser.get("/set");
    HEARD.clear();
    site.on("/end", (request, response) -> request.getSession().invalidate());
    browser.get("/end");
    assertThat(HEARD).containsExactly("b activated, closed", "b unbound, open");
  }

  @Test
  @EnabledIf(
      value = "io.coatcheck.session.servlet.Container#isServlet61",
      disabledReason = "Servlet 6.0 has no HttpSession.Accessor")
  void access_isNotifiedAsWithinARequest() {
    browser.get("/set");
    AtomicReference<Consumer<Consumer<HttpSession>>> accessor = new AtomicReference<>();
    site.on("/take", (request, response) -> accessor.set(Accessors.of(request.getSession())));
    browser.get("/take");
    HEARD.clear();

    accessor.get().accept(session -> session.getAttribute("b"));

    assertThat(HEARD)
        .containsExactly("b activated, closed", "b passivates, open", "b activated, closed");
  }

  @Test
  @DisplayName("a store that keeps values as objects encodes none, and notifies none")
  void storeOfLiveValues_notifiesNone() {
    site.close();
    begin(false);

    browser.get("/set");
    browser.get("/read");
    site.manager.revoke(site.stored(browser.token()).id());

    assertThat(HEARD).containsExactly("got b, open", "b unbound, open");
  }
}

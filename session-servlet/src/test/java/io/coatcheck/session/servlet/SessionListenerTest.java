package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.token.SessionId;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletContext;
import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionAttributeListener;
import jakarta.servlet.http.HttpSessionBindingEvent;
import jakarta.servlet.http.HttpSessionBindingListener;
import jakarta.servlet.http.HttpSessionEvent;
import jakarta.servlet.http.HttpSessionListener;
import java.io.Serializable;
import java.time.Duration;
import java.util.EventListener;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
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

@DisplayName("Listeners that are registered with the container are notified of our sessions")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class SessionListenerTest {

  @Parameter Container container;

  @AutoClose private Site site;
  private Browser browser;

  @BeforeEach
  void start() {
    site = new Site(container);
    listen(site);
    browser = site.browser();
  }

  private static void listen(Site site) {
    site.on("/look", (request, response) -> request.getSession())
        .on("/other", (request, response) -> WebSession.of(request).login("bob"))
        .on("/everywhere", (request, response) -> WebSession.of(request).logoutEverywhere())
        .on("/renew", (request, response) -> request.changeSessionId());
  }

  private List<String> heard() {
    return site.listener().heard();
  }

  private String idText() {
    var stored = site.stored(browser.token());
    return stored.id() + "~" + stored.generation();
  }

  @Test
  void attributes_areReportedAsTheyChange() {
    browser.get("/begin");
    assertThat(heard()).containsExactly("created", "added a=1");

    site.on(
        "/change",
        (request, response) -> {
          HttpSession session = request.getSession();
          session.setAttribute("a", "2");
          session.removeAttribute("a");
          session.removeAttribute("a");
          session.setAttribute("b", null);
        });
    browser.get("/change");

    assertThat(heard()).containsExactly("replaced a=1", "removed a=2");
  }

  /**
   * An attribute listener that writes down what is removed, and what is not there to be removed.
   */
  private static final class Removals
      implements HttpSessionAttributeListener, AttributeRemovalListener {

    private final List<String> heard = new CopyOnWriteArrayList<>();

    @Override
    public void attributeRemoved(HttpSessionBindingEvent event) {
      heard.add("removed " + event.getName());
    }

    @Override
    public void absentRemoved(HttpSession session, String name) {
      heard.add("absent " + name);
    }
  }

  @ParameterizedTest(name = "copyOnRead={0}")
  @ValueSource(booleans = {false, true})
  @DisplayName("the removal of an attribute that is not there is reported to the listener for that")
  void absentRemoved_isReported(boolean copyOnRead) {
    Removals removals = new Removals();
    try (Site own =
        new Site(
            container, copyOnRead, UnaryOperator.identity(), filter -> filter.listener(removals))) {
      Browser visitor = own.browser();
      own.on("/new", (request, response) -> request.getSession().removeAttribute("x"));
      visitor.get("/new");
      assertThat(removals.heard).isEmpty();
      visitor.get("/begin");
      own.on(
          "/change",
          (request, response) -> {
            HttpSession session = request.getSession();
            session.removeAttribute("a");
            session.removeAttribute("a");
            session.setAttribute("b", null);
          });
      visitor.get("/change");
    }
    assertThat(removals.heard).containsExactly("removed a", "absent a", "absent b");
  }

  @Test
  @DisplayName("what a listener puts into a new session can be read when getSession returns")
  void creation_isReportedBeforeGetSessionReturns() {
    site.listener().atCreation(session -> session.setAttribute("cart", "empty"));
    site.on(
        "/cart",
        (request, response) ->
            response.getWriter().print(request.getSession().getAttribute("cart")));

    assertThat(browser.get("/cart").body()).isEqualTo("empty");
    assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("cart");
  }

  @Test
  @DisplayName("I10: a session that is never stored ends with its request, so that counts add up")
  void unstoredSession_endsWithTheRequest() {
    browser.get("/look");

    assertThat(heard()).containsExactly("created", "destroyed []");
    assertThat(site.store.calls()).doesNotContain("insert");
  }

  @Test
  void unstoredSession_ofAnAsyncRequest_endsWhenItIsComplete() throws InterruptedException {
    site.on(
        "/async",
        (request, response) -> {
          request.getSession();
          AsyncContext context = request.startAsync();
          context.start(context::complete);
        });

    browser.get("/async");

    // A container may tell that it is complete when the client has the response already.
    assertThat(site.listener().heardOnceThereAre(2)).containsExactly("created", "destroyed []");
  }

  @Test
  void login_isAnotherId_andAnotherPersonAnotherSession() {
    browser.get("/begin");
    heard();
    String before = idText();

    browser.get("/login");
    assertThat(heard()).containsExactly("id " + before + " > " + idText());

    browser.get("/other");
    assertThat(heard()).containsExactly("destroyed [a]", "removed a=1", "created");
  }

  @Test
  void login_withoutASession_createsOne() {
    browser.get("/login");

    assertThat(heard()).containsExactly("created");
  }

  @Test
  void changeSessionId_isReported() {
    browser.get("/begin");
    heard();
    String before = idText();

    browser.get("/renew");

    assertThat(heard()).containsExactly("id " + before + " > " + idText());
  }

  @Test
  void logout_isReportedOnce_withReadableAttributes() {
    browser.get("/begin");
    heard();
    AtomicReference<Object> read = new AtomicReference<>();
    site.listener().atEnd(session -> read.set(session.getAttribute("a")));

    browser.get("/logout");
    browser.get("/logout");

    assertThat(heard()).containsExactly("destroyed [a]", "removed a=1");
    assertThat(read).hasValue("1");
  }

  @Test
  @DisplayName("values that a request set and did not save are reported at the end, too")
  void invalidate_reportsWhatIsNotSaved() {
    browser.get("/begin");
    heard();
    site.on(
        "/both",
        (request, response) -> {
          request.getSession().setAttribute("b", "2");
          request.getSession().invalidate();
        });

    browser.get("/both");

    assertThat(heard())
        .containsExactly("added b=2", "destroyed [a, b]", "removed a=1", "removed b=2");
  }

  @Test
  void invalidate_ofASessionThatWasNeverStored_isReported() {
    site.on(
        "/short",
        (request, response) -> {
          request.getSession().setAttribute("a", "1");
          request.getSession().invalidate();
        });

    browser.get("/short");

    assertThat(heard()).containsExactly("created", "added a=1", "destroyed [a]", "removed a=1");
    assertThat(site.store.calls()).doesNotContain("insert");
  }

  @Test
  void logoutEverywhere_reportsEachSessionOnce() {
    browser.get("/login");
    Browser other = site.browser();
    other.get("/login");
    heard();

    browser.get("/everywhere");
    other.get("/begin");

    assertThat(heard())
        .filteredOn(line -> line.startsWith("destroyed"))
        .containsExactly("destroyed []", "destroyed []");
  }

  @Test
  @DisplayName("expiry and revocation are reported once, with attributes, on any thread")
  void expiryAndRevocation_areReported() {
    browser.get("/begin");
    Browser other = site.browser();
    other.get("/begin");
    SessionId revoked = site.stored(other.token()).id();
    heard();

    site.manager.revoke(revoked);
    site.manager.revoke(revoked);
    assertThat(heard()).containsExactly("destroyed [a]", "removed a=1");

    site.clock.advance(Duration.ofDays(1));
    site.manager.cleanUp();
    site.manager.cleanUp();
    browser.get("/look");
    assertThat(heard()).containsExactly("destroyed [a]", "removed a=1", "created", "destroyed []");
  }

  @Test
  @DisplayName("an ended session can be read by a listener, and not changed")
  void endedSession_isReadOnly() {
    browser.get("/begin");
    AtomicReference<HttpSession> ended = new AtomicReference<>();
    site.listener().atEnd(ended::set);
    String id = idText();

    site.manager.revoke(site.stored(browser.token()).id());

    HttpSession session = ended.get();
    assertThat(session.getId()).isEqualTo(id);
    assertThat(session.getCreationTime()).isEqualTo(site.clock.instant().toEpochMilli());
    assertThat(session.getLastAccessedTime()).isEqualTo(site.clock.instant().toEpochMilli());
    assertThat(session.getMaxInactiveInterval()).isPositive();
    assertThat(session.getServletContext()).isNotNull();
    assertThat(session.isNew()).isFalse();
    assertThat(session.toString()).contains(id);
    assertThatThrownBy(() -> session.setAttribute("b", "2"))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> session.removeAttribute("a"))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(session::invalidate).isInstanceOf(IllegalStateException.class);
    session.setMaxInactiveInterval(5);
  }

  @Test
  @DisplayName("F10: a listener that throws stops neither the others nor what happens")
  void failingListener_stopsNoOther() {
    site.listener()
        .atCreation(
            session -> {
              throw new IllegalStateException("at creation");
            });
    site.listener()
        .atEnd(
            session -> {
              throw new AssertionError("at the end");
            });

    assertThat(browser.get("/begin").status()).isEqualTo(200);
    String token = browser.token();
    Browser.Answer logout = browser.get("/logout");

    assertThat(logout.status()).isEqualTo(200);
    assertThat(site.stored(token)).isNull();
    assertThat(heard()).contains("removed a=1");
  }

  @Test
  @DisplayName("values that listen are notified of revocation")
  void boundValues_hearOfTheEndElsewhere() {
    site.on(
        "/bind",
        (request, response) -> request.getSession().setAttribute("v", new Bound(container.name())));
    browser.get("/bind");
    Bound.HEARD.clear();

    site.manager.revoke(site.stored(browser.token()).id());

    assertThat(Bound.HEARD).containsExactly(container.name() + " unbound from v");
  }

  @Test
  @DisplayName("listeners given to the builder are notified even if the container cannot be asked")
  void listenerOfTheBuilder_isNotifiedOnce() {
    site.close();
    RecordingListener given = new RecordingListener();
    site =
        new Site(
            container,
            false,
            UnaryOperator.identity(),
            builder -> builder.listener(given).listener(given));
    listen(site);

    browser.get("/begin");

    assertThat(given.heard()).containsExactly("created", "added a=1");
    assertThat(heard()).containsExactly("created", "added a=1");
  }

  @Test
  @DisplayName("created in the order of registration, destroyed in the reverse")
  void order_isThatOfTheSpecification() {
    site.close();
    List<String> heard = new CopyOnWriteArrayList<>();
    site =
        new Site(
            container,
            false,
            UnaryOperator.identity(),
            builder -> builder.listener(named("first", heard)).listener(named("second", heard)));
    listen(site);

    browser.get("/begin");
    browser.get("/logout");

    assertThat(heard)
        .containsExactly("first created", "second created", "second destroyed", "first destroyed");
  }

  private static EventListener named(String name, List<String> heard) {
    return new HttpSessionListener() {
      @Override
      public void sessionCreated(HttpSessionEvent event) {
        heard.add(name + " created");
      }

      @Override
      public void sessionDestroyed(HttpSessionEvent event) {
        heard.add(name + " destroyed");
      }
    };
  }

  @Test
  @DisplayName("I11: what listens to something else is refused")
  void otherListener_isRefused() {
    EventListener other = new EventListener() {};
    assertThatThrownBy(() -> SessionFilter.builder(site.manager).listener(other))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("listener must be a listener of sessions");
  }

  @Test
  void destroyedFilter_reportsNoMore() throws Exception {
    RecordingListener given = new RecordingListener();
    SessionFilter filter = SessionFilter.builder(site.manager).listener(given).build();
    site.filters(filter);
    browser.get("/begin");
    given.heard();

    filter.destroy();
    site.manager.revoke(site.stored(browser.token()).id());

    assertThat(given.heard()).isEmpty();
  }

  @Test
  void unknownContainer_notifiesNoListeners() {
    assertThat(ContainerListeners.of(org.mockito.Mockito.mock(ServletContext.class))).isEmpty();
  }

  /** A value that listens. */
  record Bound(String name) implements HttpSessionBindingListener, Serializable {

    static final List<String> HEARD = new CopyOnWriteArrayList<>();

    @Override
    public void valueBound(HttpSessionBindingEvent event) {
      HEARD.add(name + " bound to " + event.getName());
    }

    @Override
    public void valueUnbound(HttpSessionBindingEvent event) {
      HEARD.add(name + " unbound from " + event.getName());
    }
  }
}

package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import jakarta.servlet.http.HttpSession;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
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

@DisplayName("HttpSession.Accessor: a session outside of a request")
@EnabledIf(
    value = "io.coatcheck.session.servlet.Container#isServlet61",
    disabledReason = "Servlet 6.0 has no HttpSession.Accessor")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class AccessorTest {

  @Parameter Container container;

  @AutoClose private Site site;
  private Browser browser;
  private final AtomicReference<Consumer<Consumer<HttpSession>>> accessor = new AtomicReference<>();

  @BeforeEach
  void start() {
    begin(new Site(container));
  }

  private void begin(Site begun) {
    site =
        begun
            .on("/take", (request, response) -> accessor.set(Accessors.of(request.getSession())))
            .on("/take-none", (request, response) -> request.getSession().getAttribute("a"))
            .on("/renew", (request, response) -> request.changeSessionId());
    browser = site.browser();
  }

  private StoredSession stored() {
    return site.stored(browser.token());
  }

  private void take() {
    browser.get("/begin");
    browser.get("/take");
  }

  private void access(Consumer<HttpSession> consumer) {
    accessor.get().accept(consumer);
  }

  private void assertRefused() {
    assertThatThrownBy(() -> access(session -> assertThat(session).isNull()))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("the session has ended, or its id has changed");
  }

  @Test
  @DisplayName("I5: works after the request, on any thread; changes are stored when it returns")
  void access_afterTheRequest_readsAndSaves() throws Exception {
    take();
    String idThen = stored().id() + "~" + stored().generation();
    ExecutorService elsewhere = Executors.newSingleThreadExecutor();
    try {
      elsewhere
          .submit(
              () ->
                  access(
                      session -> {
                        assertThat(session.getAttribute("a")).isEqualTo("1");
                        assertThat(session.getId()).isEqualTo(idThen);
                        assertThat(session.isNew()).isFalse();
                        assertThat(session.getServletContext()).isNotNull();
                        session.setAttribute("b", "2");
                        session.removeAttribute("a");
                        session.setMaxInactiveInterval(77);
                      }))
          .get(60, TimeUnit.SECONDS);
    } finally {
      elsewhere.shutdown();
    }

    assertThat(stored().attributes())
        .as("with the timeout, which a login is to keep")
        .containsOnlyKeys("b", "io.coatcheck.session.servlet.maxInactiveInterval");
    assertThat(stored().idleTimeout()).contains(Duration.ofSeconds(77));
  }

  @Test
  @DisplayName("the session is as it is stored now, not as it was when the accessor was obtained")
  void access_findsWhatOthersStored() {
    take();
    site.on("/more", (request, response) -> request.getSession().setAttribute("a", "newer"));
    browser.get("/more");

    access(session -> assertThat(session.getAttribute("a")).isEqualTo("newer"));
  }

  @Test
  @DisplayName("a session that is new is stored, and its cookie sent, when an accessor is obtained")
  void getAccessor_ofANewSession_storesIt() {
    AtomicReference<Boolean> within = new AtomicReference<>();
    site.on(
        "/new",
        (request, response) -> {
          HttpSession session = request.getSession();
          session.setAttribute("a", "1");
          accessor.set(Accessors.of(session));
          access(other -> within.set("1".equals(other.getAttribute("a"))));
          session.setAttribute("b", "2");
        });

    assertThat(browser.get("/new").setCookies()).hasSize(1);

    assertThat(within).hasValue(true);
    assertThat(stored().attributes()).containsOnlyKeys("a", "b");
    access(session -> assertThat(session.getAttribute("b")).isEqualTo("2"));
  }

  @Test
  @DisplayName("periodic renewal, if due, is done first: the accessor is of the new id")
  void getAccessor_whereARenewalIsDue_isOfTheNewId() {
    site.close();
    begin(
        new Site(
            container,
            false,
            builder -> builder.renewInterval(Duration.ofMinutes(2)),
            UnaryOperator.identity()));
    browser.get("/begin");
    site.clock.advance(Duration.ofMinutes(2));

    assertThat(browser.get("/take").setCookies()).hasSize(1);

    access(session -> assertThat(session.getId()).endsWith("~1"));
  }

  @Test
  @DisplayName("C4: a renewal in passing does not end it, a login and changeSessionId do")
  void access_afterARenewalInPassing_goesOn() {
    site.close();
    begin(
        new Site(
            container,
            false,
            builder -> builder.renewInterval(Duration.ofMinutes(2)),
            UnaryOperator.identity()));
    take();
    site.clock.advance(Duration.ofMinutes(2));
    assertThat(browser.get("/take-none").setCookies()).hasSize(1);

    access(session -> session.setAttribute("b", "2"));

    assertThat(stored().attributes()).containsOnlyKeys("a", "b");
    browser.get("/login");
    assertRefused();
    browser.get("/take");
    browser.get("/login");
    assertRefused();
    browser.get("/take");
    browser.get("/renew");
    assertRefused();
  }

  @Test
  @DisplayName("after invalidate there is none; after commit a new session cannot have one")
  void getAccessor_whereItCannotBe_isIllegal() {
    AtomicReference<Throwable> failure = new AtomicReference<>();
    site.on(
        "/illegal",
        (request, response) -> {
          try {
            HttpSession session = request.getSession();
            session.invalidate();
            assertThatThrownBy(() -> Accessors.of(session))
                .isInstanceOf(IllegalStateException.class);
            HttpSession another = request.getSession();
            response.flushBuffer();
            assertThatThrownBy(() -> Accessors.of(another))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("committed");
          } catch (AssertionError e) {
            failure.set(e);
          }
        });
    browser.get("/illegal");

    assertThat(failure.get()).isNull();
  }

  @Test
  @DisplayName("I8: a session that is never stored has none")
  void getAccessor_ofAnEphemeralSession_isNull() {
    browser.get("/begin");
    String superseded = browser.token();
    browser.get("/renew");
    AtomicReference<Object> got = new AtomicReference<>("not asked");
    site.on("/late", (request, response) -> got.set(Accessors.of(request.getSession())));

    site.browser().token(superseded).get("/late");

    assertThat(got.get()).isNull();
  }

  @Test
  @DisplayName("ended, expired, and of another id: IllegalStateException, and nothing is called")
  void access_whereTheSessionIsNotWhatItWas_isIllegal() {
    take();
    browser.get("/renew");
    assertRefused();

    browser.get("/take");
    browser.get("/login");
    assertRefused();

    browser.get("/take");
    browser.get("/logout");
    assertRefused();

    take();
    site.clock.advance(Duration.ofMinutes(15));
    assertRefused();
  }

  @Test
  @DisplayName("I6: it counts as activity, to the instant, and only while the session lives")
  void access_isActivity() {
    take();
    Instant begin = site.clock.instant();
    site.clock.advance(Duration.ofMinutes(15).minusMillis(1));

    access(
        session ->
            assertThat(session.getLastAccessedTime())
                .as("the last request's")
                .isEqualTo(begin.toEpochMilli()));

    assertThat(stored().lastSeenAt()).isEqualTo(site.clock.instant());
    site.clock.advance(Duration.ofMinutes(15).minusMillis(1));
    access(session -> assertThat(session.getAttribute("a")).isEqualTo("1"));
  }

  @Test
  @DisplayName("what a refused access does not do: count as activity")
  void access_thatIsRefused_isNoActivity() {
    take();
    browser.get("/renew");
    Instant seen = stored().lastSeenAt();
    site.clock.advance(Duration.ofMinutes(1));

    assertRefused();

    assertThat(stored().lastSeenAt()).isEqualTo(seen);
  }

  @Test
  @DisplayName("I4: concurrent accesses and requests lose nothing of each other's")
  void access_mergesWithARequest() {
    take();
    site.on("/other", (request, response) -> request.getSession().setAttribute("other", "o"));

    access(
        session -> {
          session.setAttribute("own", "1");
          browser.get("/other");
          access(nested -> nested.setAttribute("nested", "n"));
        });

    assertThat(stored().attributes()).containsOnlyKeys("a", "own", "other", "nested");
  }

  @Test
  @DisplayName("I2: a logout during an access stands; the changes are dropped and reported")
  void access_thatTheLogoutOvertakes_isDropped() {
    take();
    String token = browser.token();

    access(
        session -> {
          session.setAttribute("early", "1");
          browser.get("/logout");
          session.setAttribute("late", "1");
        });

    assertThat(site.stored(token)).isNull();
    assertThat(site.events).anyMatch(SessionEvent.WriteDropped.class::isInstance);
  }

  @Test
  @DisplayName("invalidate ends it in the store, notifies listeners once, and the cookie is dead")
  void invalidate_endsTheSession() {
    take();
    site.listener().heard();

    access(
        session -> {
          session.setAttribute("b", "2");
          session.invalidate();
          assertThatThrownBy(session::getCreationTime).isInstanceOf(IllegalStateException.class);
        });

    assertThat(stored()).isNull();
    assertThat(site.listener().heard())
        .containsExactly("added b=2", "destroyed [a, b]", "removed a=1", "removed b=2");
    assertRefused();
  }

  @Test
  @DisplayName("what the consumer changed before it threw is stored, and what it threw is thrown")
  void access_whoseConsumerThrows_saves() {
    take();
    IllegalArgumentException thrown = new IllegalArgumentException("of the application");

    assertThatThrownBy(
            () ->
                access(
                    session -> {
                      session.setAttribute("b", "2");
                      throw thrown;
                    }))
        .isSameAs(thrown);

    assertThat(stored().attributes()).containsOnlyKeys("a", "b");
  }

  @Test
  @DisplayName("I9: a store that fails is an exception, before the consumer or after it")
  void access_whileTheStoreIsDown_throws() {
    take();
    site.store.fail("find");
    assertThatThrownBy(() -> access(session -> assertThat(session).isNull()))
        .isInstanceOf(SessionStoreException.class);
    site.store.recover();

    site.store.fail("update");
    assertThatThrownBy(() -> access(session -> session.setAttribute("b", "2")))
        .isInstanceOf(SessionStoreException.class);
  }

  @Test
  @DisplayName("the session that was passed is of no use outside of the call")
  void session_afterTheAccess_cannotBeChanged() {
    take();
    AtomicReference<HttpSession> kept = new AtomicReference<>();
    access(kept::set);

    assertThatThrownBy(() -> kept.get().setAttribute("b", "2"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("the access to the session has ended");
    assertThatThrownBy(() -> kept.get().removeAttribute("a"))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> kept.get().setMaxInactiveInterval(5))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> kept.get().invalidate()).isInstanceOf(IllegalStateException.class);
    assertThat(stored().attributes()).containsOnlyKeys("a");
  }

  @Test
  void session_withinAnAccess_hasAnAccessorToo() {
    take();
    access(session -> accessor.set(Accessors.of(session)));

    access(session -> session.setAttribute("b", "2"));

    assertThat(stored().attributes()).containsOnlyKeys("a", "b");
  }

  @Test
  @DisplayName("on a store of bytes, what was changed in place is saved as well")
  void access_savesChangesInPlace() {
    site.close();
    begin(new Site(container, true, UnaryOperator.identity(), UnaryOperator.identity()));
    site.on(
        "/list",
        (request, response) -> request.getSession().setAttribute("list", new ArrayList<>()));
    browser.get("/list");
    browser.get("/take");

    access(
        session -> {
          @SuppressWarnings("unchecked")
          List<String> list = (List<String>) session.getAttribute("list");
          list.add("x");
        });

    access(session -> assertThat(session.getAttribute("list")).isEqualTo(List.of("x")));
  }

  @Test
  @DisplayName("neither the accessor nor its session reveals a secret")
  void texts_tellNoSecret() {
    take();
    String secret = browser.token().substring(browser.token().indexOf('.') + 1);
    AtomicReference<String> texts = new AtomicReference<>();
    site.on(
        "/texts",
        (request, response) ->
            texts.set(request.getSession() + " " + Accessors.textOf(request.getSession())));
    browser.get("/texts");

    assertThat(texts.get()).contains(stored().id().toString()).doesNotContain(secret);
  }
}

package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.codec.JavaSerializationCodec;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionActivationListener;
import jakarta.servlet.http.HttpSessionBindingEvent;
import jakarta.servlet.http.HttpSessionBindingListener;
import jakarta.servlet.http.HttpSessionEvent;
import jakarta.servlet.http.HttpSessionIdListener;
import java.io.IOException;
import java.io.Serializable;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("A value that is bound is unbound once, whether it was stored or not")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class BindingOnceTest {

  private static final Duration RENEWAL = Duration.ofMinutes(10);
  private static final String LARGE = "large".repeat(100);

  @Parameter Container container;

  @AutoClose private Site site;
  private Browser browser;
  private final AtomicReference<Runnable> onNewId = new AtomicReference<>(() -> {});

  /** A value that records its notifications; static, since values are serialized. */
  private static class Ticket implements HttpSessionBindingListener, Serializable {

    private static final long serialVersionUID = 1L;
    private static final List<String> HEARD = new CopyOnWriteArrayList<>();

    private final String text;

    Ticket(String text) {
      this.text = text;
    }

    @Override
    public void valueBound(HttpSessionBindingEvent event) {
      HEARD.add("bound " + text);
    }

    @Override
    public void valueUnbound(HttpSessionBindingEvent event) {
      HEARD.add("unbound " + text);
    }
  }

  /** A value that does something, once, after the session was encoded. */
  private static final class Afterwards implements HttpSessionActivationListener, Serializable {

    private static final long serialVersionUID = 1L;
    private static final AtomicReference<Runnable> NEXT = new AtomicReference<>();

    private final String text = "afterwards";

    @Override
    public void sessionDidActivate(HttpSessionEvent event) {
      Runnable next = NEXT.getAndSet(null);
      if (next != null) {
        next.run();
      }
    }

    @Override
    public String toString() {
      return text;
    }
  }

  @BeforeEach
  void start() {
    Ticket.HEARD.clear();
    Afterwards.NEXT.set(null);
    HttpSessionIdListener onChange =
        new HttpSessionIdListener() {
          @Override
          public void sessionIdChanged(HttpSessionEvent event, String oldId) {
            event.getSession().setAttribute("changed", oldId);
            onNewId.get().run();
          }
        };
    site =
        new Site(
            container,
            true,
            manager ->
                manager
                    .codec(
                        JavaSerializationCodec.builder()
                            .allow(Ticket.class.getName())
                            .allow(Afterwards.class.getName())
                            .build())
                    .maxAttributeBytes(2_000)
                    .maxSessionBytes(2_000)
                    .renewInterval(RENEWAL),
            filter -> filter.listener(onChange));
    browser = site.browser();
    site.on("/first", (request, response) -> set(request, "first"))
        .on(
            "/fill",
            (request, response) -> request.getSession().setAttribute("much", "x".repeat(1_500)))
        .on("/replace", (request, response) -> put(request, "first", new Ticket("other")))
        .on("/own", (request, response) -> set(request, "own"));
    browser.get("/first");
  }

  private static void set(HttpServletRequest request, String name) {
    put(request, name, new Ticket(name));
  }

  private static void put(HttpServletRequest request, String name, Object value) {
    request.getSession().setAttribute(name, value);
  }

  /** Sends another request of the same session, and waits for it. */
  private void meanwhile(String path) {
    assertThat(site.browser().token(browser.token()).get(path).status()).isEqualTo(200);
  }

  private static void inAnotherThread(Runnable work) {
    CompletableFuture.runAsync(work, task -> new Thread(task).start()).join();
  }

  @Test
  @DisplayName("taken by one thread, while another thread of the request sends the response")
  void takenWhileTheResponseIsSent() {
    site.on(
        "/take",
        (request, response) -> {
          HttpSession session = request.getSession();
          put(request, "after", new Afterwards());
          set(request, "own");
          Afterwards.NEXT.set(
              () ->
                  inAnotherThread(
                      () -> {
                        try {
                          response.flushBuffer();
                        } catch (IOException e) {
                          throw new AssertionError(e);
                        }
                      }));
          assertThat(AtomicAttributes.of(session).take("own")).isPresent();
          assertThat(Afterwards.NEXT.get()).isNull();
          assertThat(response.isCommitted()).isTrue();
        });

    assertThat(browser.get("/take").status()).isEqualTo(200);

    assertThat(Ticket.HEARD).containsExactly("bound first", "bound own", "unbound own");
  }

  @Test
  @DisplayName("stored with a new secret, when the save after that fails")
  void storedWithANewSecret_whenTheNextSaveFails() {
    site.clock.advance(RENEWAL);
    onNewId.set(() -> site.store.fail("update"));

    assertThat(browser.get("/own").status()).isEqualTo(503);

    site.store.recover();
    onNewId.set(() -> {});
    assertThat(Ticket.HEARD).containsExactly("bound first", "bound own");
    assertThat(browser.get("/logout").status()).isEqualTo(200);
    assertThat(Ticket.HEARD)
        .containsExactly("bound first", "bound own", "unbound first", "unbound own");
  }

  @Test
  @DisplayName("stored with a new secret, when another request ends the session before the next")
  void storedWithANewSecret_whenTheSessionEnds() {
    site.clock.advance(RENEWAL);
    String token = browser.token();
    onNewId.set(
        () -> {
          onNewId.set(() -> {});
          assertThat(site.browser().token(token).get("/logout").status()).isEqualTo(200);
        });

    assertThat(browser.get("/own").status()).isEqualTo(200);

    assertThat(Ticket.HEARD)
        .containsExactly("bound first", "bound own", "unbound first", "unbound own");
  }

  @Test
  @DisplayName("too large beside what another request has stored, in place of a smaller one")
  void tooLarge() {
    site.on(
        "/large",
        (request, response) -> {
          put(request, "first", new Ticket(LARGE));
          meanwhile("/fill");
        });

    assertThat(browser.get("/large").status()).isEqualTo(200);

    assertThat(Ticket.HEARD)
        .containsExactly("bound first", "bound " + LARGE, "unbound first", "unbound " + LARGE);
  }

  @Test
  @DisplayName("too large, which an atomic step detects, before another value has its name")
  void tooLarge_beforeAStep_thenReplaced() {
    afterAStepThatLeavesOutALargeOne(request -> put(request, "first", new Ticket("small")));

    assertThat(Ticket.HEARD)
        .containsExactly(
            "bound first",
            "bound " + LARGE,
            "unbound first",
            "unbound " + LARGE,
            "bound small",
            "unbound first");
  }

  @Test
  @DisplayName("too large, which an atomic step detects, before the name is removed")
  void tooLarge_beforeAStep_thenRemoved() {
    afterAStepThatLeavesOutALargeOne(request -> request.getSession().removeAttribute("first"));

    assertThat(Ticket.HEARD)
        .containsExactly(
            "bound first", "bound " + LARGE, "unbound first", "unbound " + LARGE, "unbound first");
  }

  private void afterAStepThatLeavesOutALargeOne(Consumer<HttpServletRequest> then) {
    site.on(
        "/large",
        (request, response) -> {
          put(request, "first", new Ticket(LARGE));
          meanwhile("/fill");
          AtomicAttributes.of(request.getSession()).update("count", Integer.class, old -> 1);
          then.accept(request);
        });
    assertThat(browser.get("/large").status()).isEqualTo(200);
  }

  @Test
  @DisplayName("too large, which the save detects, before another thread replaces it")
  void tooLarge_replacedBeforeTheSaveReturns() {
    afterTheSaveThatLeavesOut(
        new Ticket(LARGE), session -> session.setAttribute("first", new Ticket("small")));

    assertThat(heardOf(LARGE)).containsExactly("bound", "unbound");
    assertThat(heardOf("small")).containsExactly("bound", "unbound");
  }

  @Test
  @DisplayName("too large, which the save detects, before another thread removes the name")
  void tooLarge_removedBeforeTheSaveReturns() {
    afterTheSaveThatLeavesOut(new Ticket(LARGE), session -> session.removeAttribute("first"));

    assertThat(heardOf(LARGE)).containsExactly("bound", "unbound");
  }

  @Test
  @DisplayName("too large, which the save detects, before another thread sets it once more")
  void tooLarge_setAgainBeforeTheSaveReturns() {
    Ticket large = new Ticket(LARGE);
    afterTheSaveThatLeavesOut(
        large,
        session -> {
          session.removeAttribute("much");
          session.setAttribute("first", large);
        });

    assertThat(heardOf(LARGE)).containsExactly("bound", "bound", "unbound", "unbound");
  }

  @Test
  @DisplayName("too large, which the save detects, before another thread ends the session")
  void tooLarge_sessionEndsBeforeTheSaveReturns() {
    afterTheSaveThatLeavesOut(new Ticket(LARGE), HttpSession::invalidate);

    assertThat(heardOf(LARGE)).containsExactly("bound", "unbound");
  }

  @Test
  @DisplayName("too large, which the save detects, before it is replaced and the session ends")
  void tooLarge_replacedAndSessionEndsBeforeTheSaveReturns() {
    afterTheSaveThatLeavesOut(
        new Ticket(LARGE),
        session -> {
          session.setAttribute("first", new Ticket("small"));
          session.invalidate();
        });

    assertThat(heardOf(LARGE)).containsExactly("bound", "unbound");
    assertThat(heardOf("small")).containsExactly("bound", "unbound");
  }

  private void afterTheSaveThatLeavesOut(Ticket large, Consumer<HttpSession> then) {
    site.on(
        "/large",
        (request, response) -> {
          HttpSession session = request.getSession();
          put(request, "after", new Afterwards());
          put(request, "first", large);
          meanwhile("/fill");
          Afterwards.NEXT.set(() -> inAnotherThread(() -> then.accept(session)));
        });

    assertThat(browser.get("/large").status()).isEqualTo(200);
    assertThat(Afterwards.NEXT.get()).isNull();
  }

  private static List<String> heardOf(String text) {
    return Ticket.HEARD.stream()
        .filter(heard -> heard.endsWith(" " + text))
        .map(heard -> heard.substring(0, heard.indexOf(' ')))
        .toList();
  }

  @Test
  @DisplayName("read, replaced by another request, and set again as it was")
  void setAgainAsItWas() {
    site.on(
        "/again",
        (request, response) -> {
          HttpSession session = request.getSession();
          Object read = session.getAttribute("first");
          meanwhile("/replace");
          AtomicAttributes.of(session).update("count", Integer.class, old -> 1);
          session.setAttribute("first", read);
        });

    assertThat(browser.get("/again").status()).isEqualTo(200);

    assertThat(Ticket.HEARD)
        .containsExactly(
            "bound first",
            "bound other",
            "unbound first",
            "bound first",
            "unbound other",
            "unbound first");
  }

  @Test
  @DisplayName("of a session that a login ends, since its condition fails with an exception")
  void conditionOfTheLoginFails() {
    loginFails("/none");
    assertThat(Ticket.HEARD)
        .containsExactlyInAnyOrder("bound first", "bound own", "unbound first", "unbound own");
  }

  @Test
  @DisplayName("and the same if another request had ended the session before")
  void conditionOfTheLoginFails_afterTheSessionHasEnded() {
    loginFails("/logout");
    assertThat(Ticket.HEARD)
        .containsExactlyInAnyOrder("bound first", "bound own", "unbound first", "unbound own");
  }

  @Test
  @DisplayName("stored by a login that begins another session, which ends before it is reported")
  void endsBeforeItIsReported() {
    LoginOptions endedMeanwhile =
        LoginOptions.builder().validIf(() -> site.manager.revokeAllOf("alice") == 1).build();
    site.on(
        "/login-late",
        (request, response) -> {
          set(request, "own");
          meanwhile("/logout");
          WebSession.of(request).login("alice", endedMeanwhile);
        });

    assertThat(browser.get("/login-late").status()).isEqualTo(200);

    assertThat(Ticket.HEARD)
        .containsExactly("bound first", "bound own", "unbound first", "unbound own");
  }

  private void loginFails(String before) {
    site.on("/none", (request, response) -> {})
        .on(
            "/fail",
            (request, response) -> {
              set(request, "own");
              meanwhile(before);
              LoginOptions failing =
                  LoginOptions.builder()
                      .validIf(
                          () -> {
                            throw new UnsupportedOperationException("a condition that fails");
                          })
                      .build();
              try {
                WebSession.of(request).login("alice", failing);
              } catch (UnsupportedOperationException e) {
                response.setStatus(202);
              }
            });
    assertThat(browser.get("/fail").status()).isEqualTo(202);
  }
}

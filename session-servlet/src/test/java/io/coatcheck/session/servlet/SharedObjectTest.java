package io.coatcheck.session.servlet;

import static io.coatcheck.session.servlet.RequestsAtOnce.id;
import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.token.SessionId;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpSession;
import java.security.Principal;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("I4: in memory, the requests of a session have one object to lock on")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class SharedObjectTest {

  private final Map<String, Object> kept = new ConcurrentHashMap<>();
  @AutoClose private final RequestsAtOnce requests;
  private final Site site;
  private final Browser browser;

  SharedObjectTest(Container container) {
    requests = new RequestsAtOnce(container);
    site = requests.site;
    browser = requests.browser;
  }

  @ParameterizedTest
  @ValueSource(strings = {"/look", "/id", "/login"})
  @DisplayName("the object to lock on is one for all requests under way, after a login too")
  void object_isOneForAllRequests(String path) throws Exception {
    Map<String, Handler> changes =
        Map.of(
            "/look", (request, response) -> {},
            "/id", (request, response) -> request.changeSessionId(),
            "/login", (request, response) -> WebSession.of(request).login("alice"));
    changes.forEach(
        (each, change) ->
            site.on(
                each,
                (request, response) -> {
                  kept.put("before", request.getSession());
                  change.handle(request, response);
                  kept.put("after", request.getSession());
                }));
    requests.around(
        path,
        (request, response) -> kept.put("other", request.getSession()),
        (request, response) -> {
          assertThat(kept.get("before")).isSameAs(kept.get("other")).isSameAs(kept.get("after"));
        });
  }

  @Test
  @DisplayName("the object is the same before and after the session is stored")
  void object_isThatOfTheDraft() {
    site.on(
        "/first",
        (request, response) -> {
          kept.put("first", request.getSession());
          request.getSession().setAttribute("x", "y");
          response.flushBuffer();
          assertThat(request.getSession()).isSameAs(kept.get("first"));
        });
    assertThat(site.browser().get("/first").status()).isEqualTo(200);
  }

  @Test
  @DisplayName("nothing of a request stays with the session when its requests have ended")
  void attachment_endsWithTheRequests() throws Exception {
    site.on("/look", (request, response) -> request.getSession());
    requests.around(
        "/look", (request, response) -> request.getSession(), (request, response) -> {});
    SessionId id = id(browser);
    assertThatNoneIsUnderWay(id);
  }

  @Test
  @DisplayName(
      "an anonymous session that becomes a container user's is left by the listeners' view")
  void sessionOfAContainerUser_endsWithTheRequest() {
    site.on("/look", (request, response) -> request.getSession());
    site.filters(
        (request, response, chain) -> chain.doFilter(asCarol(request), response),
        SessionFilter.builder(site.manager).build());
    site.listener().heard();
    assertThat(browser.get("/look").status()).isEqualTo(200);
    assertThat(site.listener().heard()).anyMatch(heard -> heard.startsWith("id "));
    assertThatNoneIsUnderWay(id(browser));
  }

  private static ServletRequest asCarol(ServletRequest request) {
    return new HttpServletRequestWrapper((HttpServletRequest) request) {
      @Override
      public Principal getUserPrincipal() {
        return () -> "carol";
      }

      @Override
      public String getRemoteUser() {
        return "carol";
      }
    };
  }

  private static void assertThatNoneIsUnderWay(SessionId id) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    // The answer may reach the client before the filter has returned.
    while (SharedSessions.contains(id) && System.nanoTime() < deadline) {
      Thread.onSpinWait();
    }
    assertThat(SharedSessions.contains(id)).isFalse();
  }

  @Test
  @DisplayName("sessions whose ids have the same place in the table stay two")
  void idsWithTheSamePlace_areTwoSessions() throws Exception {
    Map<Integer, Browser> browsers = new HashMap<>();
    Browser client = browser;
    Browser other = null;
    for (int i = 0; other == null; i++) {
      assertThat(i).isLessThan(2_000);
      client = site.browser();
      client.get("/begin");
      other = browsers.putIfAbsent(SharedSessions.place(id(client)), client);
    }
    Browser neighbour = other;
    kept.put("objects", new CopyOnWriteArrayList<>());
    site.on(
        "/look",
        (request, response) -> {
          objects().add(request.getSession());
          response.getWriter().print(request.getSession().getId());
        });
    requests.around(
        client,
        "/look",
        (request, response) -> {
          objects().add(request.getSession());
          // Two more requests of the other session, while this one is under way.
          for (int i = 0; i < 2; i++) {
            assertThat(neighbour.get("/look").body()).startsWith(id(neighbour) + "~");
          }
        },
        (request, response) -> assertThat(request.getSession()).isSameAs(objects().get(0)));
    assertThat(objects()).hasSize(4);
    assertThat(objects().get(3)).isSameAs(objects().get(0));
    assertThat(objects().subList(1, 3)).doesNotContain(objects().get(0));
    assertThatNoneIsUnderWay(id(client));
    assertThatNoneIsUnderWay(id(neighbour));
  }

  @SuppressWarnings("unchecked")
  private List<Object> objects() {
    return (List<Object>) kept.get("objects");
  }

  @Test
  @DisplayName("sessions that are not stored are two objects")
  void unstoredSessions_shareNothing() {
    site.on("/look", (request, response) -> kept.put("look", request.getSession()));
    site.browser().get("/look");
    Object one = kept.get("look");
    site.browser().get("/look");
    assertThat(kept.get("look")).isNotSameAs(one);
  }

  @Test
  @DisplayName("I15: a request that is never completed keeps nothing of an application that ended")
  void streamOfAnEndedApplication_isForgotten() throws Exception {
    try (SessionManager ending = managerOfTheSameSession()) {
      SessionFilter filter = SessionFilter.builder(ending).build();
      site.filters(filter);
      HttpSession open = requests.openStream();
      assertThat(SharedSessions.contains(id(browser))).isTrue();
      filter.destroy();
      assertThatNoneIsUnderWay(id(browser));
      requests.closeStream();
      assertThat(open.getId()).startsWith(id(browser).toString());
    }
  }

  /** Returns a manager of another store, which has the session of the browser too. */
  private SessionManager managerOfTheSameSession() {
    InMemorySessionStore store = InMemorySessionStore.builder().build();
    store.insert(site.stored(browser.token()));
    return SessionManager.builder(store).clock(site.clock).build();
  }

  @Test
  @DisplayName("sessions of two stores are two, also with one id, as imported sessions may have")
  void sessionsOfTwoStores_areTwo() throws Exception {
    try (SessionManager other = managerOfTheSameSession()) {
      SessionFilter first = SessionFilter.builder(site.manager).build();
      SessionFilter second = SessionFilter.builder(other).build();
      site.filters(
          (request, response, chain) -> {
            boolean isOther = ((HttpServletRequest) request).getRequestURI().equals("/other");
            (isOther ? second : first).doFilter(request, response, chain);
          });
      site.on("/other", (request, response) -> kept.put("other", request.getSession()));
      requests.around(
          "/other",
          (request, response) -> kept.put("own", request.getSession()),
          (request, response) -> {});
      assertThat(kept.get("own")).isNotSameAs(kept.get("other"));
    }
  }

  @Test
  @EnabledIf(
      value = "io.coatcheck.session.servlet.Container#isServlet61",
      disabledReason = "Servlet 6.0 has no HttpSession.Accessor")
  @DisplayName("an accessor hands over the same object")
  void accessor_handsOverTheSameObject() {
    site.on(
        "/accessor",
        (request, response) -> {
          HttpSession session = request.getSession();
          Accessors.access(
              session,
              accessed -> {
                kept.put("same", accessed == session);
                accessed.setAttribute("accessed", "4");
              });
          kept.put("read", session.getAttribute("accessed"));
        });
    browser.get("/accessor");
    assertThat(kept).containsEntry("same", true).containsEntry("read", "4");
  }
}

package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpSession;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName(
    "F41: listeners of the end of an asynchronous request use the session, as in a container")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class AsyncEndTest {

  @Parameter Container container;

  private final List<String> problems = new CopyOnWriteArrayList<>();

  private AsyncListener atTheEnd(Consumer<AsyncEvent> does) {
    return new AsyncListener() {
      @Override
      public void onComplete(AsyncEvent event) {
        try {
          does.accept(event);
        } catch (IllegalStateException e) {
          problems.add(e.toString());
        }
      }

      @Override
      public void onTimeout(AsyncEvent event) {}

      @Override
      public void onError(AsyncEvent event) {}

      @Override
      public void onStartAsync(AsyncEvent event) {}
    };
  }

  private Site site(boolean copyOnRead) {
    return new Site(container, copyOnRead, UnaryOperator.identity(), UnaryOperator.identity());
  }

  private static void awaitAttributes(Site site, String token, String... names) {
    Await.until(() -> site.stored(token).attributes().keySet().equals(Set.of(names)));
    assertThat(site.stored(token).attributes()).containsOnlyKeys(names);
  }

  private static void assertListenersChangeTheSession(Site site) {
    Browser browser = site.browser();
    browser.get("/begin");

    browser.get("/async");

    awaitAttributes(site, browser.token(), "first", "second");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void listener_mayChangeTheSession(boolean copyOnRead) throws Exception {
    try (Site site = site(copyOnRead)) {
      site.on("/async", (request, response) -> complete(request, request.startAsync()));
      assertListenersChangeTheSession(site);
    }
    assertThat(problems).isEmpty();
  }

  private static boolean isOver(HttpSession session) {
    try {
      session.setAttribute("first", "2");
      return false;
    } catch (IllegalStateException e) {
      return true;
    }
  }

  private void complete(HttpServletRequest request, AsyncContext context) {
    HttpSession session = request.getSession();
    context.addListener(
        atTheEnd(
            event -> {
              session.removeAttribute("a");
              session.setAttribute("first", "1");
              throw new IllegalArgumentException("on purpose");
            }));
    context.addListener(
        atTheEnd(
            event ->
                ((HttpServletRequest) event.getAsyncContext().getRequest())
                    .getSession()
                    .setAttribute("second", "1")),
        request,
        context.getResponse());
    context.start(context::complete);
  }

  @Test
  @DisplayName("even in a cycle that was dispatched, and begun again")
  void secondCycle() throws Exception {
    try (Site site = site(true)) {
      site.on(
          "/async",
          (request, response) -> {
            AsyncContext context = request.startAsync();
            context.addListener(atTheEnd(event -> problems.add("the first cycle was completed")));
            context.dispatch("/again");
          });
      site.on("/again", (request, response) -> complete(request, request.startAsync()));
      assertListenersChangeTheSession(site);
    }
    assertThat(problems).isEmpty();
  }

  @Test
  @DisplayName("also behind two filters")
  void twoFilters() throws Exception {
    try (Site site = site(true);
        Site other = site(true)) {
      site.filters(
          SessionFilter.builder(other.manager)
              .cookie(SessionCookie.builder().name("__Host-outer").build())
              .build(),
          SessionFilter.builder(site.manager).build());
      // The containers serve the site that was made last.
      container.running().switchboard().connect(site);
      site.on("/async", (request, response) -> complete(request, request.startAsync()));
      assertListenersChangeTheSession(site);
    }
    assertThat(problems).isEmpty();
  }

  @Test
  @DisplayName("I10: a session that begins after another thread has completed has its cookie")
  void begunAfterTheEndWasAskedFor() throws Exception {
    try (Site site = site(true)) {
      site.on(
          "/async",
          (request, response) -> {
            Thread other = new Thread(request.startAsync()::complete);
            other.start();
            other.join();
            request.getSession().setAttribute("a", "1");
          });
      Browser browser = site.browser();

      browser.get("/async");

      assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("a");
    }
  }

  @Test
  @DisplayName("I10: also if it was to be completed a second time")
  void completedTwice() throws Exception {
    try (Site site = site(true)) {
      site.on(
          "/async",
          (request, response) -> {
            AsyncContext context = request.startAsync();
            Thread other = new Thread(context::complete);
            other.start();
            other.join();
            // Tomcat refuses the second call, and Jetty ignores it.
            Throwable refusal = catchThrowable(context::complete);
            assertThat(refusal == null || refusal instanceof IllegalStateException).isTrue();
            request.getSession().setAttribute("a", "1");
          });
      Browser browser = site.browser();

      browser.get("/async");

      assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("a");
    }
  }

  @Test
  @DisplayName("after that, the session can no longer be changed")
  void afterTheEnd_isOver() throws Exception {
    List<HttpSession> kept = new CopyOnWriteArrayList<>();
    try (Site site = site(true)) {
      site.on(
          "/async",
          (request, response) -> {
            kept.add(request.getSession());
            AsyncContext context = request.startAsync();
            context.addListener(atTheEnd(event -> kept.get(0).setAttribute("first", "1")));
            context.start(context::complete);
          });
      Browser browser = site.browser();
      browser.get("/begin");
      browser.get("/async");
      awaitAttributes(site, browser.token(), "a", "first");

      Await.until(() -> isOver(kept.get(0)));
      assertThat(isOver(kept.get(0))).isTrue();
    }
    assertThat(problems).isEmpty();
  }
}

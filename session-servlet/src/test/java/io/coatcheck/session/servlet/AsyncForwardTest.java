package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("An asynchronous dispatch goes where the container alone sends it")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class AsyncForwardTest {

  @Parameter Container container;

  @AutoClose private Site site;
  private volatile CountDownLatch returned;

  @BeforeEach
  void start() {
    site =
        new Site(container)
            .on("/A", (request, response) -> handle("/A", request, response))
            .on("/B", (request, response) -> handle("/B", request, response))
            .on("/C", (request, response) -> handle("/C", request, response));
  }

  /**
   * A is asked for, and dispatches to B, which begins; what is dispatched to at the end answers.
   */
  private void handle(String path, HttpServletRequest request, HttpServletResponse response)
      throws Exception {
    boolean isAsync = request.getDispatcherType() == DispatcherType.ASYNC;
    String by = request.getParameter("by");
    boolean isToBegin =
        request.getAttribute("begun") == null && (path.equals("/B") || by.equals("none"));
    if (request.getAttribute("begun") != null) {
      response.getWriter().print(path + request.getAttribute("begun"));
      return;
    }
    if (isToBegin) {
      begin(request, response);
    } else if (by.equals("forward")) {
      request.getRequestDispatcher("/B").forward(request, response);
    } else if (by.equals("include")) {
      request.getRequestDispatcher("/B").include(request, response);
    } else if (by.equals("second") && !isAsync) {
      request.startAsync().dispatch("/C");
      return;
    } else if (by.equals("second")) {
      request.getRequestDispatcher("/B").forward(request, response);
    }
    if (path.equals(by.equals("second") ? "/C" : "/A")
        && request.getParameter("when").equals("after")) {
      ((AsyncContext) request.getAttribute("context")).dispatch();
    }
  }

  private void begin(HttpServletRequest request, HttpServletResponse response) throws IOException {
    String how = request.getParameter("how");
    HttpServletRequest given =
        how.equals("wrapped") ? new HttpServletRequestWrapper(request) : request;
    AsyncContext context =
        how.equals("none") ? request.startAsync() : request.startAsync(given, response);
    request.setAttribute("context", context);
    request.setAttribute(
        "begun",
        " original="
            + context.hasOriginalRequestAndResponse()
            + " again="
            + request.getAsyncContext().hasOriginalRequestAndResponse());
    switch (request.getParameter("when")) {
      case "inside" -> context.dispatch();
      case "late" -> {
        CountDownLatch latch = returned;
        new Thread(
                () -> {
                  try {
                    latch.await(60, TimeUnit.SECONDS);
                  } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                  }
                  context.dispatch();
                })
            .start();
      }
      default -> {}
    }
  }

  private String answer(jakarta.servlet.Filter... filters) {
    returned = new CountDownLatch(1);
    CountDownLatch latch = returned;
    jakarta.servlet.Filter first =
        (request, response, chain) -> {
          try {
            chain.doFilter(request, response);
          } finally {
            latch.countDown();
          }
        };
    List<jakarta.servlet.Filter> all = new java.util.ArrayList<>(List.of(filters));
    all.add(0, first);
    site.filters(all.toArray(jakarta.servlet.Filter[]::new));
    return site.browser().get(query).body();
  }

  private String query;

  @ParameterizedTest
  @CsvSource({
    "none, none, inside",
    "none, args, inside",
    "none, args, late",
    "forward, none, inside",
    "forward, args, inside",
    "forward, wrapped, inside",
    "forward, none, after",
    "forward, args, after",
    "forward, wrapped, after",
    "forward, none, late",
    "forward, args, late",
    "include, none, inside",
    "include, args, after",
    "second, none, inside",
    "second, args, after"
  })
  @DisplayName("by startAsync with and without arguments, within a forward, after it, and later")
  void dispatch_goesWhereTheContainerAloneGoes(String by, String how, String when) {
    query = "/A?by=" + by + "&how=" + how + "&when=" + when;

    String alone = answer();
    String behind = answer(SessionFilter.builder(site.manager).build());
    String behindTwo =
        answer(
            SessionFilter.builder(site.manager)
                .cookie(SessionCookie.builder().name("__Host-outer").build())
                .build(),
            SessionFilter.builder(site.manager).build());

    assertThat(behind).isEqualTo(alone);
    assertThat(behindTwo).isEqualTo(alone);
    if (by.equals("forward") && container == Container.TOMCAT) {
      assertThat(alone).startsWith(how.equals("none") ? "/A" : "/B");
    }
  }
}

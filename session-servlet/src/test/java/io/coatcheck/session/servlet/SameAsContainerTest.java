package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.undertow.servlet.Servlets;
import io.undertow.servlet.api.ServletStackTraces;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionBindingEvent;
import jakarta.servlet.http.HttpSessionBindingListener;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("Odd uses of the Servlet API answer as with the container's own sessions")
class SameAsContainerTest {

  private static final Map<String, Container.Running> RUNNING = new ConcurrentHashMap<>();

  private static final String UNDERTOW = "UNDERTOW";

  /** The pages that differ in the session's cookie, as documented. */
  private static final Set<String> OTHER_COOKIE =
      Set.of(
          "bindings",
          "ended",
          "invalidateInForward",
          "invalidateTwice",
          "newThenInvalidateThenNone",
          "requested",
          "reset",
          "setHeaderOverCookies");

  private static final byte[] LONG_PART = new byte[100_000];

  /** The pages, each of which is requested before and after {@code /begin}. */
  private static Map<String, Handler> pages() {
    Map<String, Handler> pages = new TreeMap<>();
    pages.put(
        "reset",
        (request, response) -> {
          request.getSession().setAttribute("x", "1");
          response.addCookie(new Cookie("lost", "1"));
          response.getWriter().print("lost");
          response.reset();
          response.setStatus(201);
          response.getWriter().print("kept");
        });
    pages.put(
        "resetBuffer",
        (request, response) -> {
          response.addCookie(new Cookie("kept", "1"));
          response.getWriter().print("lost");
          request.getSession().setAttribute("x", "1");
          response.resetBuffer();
          response.getWriter().print("kept");
        });
    pages.put(
        "resetAfterCommit",
        (request, response) -> {
          request.getSession().setAttribute("x", "1");
          response.getWriter().print("kept");
          response.flushBuffer();
          try {
            response.reset();
          } catch (IllegalStateException e) {
            response.getWriter().print(" refused");
          }
        });
    pages.put(
        "streamClosedEarly",
        (request, response) -> {
          request.getSession().setAttribute("x", "1");
          response.getOutputStream().print("short");
          response.getOutputStream().close();
          request.getSession().setAttribute("y", "1");
        });
    pages.put(
        "writerClosedEarly",
        (request, response) -> {
          request.getSession().setAttribute("x", "1");
          response.getWriter().print("short");
          response.getWriter().close();
          request.getSession().removeAttribute("x");
          response.getWriter().print("ignored");
        });
    pages.put(
        "errorAfterPart",
        (request, response) -> {
          request.getSession().setAttribute("x", "1");
          response.getWriter().print("lost");
          response.sendError(409);
        });
    pages.put(
        "exceptionAfterPart",
        (request, response) -> {
          request.getSession().setAttribute("x", "1");
          response.getWriter().print("lost");
          throw new ServletException("on purpose");
        });
    pages.put(
        "errorAfterCommit",
        (request, response) -> {
          request.getSession().setAttribute("x", "1");
          response.getWriter().print("kept");
          response.flushBuffer();
          try {
            response.sendError(409);
          } catch (IllegalStateException e) {
            request.getSession().setAttribute("refused", "1");
          }
        });
    pages.put(
        "redirectThenSession",
        (request, response) -> {
          response.sendRedirect("/elsewhere");
          try {
            request.getSession().setAttribute("x", "1");
          } catch (IllegalStateException e) {
            request.setAttribute("refused", e);
          }
        });
    pages.put(
        "redirectInInclude",
        (request, response) -> {
          request.getRequestDispatcher("/part-redirect").include(request, response);
          response.getWriter().print("kept");
        });
    pages.put(
        "invalidateThenNew",
        (request, response) -> {
          HttpSession first = request.getSession();
          first.setAttribute("x", "1");
          first.invalidate();
          HttpSession second = request.getSession(true);
          second.setAttribute("y", "1");
          response.getWriter().print(second.isNew() + " " + (second == first));
        });
    pages.put(
        "invalidateTwice",
        (request, response) -> {
          HttpSession first = request.getSession();
          first.invalidate();
          try {
            first.invalidate();
          } catch (IllegalStateException e) {
            response.getWriter().print("refused ");
          }
          response.getWriter().print(request.getSession(false) == null);
        });
    pages.put(
        "newThenInvalidateThenNone",
        (request, response) -> {
          request.getSession().setAttribute("x", "1");
          request.getSession().invalidate();
          response.getWriter().print(request.getSession(false) == null);
        });
    pages.put(
        "idInInclude",
        (request, response) -> {
          request.getSession().setAttribute("x", "1");
          request.getRequestDispatcher("/part-id").include(request, response);
          response.getWriter().print(" " + request.getSession().getAttribute("x"));
        });
    pages.put(
        "idWithoutSession",
        (request, response) -> {
          try {
            request.changeSessionId();
            response.getWriter().print("changed");
          } catch (IllegalStateException e) {
            response.getWriter().print("refused");
          }
        });
    pages.put(
        "invalidateInForward",
        (request, response) -> {
          request.getSession().setAttribute("x", "1");
          request.getRequestDispatcher("/part-invalidate").forward(request, response);
        });
    pages.put(
        "longPart",
        (request, response) -> {
          response.getOutputStream().write(LONG_PART);
          try {
            request.getSession().setAttribute("x", "1");
          } catch (IllegalStateException e) {
            request.setAttribute("refused", e);
          }
        });
    pages.put(
        "trailers",
        (request, response) -> {
          request.getSession().setAttribute("x", "1");
          try {
            response.setTrailerFields(() -> Map.of("T", "1"));
            response.getWriter().print("set");
          } catch (IllegalStateException e) {
            response.getWriter().print("refused");
          }
        });
    pages.put(
        "cookies",
        (request, response) -> {
          Cookie partitioned = new Cookie("p", "1");
          partitioned.setAttribute("Partitioned", "");
          partitioned.setSecure(true);
          response.addCookie(partitioned);
          response.addHeader("Set-Cookie", "raw=1; Path=/");
          request.getSession().setAttribute("x", "1");
          response.addCookie(new Cookie("q", "1"));
        });
    pages.put(
        "setHeaderOverCookies",
        (request, response) -> {
          request.getSession().setAttribute("x", "1");
          response.addCookie(new Cookie("lost", "1"));
          response.setHeader("Set-Cookie", "kept=1");
        });
    pages.put(
        "ended",
        (request, response) -> {
          HttpSession session = request.getSession();
          session.setAttribute("x", "1");
          session.invalidate();
          List<Runnable> calls =
              List.of(
                  session::getId,
                  session::getCreationTime,
                  session::getLastAccessedTime,
                  session::getAttributeNames,
                  session::isNew,
                  session::getServletContext,
                  session::invalidate,
                  () -> session.getAttribute("x"),
                  () -> session.setAttribute("x", "2"),
                  () -> session.removeAttribute("x"));
          for (Runnable call : calls) {
            response.getWriter().print(problemOf(call));
          }
        });
    pages.put(
        "requested",
        (request, response) -> {
          response.getWriter().print(request.isRequestedSessionIdFromCookie());
          for (int i = 0; i < 2; i++) {
            response.getWriter().print(request.isRequestedSessionIdValid());
            response.getWriter().print(request.isRequestedSessionIdFromURL());
            response.getWriter().print(request.getRequestedSessionId() == null);
            if (request.getSession(false) != null) {
              request.getSession().invalidate();
            }
          }
        });
    pages.put(
        "new",
        (request, response) -> {
          HttpSession session = request.getSession();
          response.getWriter().print(session.isNew());
          response.getWriter().print(session.getLastAccessedTime() >= session.getCreationTime());
          session.setMaxInactiveInterval(77);
          response.getWriter().print(request.getSession().getMaxInactiveInterval());
          response.getWriter().print(request.getSession() == session);
        });
    pages.put(
        "bindings",
        (request, response) -> {
          StringBuilder heard = new StringBuilder();
          HttpSession session = request.getSession();
          Bound first = new Bound("first", heard);
          session.setAttribute("x", first);
          session.setAttribute("y", first);
          session.removeAttribute("y");
          session.setAttribute("z", new Bound("second", heard));
          session.removeAttribute("z");
          session.invalidate();
          response.getWriter().print(heard);
        });
    pages.put(
        "flushThenSession",
        (request, response) -> {
          response.getWriter().print("kept");
          response.flushBuffer();
          response.getWriter().print(request.getSession(false) == null);
        });
    pages.put(
        "errorPageTwice",
        (request, response) -> {
          request.getSession().setAttribute("x", "1");
          response.sendError(409);
          try {
            response.sendRedirect("/elsewhere");
          } catch (IllegalStateException e) {
            request.getSession().setAttribute("refused", "1");
          }
        });
    pages.put(
        "includeOfLongPart",
        (request, response) -> {
          response.setStatus(202);
          request.getRequestDispatcher("/longPart").include(request, response);
        });
    pages.put(
        "replaceTwice",
        (request, response) -> {
          HttpSession session = request.getSession();
          session.setAttribute("x", "1");
          session.setAttribute("x", "2");
          session.setAttribute("x", null);
        });
    pages.put(
        "noContent",
        (request, response) -> {
          request.getSession().setAttribute("x", "1");
          response.setStatus(204);
        });
    pages.put(
        "notModified",
        (request, response) -> {
          request.getSession().setAttribute("x", "1");
          response.setStatus(304);
        });
    pages.put(
        "lengthTooLong",
        (request, response) -> {
          request.getSession().setAttribute("x", "1");
          response.setContentLength(3);
          response.getOutputStream().print("abc");
          request.getSession().setAttribute("y", "1");
        });
    pages.put(
        "asyncComplete",
        (request, response) -> {
          var context = request.startAsync();
          request.getSession().setAttribute("x", "1");
          response.getWriter().print("async");
          context.complete();
        });
    pages.put(
        "asyncDispatch",
        (request, response) -> {
          request.getSession().setAttribute("x", "1");
          request.startAsync().dispatch("/part-id");
        });
    return pages;
  }

  /** A value that writes down what it hears. */
  private record Bound(String name, StringBuilder heard) implements HttpSessionBindingListener {

    @Override
    public void valueBound(HttpSessionBindingEvent event) {
      heard.append(name).append(" bound ").append(event.getName()).append(' ');
    }

    @Override
    public void valueUnbound(HttpSessionBindingEvent event) {
      heard.append(name).append(" unbound ").append(event.getName()).append(' ');
    }

    @Override
    public String toString() {
      return name;
    }
  }

  private static String problemOf(Runnable call) {
    try {
      call.run();
      return "none ";
    } catch (RuntimeException e) {
      return e.getClass().getSimpleName() + " ";
    }
  }

  private static Container.Running running(String container) {
    return container.equals(UNDERTOW)
        ? RUNNING.computeIfAbsent(
            container,
            name ->
                UndertowServer.start(
                    deployment ->
                        deployment
                            .setServletStackTraces(ServletStackTraces.NONE)
                            .addErrorPage(Servlets.errorPage(Site.ERROR_PAGE))))
        : Container.valueOf(container).running();
  }

  static List<Arguments> pagesInContainers() {
    List<Arguments> all = new ArrayList<>();
    for (String container : new String[] {"TOMCAT", "JETTY", UNDERTOW}) {
      for (String page : pages().keySet()) {
        for (String method : new String[] {"GET", "HEAD"}) {
          all.add(Arguments.of(container, page, method));
        }
      }
    }
    return all;
  }

  /**
   * Starts the site.
   *
   * @param returned released when the application and all filters have returned: a client may have
   *     the whole answer before
   */
  private static Site site(String container, boolean isOurs, Semaphore returned) {
    Site site =
        new Site(running(container), false, UnaryOperator.identity(), UnaryOperator.identity());
    pages().forEach((name, page) -> site.on("/" + name, page));
    site.on("/part-redirect", (request, response) -> response.sendRedirect("/elsewhere"))
        .on(
            "/part-id",
            (request, response) -> {
              String before = request.getSession().getId();
              response.getWriter().print(!request.changeSessionId().equals(before));
            })
        .on("/part-invalidate", (request, response) -> request.getSession().invalidate());
    Filter outermost =
        (request, response, chain) -> {
          // Undertow does not restore it after a forward.
          DispatcherType type = request.getDispatcherType();
          try {
            chain.doFilter(request, response);
          } finally {
            if (type == DispatcherType.REQUEST) {
              returned.release();
            }
          }
        };
    if (isOurs) {
      SessionFilterBuilder filter = SessionFilter.builder(site.manager).storeEmptySessions(true);
      if (container.equals(UNDERTOW)) {
        filter.listener(site.listener());
      }
      site.filters(outermost, filter.build());
    } else {
      site.filters(outermost);
    }
    return site;
  }

  /**
   * Returns what is compared of the cookies. Coatcheck deletes the cookie of a session that has
   * ended, and keeps its cookie when the application resets the response or replaces the header.
   */
  private static List<String> cookies(String page, Browser.Answer answer) {
    boolean isOther = OTHER_COOKIE.contains(page);
    return answer.setCookies().stream()
        .filter(cookie -> !(isOther && isSession(cookie)))
        .map(SameAsContainerTest::kindOf)
        .sorted()
        .toList();
  }

  private static boolean isSession(String cookie) {
    return cookie.startsWith("JSESSIONID=") || cookie.startsWith(Browser.SESSION + "=");
  }

  private static String kindOf(String cookie) {
    if (!isSession(cookie)) {
      return cookie;
    }
    return cookie.contains("Max-Age=0") ? "session deleted" : "session";
  }

  /** Returns what a client and the listeners see of a page: first without, then with a session. */
  private static List<String> seen(String container, boolean isOurs, String page, String method)
      throws InterruptedException {
    List<String> seen = new ArrayList<>();
    Semaphore returned = new Semaphore(0);
    try (Site site = site(container, isOurs, returned)) {
      for (boolean hasBegun : new boolean[] {false, true}) {
        Browser browser = site.browser();
        if (hasBegun) {
          browser.get("/begin");
          await(returned);
        }
        site.listener().heard();
        Browser.Answer answer = browser.send(method, "/" + page);
        await(returned);
        browser.get("/part-none");
        await(returned);
        seen.add(
            answer.status()
                + " "
                + answer.body().length()
                + (answer.body().length() < 500 ? answer.body() : "")
                + " "
                + answer.header("Location")
                + " "
                + lengthOf(answer)
                + " "
                + cookies(page, answer)
                + " "
                + heard(site));
      }
    }
    return seen;
  }

  private static void await(Semaphore returned) throws InterruptedException {
    assertThat(returned.tryAcquire(10, TimeUnit.SECONDS)).isTrue();
  }

  /** Returns the length as the response has it; 0 also where an empty response has none. */
  private static String lengthOf(Browser.Answer answer) {
    String length = answer.header("Content-Length");
    return length == null && answer.body().isEmpty() ? "0" : length;
  }

  /** Returns what the listeners heard; that an id was changed, once: Undertow reports it twice. */
  private static List<String> heard(Site site) {
    List<String> all = new ArrayList<>();
    for (String one : site.listener().heard()) {
      if (!one.startsWith("id ")) {
        all.add(one);
      } else if (!all.contains("id")) {
        all.add("id");
      }
    }
    return all;
  }

  @ParameterizedTest
  @MethodSource("pagesInContainers")
  @DisplayName("I10: status, body, cookies and what listeners hear")
  void page_isTheContainers(String container, String page, String method) throws Exception {
    assertThat(seen(container, true, page, method)).isEqualTo(seen(container, false, page, method));
  }
}

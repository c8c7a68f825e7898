package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.Filter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpServletResponseWrapper;
import jakarta.servlet.http.HttpSession;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName(
    "I19: a wrapper of a filter in front waits for another thread that uses the same session")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class FrontWrapperTest {

  @Parameter Container container;

  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final List<String> problems = new CopyOnWriteArrayList<>();
  private final List<String> called = new CopyOnWriteArrayList<>();
  private volatile String place = "";
  private volatile boolean isArmed;
  private volatile HttpSession session;
  private Site site;

  private final class Front extends HttpServletResponseWrapper {

    Front(HttpServletResponse response) {
      super(response);
    }

    @Override
    public boolean isCommitted() {
      called("isCommitted");
      return super.isCommitted();
    }

    @Override
    public void setHeader(String name, String value) {
      called("setHeader");
      super.setHeader(name, value);
    }

    @Override
    public void addHeader(String name, String value) {
      called("addHeader");
      super.addHeader(name, value);
    }

    @Override
    public Collection<String> getHeaders(String name) {
      called("getHeaders");
      return super.getHeaders(name);
    }

    @Override
    public Collection<String> getHeaderNames() {
      called("getHeaderNames");
      return super.getHeaderNames();
    }

    @Override
    public boolean containsHeader(String name) {
      called("containsHeader");
      return super.containsHeader(name);
    }

    @Override
    public void resetBuffer() {
      called("resetBuffer");
      super.resetBuffer();
    }
  }

  private final class FrontRequest extends HttpServletRequestWrapper {

    FrontRequest(HttpServletRequest request) {
      super(request);
    }

    @Override
    public Object getAttribute(String name) {
      called("getAttribute");
      return super.getAttribute(name);
    }

    @Override
    public String getHeader(String name) {
      called("getHeader");
      return super.getHeader(name);
    }

    @Override
    public String getRemoteUser() {
      called("getRemoteUser");
      return super.getRemoteUser();
    }
  }

  private void called(String what) {
    if (isArmed && what.equals(place) && session != null && called.isEmpty()) {
      called.add(what);
      try {
        threads
            .submit(
                () -> {
                  try {
                    session.getId();
                    session.getAttribute("a");
                    session.setAttribute("b", "1");
                    session.setMaxInactiveInterval(100);
                  } catch (IllegalStateException e) {
                    // It may have ended.
                  }
                })
            .get(30, TimeUnit.SECONDS);
      } catch (TimeoutException e) {
        problems.add(what + ": the other thread hangs");
      } catch (ExecutionException e) {
        problems.add(what + ": " + e.getCause());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @BeforeEach
  void start() {
    site = new Site(container);
    Filter front =
        (request, response, chain) ->
            chain.doFilter(
                new FrontRequest((HttpServletRequest) request),
                new Front((HttpServletResponse) response));
    site.filters(front, SessionFilter.builder(site.manager).build());
    on("begin", (request, response) -> session.setAttribute("a", "1"));
    on("flush", (request, response) -> response.flushBuffer());
    on("login", (request, response) -> WebSession.of(request).login("alice"));
    on("logout", (request, response) -> WebSession.of(request).logout());
    on("invalidate", (request, response) -> session.invalidate());
    on("renew", (request, response) -> request.changeSessionId());
    on("header", (request, response) -> response.setHeader("Cache-Control", "public"));
    on("reset", (request, response) -> response.reset());
    on(
        "fail",
        (request, response) -> {
          site.store.fail("update");
          session.setAttribute("c", "1");
        });
  }

  private void on(String name, Handler does) {
    site.on(
        "/" + name,
        (request, response) -> {
          session = request.getSession();
          isArmed = true;
          does.handle(request, response);
        });
  }

  @AfterEach
  void stop() {
    threads.shutdownNow();
    site.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "isCommitted",
        "setHeader",
        "addHeader",
        "getHeaders",
        "getHeaderNames",
        "containsHeader",
        "getAttribute",
        "getHeader",
        "getRemoteUser"
      })
  void wrapper_mayWait(String method) {
    for (String path :
        List.of(
            "begin",
            "flush",
            "login",
            "logout",
            "invalidate",
            "renew",
            "header",
            "reset",
            "fail")) {
      session = null;
      place = method;
      called.clear();
      Browser browser = site.browser();
      if (!path.equals("begin")) {
        browser.get("/begin");
        isArmed = false;
        called.clear();
      }
      browser.get("/" + path);
      isArmed = false;
      assertThat(problems).as("/%s", path).isEmpty();
    }
  }
}

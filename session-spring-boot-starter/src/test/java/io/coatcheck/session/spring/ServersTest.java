package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionInfo;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.spring.server.Servers;
import io.coatcheck.session.spring.shop.Shop;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.session.token.SessionToken;
import io.coatcheck.test.clients.Visitor;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionEvent;
import jakarta.servlet.http.HttpSessionListener;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.boot.web.servlet.ServletListenerRegistrationBean;
import org.springframework.boot.web.servlet.ServletRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;

@TestInstance(Lifecycle.PER_CLASS)
@DisplayName("On a server other than Tomcat")
class ServersTest {

  private static final String COOKIE = "__Host-session";

  /** Writes down its name when a session begins. */
  record Witness(String name, List<String> heard) implements HttpSessionListener {

    @Override
    public void sessionCreated(HttpSessionEvent event) {
      heard.add(name);
    }
  }

  /** Registers listeners, of which two are no beans, and one is not wanted. */
  @Configuration
  static class Listening {

    final List<String> heard = new CopyOnWriteArrayList<>();

    @Bean
    ServletListenerRegistrationBean<Witness> second() {
      return registered(new Witness("second", heard), 2);
    }

    @Bean
    ServletListenerRegistrationBean<Witness> first() {
      return registered(new Witness("first", heard), 1);
    }

    @Bean
    Witness unwanted() {
      return new Witness("unwanted", heard);
    }

    @Bean
    ServletListenerRegistrationBean<Witness> disabled(Witness unwanted) {
      ServletListenerRegistrationBean<Witness> registration = registered(unwanted, 0);
      registration.setEnabled(false);
      return registration;
    }

    private static ServletListenerRegistrationBean<Witness> registered(Witness witness, int order) {
      ServletListenerRegistrationBean<Witness> registration =
          new ServletListenerRegistrationBean<>(witness);
      registration.setOrder(order);
      return registration;
    }
  }

  /** A servlet that continues its requests asynchronously, and fails. */
  @Configuration
  static class Plain {

    @Bean
    ServletRegistrationBean<HttpServlet> plain() {
      return new ServletRegistrationBean<>(new PlainServlet(), "/plain/*");
    }

    /** Comes before the session filter, and records that an asynchronous dispatch has returned. */
    @Bean
    FilterRegistrationBean<Filter> returning() {
      FilterRegistrationBean<Filter> registration =
          new FilterRegistrationBean<>(
              (request, response, chain) -> {
                CountDownLatch returned = new CountDownLatch(1);
                request.setAttribute(PlainServlet.RETURNED, returned);
                try {
                  chain.doFilter(request, response);
                } finally {
                  returned.countDown();
                }
              });
      registration.addUrlPatterns("/plain/*");
      registration.setDispatcherTypes(DispatcherType.ASYNC);
      registration.setOrder(Ordered.HIGHEST_PRECEDENCE);
      return registration;
    }
  }

  static final class PlainServlet extends HttpServlet {

    static final String RETURNED = "returned";

    static final int LONGER_THAN_BUFFERS = 1_000_000;

    private static final long serialVersionUID = 1L;

    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response)
        throws ServletException, IOException {
      boolean isAgain = request.getDispatcherType() == DispatcherType.ASYNC;
      Object included = request.getAttribute(RequestDispatcher.INCLUDE_PATH_INFO);
      switch (included == null ? request.getPathInfo() : included.toString()) {
        case "/forward" -> {
          if (isAgain) {
            response.getWriter().print("back at " + request.getQueryString());
          } else {
            request.getRequestDispatcher("/plain/target?c=3").forward(request, response);
          }
        }
        case "/target" -> {
          if (isAgain) {
            response.getWriter().print("forwarded again");
          } else {
            request.startAsync().dispatch();
          }
        }
        case "/cycles" -> {
          if (isAgain) {
            response.getWriter().print("back");
          } else {
            request.startAsync().dispatch("/plain/second");
          }
        }
        case "/second" -> request.startAsync().dispatch();
        case "/first-of-two" -> request.startAsync().dispatch("/plain/listened");
        case "/listened" -> {
          AsyncContext context = request.startAsync();
          context.addListener(new SetsAtTheEnd(request.getSession(), "first"));
          context.addListener(new SetsAtTheEnd(request.getSession(), "last"));
          CountDownLatch returned = (CountDownLatch) request.getAttribute(RETURNED);
          new Thread(
                  () -> {
                    awaitOrFail(returned);
                    context.complete();
                  })
              .start();
        }
        case "/set" ->
            response
                .getWriter()
                .print(String.join(",", new TreeSet<>(attributes(request.getSession()))));
        case "/fails-later" -> {
          if (isAgain) {
            request.changeSessionId();
            throw new IllegalStateException("the dispatch fails");
          }
          request.startAsync().dispatch();
        }
        case "/long-part" -> {
          String done = request.getAttribute(RequestDispatcher.INCLUDE_QUERY_STRING).toString();
          if (done.equals("change")) {
            request.changeSessionId();
          } else {
            request.getSession().invalidate();
          }
          if (done.equals("begin")) {
            request.getSession().setAttribute("first", "1");
          }
          response.getOutputStream().write(new byte[LONGER_THAN_BUFFERS]);
        }
        case "/with-part" ->
            request
                .getRequestDispatcher("/plain/long-part?" + request.getQueryString())
                .include(request, response);
        case "/short" -> {
          response.setContentLength(5);
          throw new SessionStoreException("the store is down");
        }
        default -> throw new ServletException(request.getPathInfo());
      }
    }

    private static void awaitOrFail(CountDownLatch latch) {
      try {
        if (!latch.await(60, TimeUnit.SECONDS)) {
          throw new IllegalStateException("the dispatch has not returned");
        }
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }

    private static List<String> attributes(HttpSession session) {
      return Collections.list(session.getAttributeNames()).stream()
          .filter(name -> name.equals("first") || name.equals("last"))
          .toList();
    }
  }

  /** Changes the session when an asynchronous request is completed. */
  record SetsAtTheEnd(HttpSession session, String name) implements AsyncListener {

    @Override
    public void onComplete(AsyncEvent event) {
      session.setAttribute(name, "1");
    }

    @Override
    public void onTimeout(AsyncEvent event) {}

    @Override
    public void onError(AsyncEvent event) {}

    @Override
    public void onStartAsync(AsyncEvent event) {}
  }

  private final Map<String, Site> sites = new TreeMap<>();

  @BeforeAll
  void start() {
    Servers.others()
        .forEach(
            (name, server) ->
                sites.put(
                    name,
                    Site.start(
                        List.of(Shop.class, Listening.class, Plain.class, server),
                        "coatcheck.store=memory")));
  }

  @AfterAll
  void stop() {
    sites.values().forEach(Site::close);
  }

  Stream<String> servers() {
    return Servers.others().keySet().stream();
  }

  private Site site(String server) {
    Site site = sites.get(server);
    assertThat(site).isNotNull();
    assertThat(site.serverName()).containsIgnoringCase(server);
    return site;
  }

  @ParameterizedTest
  @MethodSource("servers")
  @DisplayName("a login by the form continues with the page, and keeps what the visitor had")
  void login(String server) throws Exception {
    Visitor ann = site(server).visitor();
    ann.get("/visits");
    String before = ann.cookie(COOKIE);
    assertThat(Visitor.location(ann.get("/account?a=1"))).endsWith("/login");
    assertThat(Visitor.location(ann.logIn("ann"))).endsWith("/account?a=1&continue");
    assertThat(ann.cookie(COOKIE)).isNotEqualTo(before);
    assertThat(ann.hasCookie("JSESSIONID")).isFalse();
    assertThat(ann.get("/account").body()).isEqualTo("ann");
    assertThat(ann.get("/visits").body()).isEqualTo("2");
    HttpResponse<String> redirect = ann.post("/notice", "text", "Welcome back");
    assertThat(ann.follow(redirect).body()).isEqualTo("Welcome back");
  }

  @ParameterizedTest
  @MethodSource("servers")
  @DisplayName("the sessions of a user are listed, and each can be ended")
  void devices(String server) throws Exception {
    SessionManager manager = site(server).bean(SessionManager.class);
    Visitor phone = site(server).visitor().with("User-Agent", "a phone");
    Visitor laptop = site(server).visitor().with("User-Agent", "a laptop");
    phone.logIn("bob");
    laptop.logIn("bob");
    assertThat(manager.sessionsOf("bob"))
        .extracting(info -> info.userAgent().orElse(""))
        .containsExactlyInAnyOrder("a phone", "a laptop");
    assertThat(manager.sessionsOf("bob"))
        .extracting(SessionInfo::clientAddress)
        .allMatch(address -> address.isPresent());
    SessionId lost = SessionToken.parse(phone.cookie(COOKIE)).orElseThrow().id();
    assertThat(manager.revoke(lost)).isTrue();
    assertThat(Visitor.location(phone.get("/account"))).endsWith("/login");
    assertThat(laptop.get("/account").body()).isEqualTo("bob");
  }

  @ParameterizedTest
  @MethodSource("servers")
  @DisplayName("a logout ends the session")
  void logout(String server) throws Exception {
    Visitor dora = site(server).visitor();
    dora.logIn("dora");
    String cookie = dora.cookie(COOKIE);
    assertThat(Visitor.location(dora.post("/logout"))).endsWith("/login?logout");
    assertThat(dora.hasCookie(COOKIE)).isFalse();
    dora.take(COOKIE, cookie);
    assertThat(dora.get("/account").statusCode()).isEqualTo(302);
    assertThat(site(server).bean(SessionManager.class).sessionsOf("dora")).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("servers")
  @DisplayName("a page that fails shows the session of the visitor")
  void errorPage(String server) throws Exception {
    Visitor visitor = site(server).visitor();
    visitor.get("/visits");
    HttpResponse<String> failed = visitor.get("/failing");
    assertThat(failed.statusCode()).isEqualTo(500);
    assertThat(failed.body()).isEqualTo("Sorry, visitor number 1");
  }

  @ParameterizedTest
  @MethodSource("servers")
  @DisplayName("listeners in a ServletListenerRegistrationBean are notified once, in their order")
  void listeners(String server) throws Exception {
    List<String> heard = site(server).bean(Listening.class).heard;
    heard.clear();
    site(server).visitor().get("/visits");
    assertThat(heard).containsExactly("first", "second");
  }

  private String plain(String server, String path) throws Exception {
    Visitor emil = site(server).visitor();
    emil.logIn("emil");
    return emil.get("/plain" + path).body();
  }

  @ParameterizedTest
  @MethodSource("servers")
  @DisplayName("after startAsync, dispatch goes to the path that the client asked for")
  void asyncDispatch(String server) throws Exception {
    assertThat(plain(server, "/forward?a=1&b=2")).isEqualTo("back at a=1&b=2");
    assertThat(plain(server, "/cycles")).isEqualTo("back");
  }

  @ParameterizedTest
  @MethodSource("servers")
  @DisplayName("each listener of the end of a second asynchronous cycle may change the session")
  void listenersOfASecondCycle(String server) throws Exception {
    Visitor fay = site(server).visitor();
    fay.logIn("fay");
    fay.get("/plain/first-of-two");
    String set = fay.get("/plain/set").body();
    for (int i = 0; i < 1_000 && !set.equals("first,last"); i++) {
      // The servers answer before they are done.
      set = fay.get("/plain/set").body();
    }
    assertThat(set).isEqualTo("first,last");
  }

  @ParameterizedTest
  @MethodSource("servers")
  @DisplayName("I9: the answer to a failed store is whole, whatever length the page has declared")
  void failureAfterALength(String server) throws Exception {
    assertThat(plain(server, "/short")).startsWith("The service is temporarily unavailable");
  }

  @ParameterizedTest
  @MethodSource("servers")
  @DisplayName("I5: a new secret is sent, although an included part is longer than the buffer")
  void longPart_hasTheCookie(String server) throws Exception {
    for (String page : List.of("/with-part?begin", "/with-part?change")) {
      Visitor emil = site(server).visitor();
      emil.logIn("emil");
      String before = emil.cookie(COOKIE);

      HttpResponse<String> answer = emil.get("/plain" + page);

      assertThat(answer.body()).as(page).hasSize(PlainServlet.LONGER_THAN_BUFFERS);
      assertThat(answer.headers().allValues("Set-Cookie")).as(page).hasSize(1);
      assertThat(emil.cookie(COOKIE)).as(page).isNotEqualTo(before);
      assertThat(answer.headers().firstValue("Cache-Control")).as(page).hasValue("no-store");
      SessionId id = SessionToken.parse(emil.cookie(COOKIE)).orElseThrow().id();
      assertThat(site(server).bean(SessionManager.class).revoke(id)).as(page).isTrue();
    }
  }

  @ParameterizedTest
  @MethodSource("servers")
  @DisplayName("the cookie of a session that a long included part has ended is deleted")
  void longPart_deletesTheCookie(String server) throws Exception {
    Visitor fay = site(server).visitor();
    fay.logIn("fay");

    fay.get("/plain/with-part?end");

    assertThat(fay.hasCookie(COOKIE)).isFalse();
  }

  @ParameterizedTest
  @MethodSource("servers")
  @DisplayName("the error page of an asynchronous dispatch has the session, and its new secret")
  void errorPage_ofAnAsynchronousDispatch(String server) throws Exception {
    Visitor emil = site(server).visitor();
    emil.logIn("emil");
    emil.get("/visits");
    String before = emil.cookie(COOKIE);

    HttpResponse<String> failed = emil.get("/plain/fails-later");

    assertThat(failed.statusCode()).isEqualTo(500);
    assertThat(failed.body()).isEqualTo("Sorry, visitor number 1");
    assertThat(emil.cookie(COOKIE)).isNotEqualTo(before);
    assertThat(emil.get("/account").body()).isEqualTo("emil");
  }
}

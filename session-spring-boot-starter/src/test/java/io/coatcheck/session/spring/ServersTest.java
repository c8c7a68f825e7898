package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionInfo;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.spring.server.Servers;
import io.coatcheck.session.spring.shop.Shop;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.session.token.SessionToken;
import io.coatcheck.test.clients.Visitor;
import jakarta.servlet.http.HttpSessionEvent;
import jakarta.servlet.http.HttpSessionListener;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.web.servlet.ServletListenerRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

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

  private final Map<String, Site> sites = new TreeMap<>();

  @BeforeAll
  void start() {
    Servers.others()
        .forEach(
            (name, server) ->
                sites.put(
                    name,
                    Site.start(
                        List.of(Shop.class, Listening.class, server), "coatcheck.store=memory")));
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
}

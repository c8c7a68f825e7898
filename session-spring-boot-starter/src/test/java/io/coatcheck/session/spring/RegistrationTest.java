package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.servlet.SessionFilter;
import io.coatcheck.session.spring.shop.Shop;
import io.coatcheck.test.clients.Visitor;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.Registration;
import jakarta.servlet.ServletContext;
import jakarta.servlet.http.HttpSessionEvent;
import jakarta.servlet.http.HttpSessionListener;
import java.net.http.HttpResponse;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.boot.web.servlet.ServletContextInitializer;
import org.springframework.boot.web.servlet.ServletListenerRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.DependsOn;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.web.context.WebApplicationContext;

@DisplayName("A session filter that the application registers")
@ExtendWith(OutputCaptureExtension.class)
class RegistrationTest {

  private static final String MEMORY = "coatcheck.store=memory";

  @Configuration
  static class Complete {

    @Bean
    FilterRegistrationBean<SessionFilter> filter(SessionManager manager) {
      FilterRegistrationBean<SessionFilter> registration =
          new FilterRegistrationBean<>(SessionFilter.builder(manager).build());
      registration.setOrder(Ordered.HIGHEST_PRECEDENCE + 50);
      registration.setDispatcherTypes(EnumSet.allOf(DispatcherType.class));
      return registration;
    }
  }

  @Configuration
  static class WithAnOrder {

    @Bean
    FilterRegistrationBean<SessionFilter> filter(SessionManager manager) {
      FilterRegistrationBean<SessionFilter> registration =
          new FilterRegistrationBean<>(SessionFilter.builder(manager).build());
      registration.setOrder(-1000);
      return registration;
    }
  }

  @Configuration
  static class WithoutAnOrder {

    @Bean
    FilterRegistrationBean<SessionFilter> filter(SessionManager manager) {
      return new FilterRegistrationBean<>(SessionFilter.builder(manager).build());
    }
  }

  @Configuration
  static class FilterBean {

    @Bean
    SessionFilter filter(SessionManager manager) {
      return SessionFilter.builder(manager).build();
    }
  }

  @Configuration
  static class OfAnyFilter {

    @Bean
    FilterRegistrationBean<?> filter(SessionManager manager) {
      return new FilterRegistrationBean<>(SessionFilter.builder(manager).build());
    }
  }

  @Configuration
  static class OfTheInterface {

    @Bean
    FilterRegistrationBean<Filter> filter(SessionManager manager) {
      return new FilterRegistrationBean<>(SessionFilter.builder(manager).build());
    }
  }

  @Configuration
  static class Raw {

    @Bean
    @SuppressWarnings("rawtypes") // As applications write it.
    FilterRegistrationBean filter(SessionManager manager) {
      return new FilterRegistrationBean<>(SessionFilter.builder(manager).build());
    }
  }

  @Configuration
  static class PlainFilterBean {

    @Bean
    Filter filter(SessionManager manager) {
      return SessionFilter.builder(manager).build();
    }
  }

  /** Registers its filter by a bean whose type is an interface. */
  @Configuration
  static class AsInitializer {

    @Bean
    ServletContextInitializer filter(SessionManager manager) {
      return new FilterRegistrationBean<>(SessionFilter.builder(manager).build());
    }
  }

  /** Its filter is there only after that of the starter. */
  @Configuration
  static class AsLateInitializer {

    @Bean
    @DependsOn("coatcheckFilterRegistration")
    ServletContextInitializer filter(SessionManager manager) {
      return new FilterRegistrationBean<>(SessionFilter.builder(manager).build());
    }
  }

  @Configuration
  static class Twice extends PlainFilterBean {

    @Bean
    Filter second(SessionManager manager) {
      return SessionFilter.builder(manager).build();
    }
  }

  /** Two beans of the exact type, of which one is registered. */
  @Configuration
  static class BesideItsRegistration extends Complete {

    @Bean
    SessionFilter second(SessionManager manager) {
      return SessionFilter.builder(manager).build();
    }
  }

  @Configuration
  static class TooLate {

    @Bean
    FilterRegistrationBean<SessionFilter> filter(SessionManager manager) {
      FilterRegistrationBean<SessionFilter> registration =
          new FilterRegistrationBean<>(SessionFilter.builder(manager).build());
      registration.setOrder(0);
      return registration;
    }
  }

  @Configuration
  static class ByHand {

    @Bean
    ServletContextInitializer filter(SessionManager manager) {
      return context -> SessionFilter.builder(manager).build().register(context);
    }
  }

  @Configuration
  static class BesideSpringSession {

    @Bean
    Object springSessionRepositoryFilter() {
      return new Object();
    }
  }

  @Tag("wide")
  @ParameterizedTest(name = "{0}")
  @ValueSource(
      classes = {
        Complete.class,
        WithAnOrder.class,
        WithoutAnOrder.class,
        FilterBean.class,
        OfAnyFilter.class,
        OfTheInterface.class,
        Raw.class,
        PlainFilterBean.class,
        AsInitializer.class
      })
  @DisplayName("is in front of Spring Security, for every kind of dispatch")
  void right(Class<?> registration) throws Exception {
    try (Site site = Site.start(List.of(Shop.class, registration), MEMORY)) {
      Visitor visitor = site.visitor();
      visitor.logIn("ann");
      visitor.post("/cart", "article", "hat");
      visitor.get("/visits");
      HttpResponse<String> failed = visitor.get("/failing");
      assertThat(failed.body()).isEqualTo("Sorry, visitor number 1");
      assertThat(site.bean(SessionManager.class).sessionsOf("ann")).hasSize(1);
      visitor.post("/logout");
      visitor.logIn("bob");
      assertThat(visitor.get("/cart").body()).isEmpty();
      assertThat(visitor.hasCookie("JSESSIONID")).isFalse();
      assertThat(sessionFilters(site)).hasSize(1);
      site.visitor().post("/rest-login", "username", "dora");
      assertThat(site.bean(SessionManager.class).sessionsOf("dora")).hasSize(1);
    }
  }

  /** A filter that is placed after that of the starter. */
  @Configuration
  static class PlacedAfterIt {

    @Bean
    FilterRegistrationBean<Filter> audit(FilterRegistrationBean<SessionFilter> sessions) {
      FilterRegistrationBean<Filter> registration =
          new FilterRegistrationBean<>(
              (request, response, chain) -> chain.doFilter(request, response));
      registration.setOrder(sessions.getOrder() + 1);
      return registration;
    }
  }

  /** As {@link PlacedAfterIt}, but that of the starter is made first. */
  @Configuration
  static class PlacedAndMadeAfterIt {

    @Bean
    @DependsOn("coatcheckFilterRegistration")
    FilterRegistrationBean<?> audit(FilterRegistrationBean<SessionFilter> sessions) {
      return new PlacedAfterIt().audit(sessions);
    }
  }

  @ParameterizedTest(name = "{0}")
  @ValueSource(classes = {PlacedAfterIt.class, PlacedAndMadeAfterIt.class})
  @DisplayName("is looked for without the beans that need the starter's registration")
  void placedAfter(Class<?> configuration) {
    try (Site site = Site.start(List.of(Shop.class, configuration), MEMORY)) {
      assertThat(orderOf(site, "audit"))
          .isEqualTo(orderOf(site, "coatcheckFilterRegistration") + 1);
      assertThat(sessionFilters(site)).hasSize(1);
    }
  }

  /** A session listener whose bean needs that of the starter's filter. */
  @Configuration
  static class ListenerBesideIt {

    final AtomicInteger begun = new AtomicInteger();

    @Bean
    ServletListenerRegistrationBean<HttpSessionListener> visits(
        FilterRegistrationBean<SessionFilter> sessions) {
      assertThat(sessions.getFilter()).isNotNull();
      return new ServletListenerRegistrationBean<>(
          new HttpSessionListener() {
            @Override
            public void sessionCreated(HttpSessionEvent event) {
              begun.incrementAndGet();
            }
          });
    }
  }

  @Test
  @DisplayName("is made before a session listener that needs it, which is notified nevertheless")
  void listenerBesideIt() throws Exception {
    try (Site site = Site.start(List.of(Shop.class, ListenerBesideIt.class), MEMORY)) {
      site.visitor().get("/visits");
      assertThat(site.bean(ListenerBesideIt.class).begun).hasValue(1);
    }
  }

  /** A chain of Spring Security may need beans that are there only when the server has started. */
  @Configuration
  static class AfterTheServer {

    @Bean
    @Order(0)
    SecurityFilterChain late(HttpSecurity http, WebApplicationContext context) throws Exception {
      assertThat(context.getBean("coatcheckFilterRegistration")).isNotNull();
      return http.securityMatcher("/late").build();
    }
  }

  @Test
  @DisplayName("is looked for without making the filters of Spring Security")
  void securityFilters() {
    try (Site site = Site.start(List.of(Shop.class, AfterTheServer.class), MEMORY)) {
      assertThat(sessionFilters(site)).hasSize(1);
    }
  }

  private static int orderOf(Site site, String registration) {
    return site.context().getBean(registration, FilterRegistrationBean.class).getOrder();
  }

  /** Returns the names of the session filters that the server calls. */
  private static List<String> sessionFilters(Site site) {
    ServletContext server = ((WebApplicationContext) site.context()).getServletContext();
    assertThat(server).isNotNull();
    return server.getFilterRegistrations().values().stream()
        .filter(filter -> SessionFilter.class.getName().equals(filter.getClassName()))
        .map(Registration::getName)
        .toList();
  }

  @ParameterizedTest(name = "{0}")
  @ValueSource(classes = {AsLateInitializer.class, Twice.class, BesideItsRegistration.class})
  @DisplayName("fails startup if there would be two")
  void two(Class<?> registration) {
    assertThatThrownBy(() -> Site.start(List.of(Shop.class, registration), MEMORY))
        .extracting(NestedExceptionUtils::getMostSpecificCause)
        .isInstanceOf(InvalidSettingException.class);
  }

  @Configuration
  static class OnOnePath {

    @Bean
    FilterRegistrationBean<SessionFilter> filter(SessionManager manager) {
      FilterRegistrationBean<SessionFilter> registration =
          new FilterRegistrationBean<>(SessionFilter.builder(manager).build());
      registration.addUrlPatterns("/account");
      return registration;
    }
  }

  @Test
  @DisplayName("on some paths only gets a warning, since logins on others are not known there")
  void onOnePath(CapturedOutput output) throws Exception {
    try (Site site = Site.start(List.of(Shop.class, OnOnePath.class), MEMORY)) {
      Visitor ann = site.visitor();
      ann.logIn("ann");
      assertThat(ann.get("/account").statusCode()).isEqualTo(302);
    }
    assertThat(output)
        .containsOnlyOnce("The FilterRegistrationBean filter of the session filter has paths")
        .contains("[/account]");
  }

  @Test
  @DisplayName("fails startup if its order is after Spring Security's")
  void tooLate(CapturedOutput output) {
    assertThatThrownBy(() -> Site.start(List.of(Shop.class, TooLate.class), MEMORY))
        .extracting(NestedExceptionUtils::getMostSpecificCause)
        .isInstanceOf(InvalidSettingException.class);
    assertThat(output)
        .contains("APPLICATION FAILED TO START")
        .contains("The order of the FilterRegistrationBean filter must be less than")
        .contains("-100");
  }

  @Test
  @DisplayName("fails startup if the application added it to the ServletContext")
  void byHand(CapturedOutput output) {
    assertThatThrownBy(() -> Site.start(List.of(Shop.class, ByHand.class), MEMORY))
        .extracting(NestedExceptionUtils::getMostSpecificCause)
        .isInstanceOf(InvalidSettingException.class);
    assertThat(output).contains("was registered in the ServletContext by hand");
  }

  @Test
  @DisplayName("is not started beside the filter of Spring Session")
  void besideSpringSession(CapturedOutput output) {
    assertThatThrownBy(() -> Site.start(List.of(Shop.class, BesideSpringSession.class), MEMORY))
        .extracting(NestedExceptionUtils::getMostSpecificCause)
        .isInstanceOf(InvalidSettingException.class);
    assertThat(output).contains("Spring Session is active too");
  }
}

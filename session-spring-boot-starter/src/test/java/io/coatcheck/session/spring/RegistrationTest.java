package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.servlet.SessionFilter;
import io.coatcheck.session.spring.shop.Shop;
import io.coatcheck.test.clients.Visitor;
import jakarta.servlet.DispatcherType;
import java.net.http.HttpResponse;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.boot.web.servlet.ServletContextInitializer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.core.Ordered;

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

  @ParameterizedTest(name = "{0}")
  @ValueSource(
      classes = {Complete.class, WithAnOrder.class, WithoutAnOrder.class, FilterBean.class})
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
    }
  }

  @Test
  @DisplayName("stops the start if its order is after Spring Security's")
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
  @DisplayName("stops the start if it was added to the ServletContext by hand")
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

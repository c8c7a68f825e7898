package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.migration.ContainerSessionAdoption;
import io.coatcheck.session.migration.JwtExchange;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.aot.AotDetector;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.WebApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.SpringProperties;
import org.springframework.mock.env.MockEnvironment;

@DisplayName("Switches of an application that was processed ahead of time")
class ProcessedSwitchesTest {

  /** Brings its own bridges, under names of its own. */
  @Configuration
  static class OwnBridges {

    @Bean
    JwtExchange tokens(SessionManager sessions) {
      return JwtExchange.builder(sessions, token -> Optional.empty()).build();
    }

    @Bean
    ContainerSessionAdoption olderSessions(SessionManager sessions) {
      return ContainerSessionAdoption.builder(sessions, session -> Optional.empty()).build();
    }
  }

  private final WebApplicationContextRunner application =
      new WebApplicationContextRunner()
          .withConfiguration(
              AutoConfigurations.of(
                  CoatcheckSwitchesAutoConfiguration.class,
                  CoatcheckAutoConfiguration.class,
                  CoatcheckMigrationAutoConfiguration.class))
          .withPropertyValues("coatcheck.store=memory");

  @BeforeEach
  void processed() {
    SpringProperties.setFlag(AotDetector.AOT_ENABLED);
  }

  @AfterEach
  void notProcessed() {
    SpringProperties.setProperty(AotDetector.AOT_ENABLED, null);
  }

  @Test
  @DisplayName(
      "stop the start if a bridge is off that was on, even with a bridge of the application")
  void ownBridge_switchedOff_isRefused() {
    WebApplicationContextRunner own = application.withUserConfiguration(OwnBridges.class);
    assertRefused(own, "coatcheck.migration.jwt.enabled", "true", "false");
    assertRefused(own, "coatcheck.migration.container-session.enabled", "true", "false");
  }

  @ParameterizedTest
  @CsvSource({
    "coatcheck.enabled, false, true",
    "coatcheck.security.enabled, no, on",
    "coatcheck.security.context, session, principal",
    "coatcheck.migration.jwt.enabled, false, true",
    "coatcheck.migration.back-channel-logout.path, '', /logout/provider",
  })
  @DisplayName("stop the start if a part is on that was off: it would have no effect")
  void switchedOn_isRefused(String property, String before, String now) {
    assertRefused(application, property, before, now);
  }

  private static void assertRefused(
      WebApplicationContextRunner application, String property, String before, String now) {
    application
        .withPropertyValues(property + "=" + before)
        .run(
            context -> {
              assertThat(context).hasNotFailed();
              ProcessedSwitches switches = context.getBean(ProcessedSwitches.class);
              switches.setEnvironment(new MockEnvironment().withProperty(property, now));
              assertThatThrownBy(switches::afterSingletonsInstantiated)
                  .isInstanceOf(InvalidSettingException.class)
                  .hasMessage(
                      property
                          + " must be what it was when the application was processed ahead of"
                          + " time: "
                          + now);
            });
  }

  @Test
  @DisplayName("may be written in another way")
  void sameMeaning_isNoReason() {
    application
        .withPropertyValues("coatcheck.migration.jwt.enabled=no")
        .run(
            context -> {
              ProcessedSwitches switches = context.getBean(ProcessedSwitches.class);
              switches.setEnvironment(
                  new MockEnvironment().withProperty("coatcheck.migration.jwt.enabled", "off"));
              assertThatCode(switches::afterSingletonsInstantiated).doesNotThrowAnyException();
            });
  }

  @Test
  @DisplayName("of the parts do not matter if everything is off")
  void allOff_isNoReason() {
    application
        .withPropertyValues("coatcheck.enabled=false")
        .run(
            context -> {
              ProcessedSwitches switches = context.getBean(ProcessedSwitches.class);
              switches.setEnvironment(
                  new MockEnvironment()
                      .withProperty("coatcheck.enabled", "off")
                      .withProperty("coatcheck.migration.jwt.enabled", "true"));
              assertThatCode(switches::afterSingletonsInstantiated).doesNotThrowAnyException();
            });
  }

  @Test
  @DisplayName("are none of the bridges that the application registers without them")
  void ownBridge_neverSwitchedOn_isNoReason() {
    application
        .withUserConfiguration(OwnBridges.class)
        .run(context -> assertThat(context).hasNotFailed());
  }
}

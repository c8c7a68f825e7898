package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.migration.ContainerSessionAdoption;
import io.coatcheck.session.migration.JwtExchange;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
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
                  CoatcheckAutoConfiguration.class, CoatcheckMigrationAutoConfiguration.class))
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
    assertRefused("coatcheck.migration.jwt.enabled");
    assertRefused("coatcheck.migration.container-session.enabled");
  }

  private void assertRefused(String property) {
    application
        .withUserConfiguration(OwnBridges.class)
        .withPropertyValues(property + "=true")
        .run(
            context -> {
              assertThat(context).hasNotFailed();
              assertThatThrownBy(
                      () ->
                          ProcessedSwitches.check(
                              context, new MockEnvironment().withProperty(property, "false")))
                  .isInstanceOf(InvalidSettingException.class)
                  .hasMessage(
                      property
                          + " must be what it was when the application was processed ahead of"
                          + " time: false");
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

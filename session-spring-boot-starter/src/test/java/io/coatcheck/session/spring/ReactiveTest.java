package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.servlet.SessionFilter;
import io.coatcheck.session.store.SessionStore;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.LazyInitializationBeanFactoryPostProcessor;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ReactiveWebApplicationContextRunner;
import org.springframework.boot.test.context.runner.WebApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

@DisplayName("An application of Spring WebFlux")
@ExtendWith(OutputCaptureExtension.class)
class ReactiveTest {

  private static final AutoConfigurations ALL =
      AutoConfigurations.of(
          CoatcheckAutoConfiguration.class,
          CoatcheckSecurityAutoConfiguration.class,
          CoatcheckOidcLogoutAutoConfiguration.class,
          CoatcheckActuatorAutoConfiguration.class,
          CoatcheckHealthAutoConfiguration.class,
          CoatcheckMetricsAutoConfiguration.class,
          CoatcheckMigrationAutoConfiguration.class,
          CoatcheckRedisAutoConfiguration.class,
          CoatcheckReactiveAutoConfiguration.class);

  private static final String WARNING = "This is an application of Spring WebFlux";

  private final ReactiveWebApplicationContextRunner application =
      new ReactiveWebApplicationContextRunner()
          .withClassLoader(new FilteredClassLoader("org.springframework.web.servlet"))
          .withConfiguration(ALL);

  @Test
  @DisplayName("is left alone, with a warning")
  void leftAlone(CapturedOutput output) {
    application
        .withPropertyValues("coatcheck.idle-timeout=5m")
        .run(
            context ->
                assertThat(context)
                    .hasNotFailed()
                    .doesNotHaveBean(SessionManager.class)
                    .doesNotHaveBean(SessionStore.class)
                    .doesNotHaveBean(SessionFilter.class));
    assertThat(output).contains(WARNING);
  }

  @Test
  @DisplayName("is warned with lazy initialization too")
  void warnedLazily(CapturedOutput output) {
    application
        .withInitializer(
            context ->
                context.addBeanFactoryPostProcessor(
                    new LazyInitializationBeanFactoryPostProcessor()))
        .run(context -> assertThat(context).hasNotFailed());
    assertThat(output).contains(WARNING);
  }

  @Test
  @DisplayName("is not warned if Coatcheck is off, nor is one with servlets")
  void notWarned(CapturedOutput output) {
    application
        .withPropertyValues("coatcheck.enabled=false")
        .run(context -> assertThat(context).hasNotFailed());
    new WebApplicationContextRunner()
        .withConfiguration(ALL)
        .run(context -> assertThat(context).hasNotFailed());
    assertThat(output).doesNotContain(WARNING);
  }
}

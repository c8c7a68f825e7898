package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.event.SessionListener;
import io.coatcheck.session.spring.shop.Shop;
import io.coatcheck.test.clients.Visitor;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.boot.LazyInitializationBeanFactoryPostProcessor;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.test.context.runner.WebApplicationContextRunner;

@DisplayName("A SessionListener bean")
class SessionListenerTest {

  /** Has a cycle: the manager is built with its listeners. */
  static final class Circular implements SessionListener {

    private final SessionManager sessions;

    Circular(SessionManager sessions) {
      this.sessions = sessions;
    }

    @Override
    public void onEvent(SessionEvent event) {
      sessions.sessionsOf("ann");
    }
  }

  @Test
  @DisplayName("calls the manager, which it gets from an ObjectProvider")
  void provider() throws Exception {
    try (Site site =
        Site.start(List.of(Shop.class, DeviceCounts.class), "coatcheck.store=memory")) {
      for (int i = 0; i < 2; i++) {
        Visitor ann = site.visitor();
        ann.logIn("ann");
      }
      assertThat(site.bean(DeviceCounts.class).devices).containsExactly(Map.entry("ann", 2));
    }
  }

  @Test
  @DisplayName("that needs the manager itself fails startup, with what to do")
  void circular() {
    new WebApplicationContextRunner()
        .withConfiguration(AutoConfigurations.of(CoatcheckAutoConfiguration.class))
        .withBean("visits", Circular.class)
        .run(
            context -> {
              FailureAnalysis analysis = new CycleAnalyzer().analyze(context.getStartupFailure());
              assertThat(analysis).isNotNull();
              assertThat(analysis.getDescription())
                  .contains("visits -> coatcheckManager -> visits");
              assertThat(analysis.getAction()).contains("ObjectProvider<SessionManager>");
            });
  }

  @Test
  @DisplayName("does not explain other cycles of the application")
  void otherCycle() {
    new WebApplicationContextRunner()
        .withConfiguration(AutoConfigurations.of(CoatcheckAutoConfiguration.class))
        .withBean("one", One.class)
        .withBean("other", Other.class)
        .run(
            context -> {
              assertThat(context).hasFailed();
              assertThat(new CycleAnalyzer().analyze(context.getStartupFailure())).isNull();
            });
  }

  @Test
  @DisplayName("does not explain a cycle that the manager only leads to")
  void cycleBelow() {
    new WebApplicationContextRunner()
        .withInitializer(
            context ->
                context.addBeanFactoryPostProcessor(
                    new LazyInitializationBeanFactoryPostProcessor()))
        .withConfiguration(AutoConfigurations.of(CoatcheckAutoConfiguration.class))
        .withBean("visits", Leading.class)
        .withBean("one", One.class)
        .withBean("other", Other.class)
        .run(
            context -> {
              // The manager is the first that is made.
              Throwable failure = context.getStartupFailure();
              assertThat(failure).hasStackTraceContaining("'coatcheckManager'");
              assertThat(new CycleAnalyzer().analyze(failure)).isNull();
            });
  }

  /** Is outside of the cycle. */
  record Leading(One one) implements SessionListener {

    @Override
    public void onEvent(SessionEvent event) {}
  }

  record One(Other other) {}

  record Other(One one) {}
}

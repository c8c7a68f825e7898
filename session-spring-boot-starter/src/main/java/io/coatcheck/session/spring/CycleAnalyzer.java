package io.coatcheck.session.spring;

import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.BeanCreationException;
import org.springframework.beans.factory.BeanCurrentlyInCreationException;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

/**
 * Explains a start that fails since a part of the manager, such as a listener, needs the manager
 * itself. Spring Boot's own analysis shows the cycle, and not how to break it.
 */
@Order(Ordered.HIGHEST_PRECEDENCE)
final class CycleAnalyzer extends AbstractFailureAnalyzer<BeanCurrentlyInCreationException> {

  @Override
  protected @Nullable FailureAnalysis analyze(
      Throwable rootFailure, BeanCurrentlyInCreationException cause) {
    StringBuilder cycle = new StringBuilder();
    boolean hasManager = false;
    for (Throwable each = rootFailure; each != null; each = each.getCause()) {
      String name = each instanceof BeanCreationException failed ? failed.getBeanName() : null;
      if (name != null) {
        cycle.append(cycle.isEmpty() ? "" : " -> ").append(name);
        hasManager |= name.equals(CoatcheckAutoConfiguration.MANAGER);
      }
    }
    return hasManager
        ? new FailureAnalysis(
            "The SessionManager of Coatcheck and a bean that it is built from need each other: "
                + cycle,
            "In a SessionListener, a SessionStore and other beans that the manager is built from,"
                + " inject ObjectProvider<SessionManager>, and call getObject() when the manager"
                + " is needed.",
            cause)
        : null;
  }
}

package io.coatcheck.session.spring;

import java.util.ArrayList;
import java.util.List;
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
    List<String> cycle = cycle(rootFailure, cause);
    return cycle.contains(CoatcheckAutoConfiguration.MANAGER)
        ? new FailureAnalysis(
            "The SessionManager of Coatcheck and a bean that it is built from need each other: "
                + String.join(" -> ", cycle),
            "In a SessionListener, a SessionStore and other beans that the manager is built from,"
                + " inject ObjectProvider<SessionManager>, and call getObject() when the manager"
                + " is needed.",
            cause)
        : null;
  }

  /** Returns the beans of the cycle, without those that only led to it. */
  private static List<String> cycle(Throwable failure, BeanCurrentlyInCreationException last) {
    List<String> names = new ArrayList<>();
    for (Throwable each = failure; each != null; each = each.getCause()) {
      String name = each instanceof BeanCreationException failed ? failed.getBeanName() : null;
      if (name != null) {
        names.add(name);
      }
    }
    int first = names.indexOf(last.getBeanName());
    return names.subList(Math.max(first, 0), names.size());
  }
}

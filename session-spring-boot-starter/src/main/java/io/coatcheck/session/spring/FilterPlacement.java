package io.coatcheck.session.spring;

import io.coatcheck.session.servlet.SessionFilter;
import jakarta.servlet.DispatcherType;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.BeanWrapper;
import org.springframework.beans.PropertyAccessorFactory;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.core.Ordered;
import org.springframework.core.env.Environment;
import org.springframework.web.filter.RequestContextFilter;

/**
 * Completes each {@link FilterRegistrationBean} of a {@link SessionFilter}: one without an order
 * would come after Spring Security, and one for requests alone would leave error pages without a
 * session. A wrong order fails startup. Spring Boot's {@link RequestContextFilter} is kept before
 * Spring Security, whose logins are recognised by the {@link CurrentRequest}.
 */
final class FilterPlacement implements BeanPostProcessor {

  /** The order of the filter: after the filters that set the encoding, before all others. */
  static final int ORDER = Ordered.HIGHEST_PRECEDENCE + 50;

  private static final Logger LOG = LoggerFactory.getLogger(FilterPlacement.class);

  private static final String SECURITY_ORDER_NAME = "spring.security.filter.order";

  private static final int SECURITY_ORDER = -100;

  /** How far the filter is from that of Spring Security where neither order is changed. */
  private static final int BEFORE_SECURITY = 5;

  static final Set<DispatcherType> DISPATCHES =
      EnumSet.of(
          DispatcherType.REQUEST,
          DispatcherType.FORWARD,
          DispatcherType.ASYNC,
          DispatcherType.ERROR);

  private final Environment environment;

  FilterPlacement(Environment environment) {
    this.environment = environment;
  }

  @Override
  public Object postProcessAfterInitialization(Object bean, String name) {
    if (bean instanceof FilterRegistrationBean<?> registration
        && registration.getFilter() instanceof SessionFilter) {
      complete(registration, name);
    } else if (bean instanceof RequestContextFilter && bean instanceof Ordered filter) {
      keepBeforeSecurity(filter);
    }
    return bean;
  }

  /** Returns the order of Spring Security's filter. */
  static int securityOrder(Environment environment) {
    return environment.getProperty(SECURITY_ORDER_NAME, Integer.class, SECURITY_ORDER);
  }

  /** Does nothing unless {@code spring.security.filter.order} is lower than usual. */
  private void keepBeforeSecurity(Ordered filter) {
    int security = securityOrder(environment);
    BeanWrapper settings = PropertyAccessorFactory.forBeanPropertyAccess(filter);
    if (filter.getOrder() >= security && settings.isWritableProperty("order")) {
      settings.setPropertyValue("order", Math.max(ORDER + 1, security - BEFORE_SECURITY));
    }
  }

  private void complete(FilterRegistrationBean<?> registration, String name) {
    if (registration.getOrder() == Ordered.LOWEST_PRECEDENCE) {
      registration.setOrder(ORDER);
    }
    int security = securityOrder(environment);
    if (registration.getOrder() >= security) {
      throw new InvalidSettingException(
          environment.containsProperty(SECURITY_ORDER_NAME)
              ? earlySecurity(registration.getOrder(), security, name)
              : lateRegistration(registration.getOrder(), security, name));
    }
    warnOfOtherPaths(registration, name);
    EnumSet<DispatcherType> dispatches = registration.determineDispatcherTypes();
    if (!dispatches.containsAll(DISPATCHES)) {
      LOG.info(
          "The session filter {} is registered for FORWARD, ASYNC and ERROR dispatches as well",
          name);
      dispatches.addAll(DISPATCHES);
      registration.setDispatcherTypes(dispatches);
    }
  }

  private static void warnOfOtherPaths(FilterRegistrationBean<?> registration, String name) {
    List<String> where = new ArrayList<>(registration.getUrlPatterns());
    where.addAll(registration.getServletNames());
    registration.getServletRegistrationBeans().forEach(servlet -> where.add(servlet.toString()));
    if (registration.isEnabled() && !where.isEmpty() && !where.contains("/*")) {
      LOG.warn(
          "The FilterRegistrationBean {} of the session filter has paths or servlets: {}. Paths that"
              + " no session filter has keep the sessions of the container, and logins there are not"
              + " known on these. Register the filter for all paths; SessionFilterBuilder.exclude"
              + " spares the store on some",
          name,
          where);
    }
  }

  private static String earlySecurity(int order, int security, String name) {
    return SECURITY_ORDER_NAME
        + " must be greater than "
        + order
        + ", the order of the FilterRegistrationBean "
        + name
        + ", or the logins would be kept in the sessions of the container: "
        + security
        + (order < SECURITY_ORDER
            ? ". Remove it to use the default, " + SECURITY_ORDER
            : ". Remove setOrder of that bean, or set the property to at least " + (order + 1));
  }

  private static String lateRegistration(int order, int security, String name) {
    return "The order of the FilterRegistrationBean "
        + name
        + " must be less than that of Spring Security, "
        + security
        + ", or the logins would be kept in the sessions of the container: "
        + order
        + ". Remove setOrder to use the default";
  }
}

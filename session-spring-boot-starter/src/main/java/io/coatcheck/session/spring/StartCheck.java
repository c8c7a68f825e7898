package io.coatcheck.session.spring;

import io.coatcheck.session.servlet.SessionFilter;
import jakarta.servlet.FilterRegistration;
import jakarta.servlet.ServletContext;
import java.util.HashSet;
import java.util.Set;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.web.context.WebApplicationContext;

/**
 * Looks at the application before it gets its first request: a second session filter, or the one of
 * Spring Session, would keep some of the attributes elsewhere, without any error.
 */
final class StartCheck implements SmartInitializingSingleton {

  private static final String SPRING_SESSION = "springSessionRepositoryFilter";

  private final WebApplicationContext context;

  StartCheck(WebApplicationContext context) {
    this.context = context;
  }

  @Override
  public void afterSingletonsInstantiated() {
    if (context.containsBean(SPRING_SESSION)) {
      throw new InvalidSettingException(
          "Spring Session is active too (the bean "
              + SPRING_SESSION
              + "): remove its dependency, or set coatcheck.enabled to false");
    }
    ServletContext servletContext = context.getServletContext();
    if (servletContext != null) {
      refuseFiltersByHand(servletContext);
    }
    IgnoredProperties.warn(context.getEnvironment());
  }

  private void refuseFiltersByHand(ServletContext servletContext) {
    Set<String> placed = new HashSet<>();
    for (FilterRegistrationBean<?> bean :
        context.getBeansOfType(FilterRegistrationBean.class).values()) {
      if (bean.getFilter() instanceof SessionFilter) {
        placed.add(bean.getFilterName());
      }
    }
    for (FilterRegistration registration : servletContext.getFilterRegistrations().values()) {
      if (SessionFilter.class.getName().equals(registration.getClassName())
          && !placed.contains(registration.getName())) {
        throw new InvalidSettingException(
            "The SessionFilter "
                + registration.getName()
                + " was registered in the ServletContext by hand, where it comes after Spring"
                + " Security. Remove that: the starter registers the filter. For settings of its"
                + " own, declare a SessionFilterCustomizer or a SessionFilter bean");
      }
    }
  }
}

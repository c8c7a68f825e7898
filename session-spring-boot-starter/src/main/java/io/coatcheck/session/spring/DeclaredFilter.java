package io.coatcheck.session.spring;

import io.coatcheck.session.servlet.SessionFilter;
import jakarta.servlet.Filter;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.BeansException;
import org.springframework.beans.factory.BeanCurrentlyInCreationException;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.web.servlet.DelegatingFilterProxyRegistrationBean;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.core.ResolvableType;

/**
 * Finds the session filter of the application where the type of its bean does not show it, such as
 * {@code FilterRegistrationBean<?>} or {@code Filter}. These beans are made for that, a little
 * before the server needs them; but not those that need the starter's registration, such as one
 * that is ordered after it. {@link StartCheck} sees what those register.
 */
final class DeclaredFilter {

  private static final Logger LOG = LoggerFactory.getLogger(DeclaredFilter.class);

  private final ConfigurableListableBeanFactory beans;

  DeclaredFilter(ConfigurableListableBeanFactory beans) {
    this.beans = beans;
  }

  /**
   * Returns the filter that a registration of the application registers; null if there is none.
   *
   * @param own the name of the starter's registration
   */
  @Nullable SessionFilter registered(String own) {
    return only(
        FilterRegistrationBean.class,
        name -> !name.equals(own) && mayRegisterSessionFilter(name),
        registration -> registration.isEnabled() ? registration.getFilter() : null);
  }

  /** Returns the filter that is a bean; null if there is none. */
  @Nullable SessionFilter bean() {
    Set<String> madeLater = targetsOfProxies();
    return only(
        Filter.class,
        name -> {
          Class<?> type = beans.getType(name, false);
          return type != null
              && type.isAssignableFrom(SessionFilter.class)
              && !madeLater.contains(name);
        },
        filter -> filter);
  }

  /** Filters such as that of Spring Security, which the server must not make at its start. */
  private Set<String> targetsOfProxies() {
    Set<String> names = new HashSet<>();
    names.add("springSecurityFilterChain");
    for (String name :
        beans.getBeanNamesForType(DelegatingFilterProxyRegistrationBean.class, true, false)) {
      DelegatingFilterProxyRegistrationBean proxy =
          make(beans, name, DelegatingFilterProxyRegistrationBean.class);
      if (proxy != null) {
        names.add(proxy.getFilterName());
      }
    }
    return names;
  }

  private boolean mayRegisterSessionFilter(String name) {
    if (!beans.containsBeanDefinition(name)) {
      return true;
    }
    ResolvableType type = beans.getMergedBeanDefinition(name).getResolvableType();
    Class<?> filter = type.as(FilterRegistrationBean.class).getGeneric(0).resolve();
    return filter == null || filter.isAssignableFrom(SessionFilter.class);
  }

  /**
   * Returns a bean; null if it needs one that is being made, such as the starter's registration.
   */
  static <T> @Nullable T make(ConfigurableListableBeanFactory beans, String name, Class<T> type) {
    if (beans.isCurrentlyInCreation(name)) {
      return null;
    }
    try {
      return beans.getBean(name, type);
    } catch (BeansException e) {
      if (e.contains(BeanCurrentlyInCreationException.class)) {
        LOG.debug("The bean {} is not looked at, since it needs one that is being made", name, e);
        return null;
      }
      throw e;
    }
  }

  private <T> @Nullable SessionFilter only(
      Class<T> type, Predicate<String> isCandidate, Function<T, @Nullable Object> filterOf) {
    List<String> names = new ArrayList<>();
    SessionFilter found = null;
    for (String name : beans.getBeanNamesForType(type, true, false)) {
      T bean = isCandidate.test(name) ? make(beans, name, type) : null;
      if (bean != null && filterOf.apply(bean) instanceof SessionFilter filter) {
        names.add(name);
        found = filter;
      }
    }
    if (names.size() > 1) {
      throw new InvalidSettingException(
          "Several beans are a session filter, or register one: "
              + names
              + ". Each would have its own sessions. Keep one of them, or declare them as"
              + " FilterRegistrationBean<SessionFilter>");
    }
    return found;
  }
}

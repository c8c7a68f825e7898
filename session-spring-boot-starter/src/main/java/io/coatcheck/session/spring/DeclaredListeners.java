package io.coatcheck.session.spring;

import jakarta.servlet.http.HttpSessionAttributeListener;
import jakarta.servlet.http.HttpSessionIdListener;
import jakarta.servlet.http.HttpSessionListener;
import java.util.ArrayList;
import java.util.EventListener;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.web.servlet.ServletListenerRegistrationBean;

/**
 * Finds the session listeners of the application: those that are beans, and those in a {@link
 * ServletListenerRegistrationBean}. The filter calls them itself where the container does not
 * reveal its listeners.
 */
final class DeclaredListeners {

  private static final List<Class<? extends EventListener>> TYPES =
      List.of(
          HttpSessionListener.class,
          HttpSessionAttributeListener.class,
          HttpSessionIdListener.class);

  private DeclaredListeners() {}

  static List<EventListener> of(ConfigurableListableBeanFactory beans) {
    return Stream.concat(
            TYPES.stream().flatMap(type -> beans.getBeanProvider(type).orderedStream()),
            registered(beans))
        .toList();
  }

  private static Stream<EventListener> registered(ConfigurableListableBeanFactory beans) {
    List<EventListener> listeners = new ArrayList<>();
    for (String name :
        beans.getBeanNamesForType(ServletListenerRegistrationBean.class, true, false)) {
      if (mayBeOfSessions(typeOfListener(beans, name))) {
        ServletListenerRegistrationBean<?> registration =
            DeclaredFilter.make(beans, name, ServletListenerRegistrationBean.class);
        if (registration != null && registration.isEnabled()) {
          EventListener listener = registration.getListener();
          if (TYPES.stream().anyMatch(type -> type.isInstance(listener))) {
            listeners.add(listener);
          }
        }
      }
    }
    return listeners.stream();
  }

  /** Returns the declared type of a registered listener; null if it is not declared. */
  private static @Nullable Class<?> typeOfListener(
      ConfigurableListableBeanFactory beans, String registration) {
    return beans.containsBeanDefinition(registration)
        ? beans
            .getMergedBeanDefinition(registration)
            .getResolvableType()
            .as(ServletListenerRegistrationBean.class)
            .getGeneric(0)
            .resolve()
        : null;
  }

  private static boolean mayBeOfSessions(@Nullable Class<?> listener) {
    return listener == null
        || TYPES.stream()
            .anyMatch(type -> type.isAssignableFrom(listener) || listener.isAssignableFrom(type));
  }
}

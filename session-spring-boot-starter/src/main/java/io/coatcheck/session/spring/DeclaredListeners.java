package io.coatcheck.session.spring;

import jakarta.servlet.http.HttpSessionAttributeListener;
import jakarta.servlet.http.HttpSessionIdListener;
import jakarta.servlet.http.HttpSessionListener;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EventListener;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.web.servlet.ServletListenerRegistrationBean;
import org.springframework.core.annotation.AnnotationAwareOrderComparator;

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

  /**
   * Returns the listeners that are beans, and then those that are registered, each in their order.
   * A disabled registration leaves its listener out, also if that is a bean.
   */
  static List<EventListener> of(ConfigurableListableBeanFactory beans) {
    List<ServletListenerRegistrationBean<?>> registrations = registrations(beans);
    Set<EventListener> disabled = Collections.newSetFromMap(new IdentityHashMap<>());
    registrations.stream()
        .filter(registration -> !registration.isEnabled())
        .forEach(registration -> disabled.add(registration.getListener()));
    Stream<EventListener> registered =
        registrations.stream()
            .<EventListener>map(ServletListenerRegistrationBean::getListener)
            .filter(listener -> TYPES.stream().anyMatch(type -> type.isInstance(listener)));
    return Stream.<EventListener>concat(
            TYPES.stream().flatMap(type -> beans.getBeanProvider(type).orderedStream()), registered)
        .filter(listener -> !disabled.contains(listener))
        .toList();
  }

  private static List<ServletListenerRegistrationBean<?>> registrations(
      ConfigurableListableBeanFactory beans) {
    List<ServletListenerRegistrationBean<?>> registrations = new ArrayList<>();
    for (String name :
        beans.getBeanNamesForType(ServletListenerRegistrationBean.class, true, false)) {
      if (mayBeOfSessions(typeOfListener(beans, name))) {
        ServletListenerRegistrationBean<?> registration =
            DeclaredFilter.make(beans, name, ServletListenerRegistrationBean.class);
        if (registration != null) {
          registrations.add(registration);
        }
      }
    }
    AnnotationAwareOrderComparator.sort(registrations);
    return registrations;
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

package io.coatcheck.session.servlet;

import static io.coatcheck.session.servlet.FilterLog.LOG;

import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletRequestListener;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.EventListener;
import java.util.List;
import java.util.Optional;

/**
 * Finds the listeners that were registered with the container: by {@code web.xml}, by annotations
 * or by {@code ServletContext.addListener}. The Servlet API has no method for this, so the public
 * methods of Tomcat and Jetty are used, without a dependency on either.
 */
final class ContainerListeners {

  /** The attribute with Tomcat's resources, which lead to its context. */
  private static final String TOMCAT_RESOURCES = "org.apache.catalina.resources";

  private static final List<String> CONTAINERS =
      List.of("org.apache.catalina.", "org.apache.tomcat.", "org.eclipse.jetty.");

  private ContainerListeners() {}

  /** Finds the listeners. If that is impossible, logs what to do about it and returns none. */
  static List<EventListener> ofOrWarn(ServletContext context) {
    Optional<List<EventListener>> found = of(context);
    if (found.isEmpty()) {
      LOG.warn(
          "This container does not reveal which listeners are registered with it ({})."
              + " If the application has listeners of sessions, pass them to"
              + " SessionFilterBuilder.listener; otherwise they are not notified",
          context.getClass().getName());
    }
    found.ifPresent(ContainerListeners::warnOfRequestListeners);
    return found.orElseGet(List::of);
  }

  /**
   * A request listener is called before every filter, with the container's request. If it keeps
   * that request, what it puts into the session goes into the container's session.
   */
  private static void warnOfRequestListeners(List<EventListener> found) {
    List<String> names =
        found.stream()
            .filter(ServletRequestListener.class::isInstance)
            .map(listener -> listener.getClass().getName())
            .filter(name -> CONTAINERS.stream().noneMatch(name::startsWith))
            .distinct()
            .toList();
    if (!names.isEmpty()) {
      LOG.warn(
          "Listeners of requests are called before the session filter, and are given the"
              + " container's session: {}. If they use it, what they keep there is not in the"
              + " sessions of Coatcheck, nor in their store: session-scoped beans of CDI"
              + " (org.jboss.weld, org.apache.webbeans), and of Spring, for which"
              + " RequestContextFilter, mapped after the session filter, takes the place of"
              + " RequestContextListener. The container's session ends at a logout of Coatcheck",
          names);
    }
  }

  /**
   * Finds the listeners.
   *
   * @return empty if this container is unknown, or does not reveal its listeners
   */
  static Optional<List<EventListener>> of(ServletContext context) {
    try {
      List<Object> found = new ArrayList<>();
      if (context.getAttribute(TOMCAT_RESOURCES) != null) {
        Object standardContext = asked(context.getAttribute(TOMCAT_RESOURCES), "getContext");
        found.addAll(listed(standardContext, "getApplicationLifecycleListeners"));
        found.addAll(listed(standardContext, "getApplicationEventListeners"));
      } else if (context.getClass().getName().startsWith("org.eclipse.jetty.")) {
        Object handler =
            handlerClass(context.getClass())
                .getMethod("getServletContextHandler", ServletContext.class)
                .invoke(null, context);
        found.addAll(listed(handler, "getEventListeners"));
      } else {
        return Optional.empty();
      }
      return Optional.of(
          found.stream()
              .filter(EventListener.class::isInstance)
              .map(EventListener.class::cast)
              .toList());
    } catch (ReflectiveOperationException | RuntimeException e) {
      return Optional.empty();
    }
  }

  /** Jetty has one class for each edition of Jakarta EE; the context is nested in it. */
  private static Class<?> handlerClass(Class<?> contextClass) throws ClassNotFoundException {
    String name = contextClass.getName();
    int dollar = name.indexOf('$');
    return Class.forName(
        dollar < 0 ? name : name.substring(0, dollar), false, contextClass.getClassLoader());
  }

  private static Object asked(Object object, String method) throws ReflectiveOperationException {
    Object value = object.getClass().getMethod(method).invoke(object);
    if (value == null) {
      throw new NoSuchFieldException(method);
    }
    return value;
  }

  private static Collection<?> listed(Object object, String method)
      throws ReflectiveOperationException {
    Object value = asked(object, method);
    if (value instanceof Object[] array) {
      return Arrays.asList(array);
    }
    return value instanceof Collection<?> collection ? List.copyOf(collection) : List.of();
  }
}

package io.coatcheck.session.servlet;

import static io.coatcheck.session.servlet.FilterLog.LOG;

import jakarta.servlet.ServletResponse;
import jakarta.servlet.ServletResponseWrapper;
import jakarta.servlet.http.HttpServletResponse;
import java.lang.reflect.Proxy;
import java.util.Collection;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What Undertow's own response can do beyond the Servlet API: public methods, used here without a
 * dependency. Without effect on the response of another container.
 */
final class UndertowResponse {

  private static final String RESPONSE = "io.undertow.servlet.spec.HttpServletResponseImpl";
  private static final String HEADER_NAME = "io.undertow.util.HttpString";
  private static final String COMMIT_LISTENER = "io.undertow.server.ResponseCommitListener";

  private UndertowResponse() {}

  private static boolean isUndertows(ServletResponse own) {
    return own.getClass().getName().equals(RESPONSE);
  }

  /** Finds Undertow's response below all wrappers; null if it is another container's. */
  private static @Nullable ServletResponse beneath(ServletResponse response) {
    ServletResponse current = response;
    while (current instanceof ServletResponseWrapper wrapper) {
      current = wrapper.getResponse();
    }
    return current != null && isUndertows(current) ? current : null;
  }

  /**
   * Returns whether it ignores headers while one servlet includes another.
   *
   * @param own the container's own response, below all wrappers
   */
  static boolean isInsideInclude(@Nullable ServletResponse own) {
    if (own == null || !isUndertows(own)) {
      return false;
    }
    try {
      return Boolean.TRUE.equals(own.getClass().getMethod("isInsideInclude").invoke(own));
    } catch (ReflectiveOperationException | RuntimeException | LinkageError e) {
      LOG.debug("This version of Undertow does not reveal whether a servlet is included", e);
      return false;
    }
  }

  /** Sets whether it ignores headers. */
  static void setInsideInclude(ServletResponse own, boolean isInside) {
    try {
      own.getClass().getMethod("setInsideInclude", boolean.class).invoke(own, isInside);
    } catch (ReflectiveOperationException | RuntimeException | LinkageError e) {
      LOG.debug("This version of Undertow sets no headers while a servlet is included", e);
    }
  }

  /**
   * Sets the values of a header that was just written, if they were ignored: Undertow adds none
   * when all of the declared content is written, although it sends the response later.
   */
  static void setIgnored(ServletResponse response, String name, List<String> values) {
    ServletResponse own = beneath(response);
    if (own == null) {
      return;
    }
    try {
      Object exchange = exchangeOf(own);
      Object headers = exchange.getClass().getMethod("getResponseHeaders").invoke(exchange);
      Class<?> nameType = type(HEADER_NAME, exchange);
      Object headerName = nameType.getConstructor(String.class).newInstance(name);
      headers
          .getClass()
          .getMethod("putAll", nameType, Collection.class)
          .invoke(headers, headerName, values);
    } catch (ReflectiveOperationException | RuntimeException | LinkageError e) {
      LOG.debug("This version of Undertow adds no header after the content", e);
    }
  }

  /**
   * Calls an action with Undertow's own response before that is committed, unless it is. An
   * exception of the action is logged: the response is sent without what it would have added.
   */
  static void beforeCommit(ServletResponse response, Consumer<HttpServletResponse> action) {
    ServletResponse own = beneath(response);
    if (!(own instanceof HttpServletResponse http)) {
      return;
    }
    try {
      Object exchange = exchangeOf(own);
      // The response also counts as committed when it was to be flushed, and was not.
      if (Boolean.TRUE.equals(
          exchange.getClass().getMethod("isResponseStarted").invoke(exchange))) {
        return;
      }
      Class<?> listenerType = type(COMMIT_LISTENER, exchange);
      Object listener =
          Proxy.newProxyInstance(
              listenerType.getClassLoader(),
              new Class<?>[] {listenerType},
              (proxy, method, arguments) -> {
                if (method.getDeclaringClass() != listenerType) {
                  return method.invoke(action, arguments);
                }
                run(action, http);
                return null;
              });
      exchange
          .getClass()
          .getMethod("addResponseCommitListener", listenerType)
          .invoke(exchange, listener);
    } catch (ReflectiveOperationException | RuntimeException | LinkageError e) {
      LOG.debug("This version of Undertow does not announce that it sends a response", e);
    }
  }

  private static void run(Consumer<HttpServletResponse> action, HttpServletResponse own) {
    try {
      action.accept(own);
    } catch (RuntimeException e) {
      LOG.debug("This version of Undertow changes no header before it sends a response", e);
    }
  }

  private static Object exchangeOf(ServletResponse own) throws ReflectiveOperationException {
    return own.getClass().getMethod("getExchange").invoke(own);
  }

  private static Class<?> type(String name, Object exchange) throws ReflectiveOperationException {
    return Class.forName(name, false, exchange.getClass().getClassLoader());
  }
}

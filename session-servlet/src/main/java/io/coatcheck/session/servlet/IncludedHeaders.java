package io.coatcheck.session.servlet;

import static io.coatcheck.session.servlet.FilterLog.LOG;

import jakarta.servlet.ServletResponse;
import jakarta.servlet.ServletResponseWrapper;
import jakarta.servlet.http.HttpServletResponse;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * Writes headers of the filter while one servlet includes another, when the application's headers
 * are ignored. A part that is longer than the buffer commits the response before the include
 * returns.
 *
 * <ul>
 *   <li>Jetty gives the included servlet a wrapper that ignores headers, and the filter writes to
 *       the response below it.
 *   <li>Tomcat has such a wrapper too, directly around its own response. So it is below the
 *       wrappers of earlier filters. If the filter has written to one of these in vain, it writes
 *       to Tomcat's own response.
 *   <li>Undertow has one response, which ignores headers itself. Its switch for that is turned off
 *       for the moment: public methods, used here without a dependency.
 * </ul>
 */
final class IncludedHeaders {

  private static final String TOMCATS_WRAPPER = "org.apache.catalina.core.ApplicationHttpResponse";
  private static final String UNDERTOW = "io.undertow.servlet.spec.HttpServletResponseImpl";

  private IncludedHeaders() {}

  /**
   * Writes headers to the response, even within an include.
   *
   * @param response the container's original response, or the wrapper of an earlier filter
   * @param headers writes them to a response, which may be one below that
   * @param areWritten returns whether the response has them
   */
  static void write(
      HttpServletResponse response,
      Consumer<HttpServletResponse> headers,
      BooleanSupplier areWritten) {
    ServletResponse containers = beneath(response);
    if (containers.getClass().getName().equals(UNDERTOW) && isInsideInclude(containers)) {
      setInsideInclude(containers, false);
      try {
        headers.accept(response);
      } finally {
        setInsideInclude(containers, true);
      }
      return;
    }
    headers.accept(response);
    if (containers != response
        && isInTomcatsWrapper(response)
        && !areWritten.getAsBoolean()
        && containers instanceof HttpServletResponse own) {
      headers.accept(own);
    }
  }

  /** Returns whether a dispatch of Tomcat has a wrapper at the bottom of a response. */
  static boolean isInTomcatsWrapper(ServletResponse response) {
    ServletResponse current = response;
    while (current instanceof ServletResponseWrapper wrapper) {
      if (wrapper.getClass().getName().equals(TOMCATS_WRAPPER)) {
        return true;
      }
      current = wrapper.getResponse();
    }
    return false;
  }

  private static ServletResponse beneath(ServletResponse response) {
    ServletResponse current = response;
    while (current instanceof ServletResponseWrapper wrapper) {
      current = wrapper.getResponse();
    }
    return current;
  }

  private static boolean isInsideInclude(ServletResponse containers) {
    try {
      return Boolean.TRUE.equals(
          containers.getClass().getMethod("isInsideInclude").invoke(containers));
    } catch (ReflectiveOperationException e) {
      LOG.debug("This version of Undertow does not reveal whether a servlet is included", e);
      return false;
    }
  }

  private static void setInsideInclude(ServletResponse containers, boolean isInside) {
    try {
      containers
          .getClass()
          .getMethod("setInsideInclude", boolean.class)
          .invoke(containers, isInside);
    } catch (ReflectiveOperationException e) {
      LOG.debug("This version of Undertow sets no headers while a servlet is included", e);
    }
  }
}

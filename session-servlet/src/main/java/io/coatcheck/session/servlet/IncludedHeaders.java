package io.coatcheck.session.servlet;

import static io.coatcheck.session.servlet.FilterLog.LOG;

import jakarta.servlet.ServletResponse;
import jakarta.servlet.ServletResponseWrapper;
import jakarta.servlet.http.HttpServletResponse;

/**
 * Writes headers of the filter while one servlet includes another. Tomcat and Jetty give the
 * included servlet a wrapper that ignores headers, and the filter writes to the response below it.
 * Undertow has one response, which ignores all headers until the include returns. A part that is
 * longer than the buffer has committed it by then. So its own switch is turned off for the moment:
 * public methods, used here without a dependency.
 */
final class IncludedHeaders {

  private static final String UNDERTOW = "io.undertow.servlet.spec.HttpServletResponseImpl";

  private IncludedHeaders() {}

  /**
   * Writes headers to the response, even within an include.
   *
   * @param response the container's original response, or the wrapper of an earlier filter
   */
  static void write(HttpServletResponse response, Runnable headers) {
    ServletResponse containers = beneath(response);
    boolean isIncluding =
        containers.getClass().getName().equals(UNDERTOW) && isInsideInclude(containers);
    if (isIncluding) {
      setInsideInclude(containers, false);
    }
    try {
      headers.run();
    } finally {
      if (isIncluding) {
        setInsideInclude(containers, true);
      }
    }
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

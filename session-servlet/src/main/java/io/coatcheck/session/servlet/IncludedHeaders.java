package io.coatcheck.session.servlet;

import jakarta.servlet.ServletResponse;
import jakarta.servlet.ServletResponseWrapper;
import jakarta.servlet.http.HttpServletResponse;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Writes headers of the filter while one servlet includes another, when the application's headers
 * are ignored. A part that is longer than the buffer commits the response before the include
 * returns.
 *
 * <ul>
 *   <li>Jetty gives the included servlet a wrapper that ignores headers, and the filter writes to
 *       the response below it.
 *   <li>Tomcat has such a wrapper too, directly around its own response. So it is below the
 *       wrappers of earlier filters. It is taken out of their chain for the moment, so that these
 *       see the headers as they do without an include.
 *   <li>Undertow has one response, which ignores headers itself. Its switch for that is turned off
 *       for the moment, by {@link UndertowResponse}.
 * </ul>
 */
final class IncludedHeaders {

  private static final String TOMCATS_WRAPPER = "org.apache.catalina.core.ApplicationHttpResponse";

  private IncludedHeaders() {}

  /**
   * Writes headers to the response, even within an include.
   *
   * @param response the container's original response, or the wrapper of an earlier filter
   * @param headers writes them to that response; or, if it is Tomcat's wrapper, to the one below
   */
  static void write(HttpServletResponse response, Consumer<HttpServletResponse> headers) {
    ServletResponseWrapper above = null;
    ServletResponse current = response;
    while (current instanceof ServletResponseWrapper wrapper && !isTomcats(wrapper)) {
      above = wrapper;
      current = wrapper.getResponse();
    }
    if (current instanceof ServletResponseWrapper tomcats) {
      writeBelow(tomcats, above, response, headers);
    } else if (UndertowResponse.isInsideInclude(current)) {
      UndertowResponse.setInsideInclude(current, false);
      try {
        headers.accept(response);
      } finally {
        UndertowResponse.setInsideInclude(current, true);
      }
    } else {
      headers.accept(response);
    }
  }

  private static void writeBelow(
      ServletResponseWrapper tomcats,
      @Nullable ServletResponseWrapper above,
      HttpServletResponse response,
      Consumer<HttpServletResponse> headers) {
    ServletResponse below = tomcats.getResponse();
    while (below instanceof ServletResponseWrapper wrapper && isTomcats(wrapper)) {
      below = wrapper.getResponse();
    }
    if (above == null) {
      headers.accept(below instanceof HttpServletResponse own ? own : response);
      return;
    }
    above.setResponse(below);
    try {
      headers.accept(response);
    } finally {
      above.setResponse(tomcats);
    }
  }

  private static boolean isTomcats(ServletResponseWrapper wrapper) {
    return wrapper.getClass().getName().equals(TOMCATS_WRAPPER);
  }

  /** Returns whether a dispatch of Tomcat has a wrapper at the bottom of a response. */
  static boolean isInTomcatsWrapper(ServletResponse response) {
    ServletResponse current = response;
    while (current instanceof ServletResponseWrapper wrapper) {
      if (isTomcats(wrapper)) {
        return true;
      }
      current = wrapper.getResponse();
    }
    return false;
  }
}

package io.coatcheck.session.servlet;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.http.HttpServletRequest;
import org.jspecify.annotations.Nullable;

/**
 * Where {@code AsyncContext.dispatch()} goes: the path of a request within its application, as
 * {@code dispatch(String)} takes it. Tomcat and Jetty wrap a request to dispatch it. Undertow
 * changes its own request instead, and keeps in attributes what it was before.
 */
final class AsyncTarget {

  private AsyncTarget() {}

  /** Returns the path that a request has now; null if it has none. */
  static @Nullable String of(ServletRequest request) {
    return request instanceof HttpServletRequest http
        ? within(http.getContextPath(), http.getRequestURI())
        : null;
  }

  /**
   * Returns the path that the client requested.
   *
   * @param containers the container's own request, below all wrappers
   */
  static @Nullable String ofClient(ServletRequest containers) {
    if (!(containers instanceof HttpServletRequest http)) {
      return null;
    }
    String beforeForward =
        before(
            http,
            RequestDispatcher.FORWARD_REQUEST_URI,
            RequestDispatcher.FORWARD_CONTEXT_PATH,
            RequestDispatcher.FORWARD_QUERY_STRING);
    if (beforeForward != null) {
      return beforeForward;
    }
    String beforeAsync =
        before(
            http,
            AsyncContext.ASYNC_REQUEST_URI,
            AsyncContext.ASYNC_CONTEXT_PATH,
            AsyncContext.ASYNC_QUERY_STRING);
    return beforeAsync == null ? of(http) : beforeAsync;
  }

  /**
   * Returns the path of a request that the application has given to {@code startAsync}; null to let
   * the container decide, within a forward by a container that changes its own request: every
   * wrapper then has the current path.
   */
  static @Nullable String ofGiven(ServletRequest given) {
    Object forwarded =
        SessionRequest.beneath(given).getAttribute(RequestDispatcher.FORWARD_REQUEST_URI);
    return forwarded == null ? of(given) : null;
  }

  /** Returns path and query from before a dispatch; null if the request has that path now. */
  private static @Nullable String before(
      HttpServletRequest containers, String uriName, String contextName, String queryName) {
    if (!(containers.getAttribute(uriName) instanceof String uri)
        || uri.equals(containers.getRequestURI())) {
      return null;
    }
    Object contextPath = containers.getAttribute(contextName);
    Object query = containers.getAttribute(queryName);
    String path = within(contextPath == null ? "" : contextPath.toString(), uri);
    return query == null || query.equals("") ? path : path + "?" + query;
  }

  private static String within(String contextPath, String uri) {
    return contextPath.length() > 1 && uri.length() > contextPath.length()
        ? uri.substring(contextPath.length())
        : uri;
  }
}

package io.coatcheck.examples.faces;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletRequestEvent;
import jakarta.servlet.ServletRequestListener;
import jakarta.servlet.ServletRequestWrapper;
import jakarta.servlet.http.HttpFilter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;

/**
 * Makes Weld keep session-scoped beans and conversations in the session that requests have after
 * the session filter.
 *
 * <p>Weld listens to requests, and a listener is called before all filters, with the container's
 * request. This filter ends that request for Weld and begins the one that has passed the session
 * filter; afterwards it restores the first. In between, an injected {@code HttpServletRequest} is
 * the request that has passed the session filter. Observers of
 * {@code @Initialized(RequestScoped.class)} are called for each of the three.
 *
 * <p>Map it after the session filter, for the dispatcher types {@code REQUEST} and {@code ERROR}: a
 * forward stays within a request that Weld knows.
 */
public final class WeldSessionFilter extends HttpFilter {

  private static final long serialVersionUID = 1L;

  /** Names the attribute of the application by which Weld hands out its listener. */
  private static final String LISTENER = "org.jboss.weld.module.web.servlet.WeldInitialListener";

  @Override
  protected void doFilter(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    ServletRequestListener weld =
        (ServletRequestListener) getServletContext().getAttribute(LISTENER);
    ServletRequestEvent containers =
        new ServletRequestEvent(getServletContext(), unwrapped(request));
    ServletRequestEvent own = new ServletRequestEvent(getServletContext(), request);
    weld.requestDestroyed(containers);
    try {
      weld.requestInitialized(own);
      try {
        chain.doFilter(request, response);
      } finally {
        weld.requestDestroyed(own);
      }
    } finally {
      weld.requestInitialized(containers);
    }
  }

  private static ServletRequest unwrapped(ServletRequest request) {
    ServletRequest next = request;
    while (next instanceof ServletRequestWrapper wrapper) {
      next = wrapper.getRequest();
    }
    return next;
  }
}

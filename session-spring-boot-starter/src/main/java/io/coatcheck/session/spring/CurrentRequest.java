package io.coatcheck.session.spring;

import io.coatcheck.session.servlet.WebSession;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpSession;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.web.context.request.RequestAttributes;
import org.springframework.web.context.request.RequestContextHolder;
import org.springframework.web.context.request.ServletRequestAttributes;

/** The request of the calling thread, where Spring MVC has set it. */
final class CurrentRequest {

  private static final Logger LOG = LoggerFactory.getLogger(CurrentRequest.class);

  private CurrentRequest() {}

  /**
   * Returns the request of this thread; null if there is none. The application may have passed it
   * to a thread that outlives its dispatch.
   */
  static @Nullable HttpServletRequest find() {
    if (RequestContextHolder.getRequestAttributes() instanceof ServletRequestAttributes request) {
      try {
        // Fails if the dispatch has ended.
        request.getAttribute(CurrentRequest.class.getName(), RequestAttributes.SCOPE_REQUEST);
        return request.getRequest();
      } catch (IllegalStateException e) {
        LOG.trace("The request of this thread has ended", e);
      }
    }
    return null;
  }

  /**
   * Returns the session of a request that was found here. The request may be from before the
   * filter, as a {@code RequestContextListener} has it: its own method would return a session of
   * the container.
   *
   * @param create whether a session is begun if there is none
   */
  static @Nullable HttpSession session(HttpServletRequest request, boolean create) {
    WebSession own = WebSession.find(request).orElse(null);
    return own == null ? request.getSession(create) : own.bridge().session(create);
  }
}

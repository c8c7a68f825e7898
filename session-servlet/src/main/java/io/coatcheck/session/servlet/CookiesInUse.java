package io.coatcheck.session.servlet;

import static io.coatcheck.session.servlet.FilterLog.LOG;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.text.QuotedText;
import jakarta.servlet.ServletContext;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The session cookies of all filters in one class loader. Finds two that replace each other in
 * browsers: of one name on one host or in one domain, for sessions of different managers.
 * Thread-safe. Keeps no filter, manager or application alive.
 */
final class CookiesInUse {

  private static final List<Use> USES = new ArrayList<>();

  private record Use(
      WeakReference<SessionFilter> filter,
      WeakReference<SessionManager> manager,
      WeakReference<ServletContext> context,
      @Nullable String host,
      String contextPath,
      SessionCookie cookie) {

    /**
     * Applications of one path are the same application, on several nodes in one process or during
     * a redeployment.
     */
    boolean isBeside(Use other) {
      if (manager.get() == other.manager.get()) {
        return false;
      }
      return Objects.equals(host, other.host)
          ? !contextPath.equals(other.contextPath) || context.get() == other.context.get()
          : isOfOneDomain(other);
    }

    /** Returns whether browsers send both cookies to all hosts of the same domain. */
    private boolean isOfOneDomain(Use other) {
      return cookie
          .domain()
          .filter(own -> other.cookie.domain().filter(own::equalsIgnoreCase).isPresent())
          .isPresent();
    }

    boolean meets(Use other) {
      return cookie.name().equals(other.cookie.name())
          && (covers(cookie.path(), other.cookie.path())
              || covers(other.cookie.path(), cookie.path()));
    }

    /** Returns whether a cookie of one path is sent to the other path too (RFC 6265, 5.1.4). */
    private static boolean covers(String path, String below) {
      return below.startsWith(path)
          && (below.length() == path.length()
              || path.endsWith("/")
              || below.charAt(path.length()) == '/');
    }
  }

  private CookiesInUse() {}

  /** Adds the cookie of a filter, and logs which others it conflicts with. */
  static void add(
      SessionFilter filter,
      SessionManager manager,
      ServletContext context,
      @Nullable SessionCookie cookie) {
    if (cookie == null) {
      return;
    }
    String path = context.getContextPath();
    Use added =
        new Use(
            new WeakReference<>(filter),
            new WeakReference<>(manager),
            new WeakReference<>(context),
            hostOf(context),
            path == null ? "" : path,
            cookie);
    List<Use> others;
    synchronized (USES) {
      USES.removeIf(use -> use.filter().get() == null || use.filter().get() == filter);
      others = USES.stream().filter(use -> use.isBeside(added) && use.meets(added)).toList();
      USES.add(added);
    }
    for (Use other : others) {
      LOG.warn(
          "Two session filters with separate sessions use the cookie {} on one host or domain, in the"
              + " applications at {} and {}: a login through one logs the user out of the"
              + " other. Give each its own name: SessionCookie.builder().name(\"__Host-...\"),"
              + " or the init parameter cookieName",
          cookie.name(),
          QuotedText.of(other.contextPath() + "/"),
          QuotedText.of(added.contextPath() + "/"));
    }
  }

  /**
   * Returns the virtual host; null if it is not known, as in the mock contexts of Spring's tests.
   */
  private static @Nullable String hostOf(ServletContext context) {
    try {
      return context.getVirtualServerName();
    } catch (UnsupportedOperationException e) {
      LOG.debug("The virtual host of the application is not known", e);
      return null;
    }
  }

  /** Removes the cookie of a filter that has ended. */
  static void remove(SessionFilter filter) {
    synchronized (USES) {
      USES.removeIf(use -> use.filter().get() == null || use.filter().get() == filter);
    }
  }
}

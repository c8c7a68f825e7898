package io.coatcheck.session.servlet;

import static io.coatcheck.session.servlet.FilterLog.LOG;

import io.coatcheck.session.SessionPolicy;
import io.coatcheck.session.text.QuotedText;
import jakarta.servlet.ServletContext;
import jakarta.servlet.SessionCookieConfig;
import jakarta.servlet.SessionTrackingMode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds settings of the container's session cookie, tracking and timeout, by {@code web.xml},
 * {@code SessionCookieConfig} or {@code setSessionTrackingModes}. None of them is used, since each
 * is weaker than the filter's setting or the same. Those that differ are logged at startup.
 */
final class IgnoredContainerSettings {

  private static final String USUAL_NAME = "JSESSIONID";
  private static final int USUAL_TIMEOUT_MINUTES = 30;

  /** Attributes, in lower case, that have a getter or that the filter always sets. */
  private static final Set<String> HANDLED =
      Set.of(
          "name",
          "domain",
          "path",
          "max-age",
          "secure",
          "httponly",
          "samesite",
          "comment",
          "expires");

  private IgnoredContainerSettings() {}

  /** Logs which settings have no effect, if there are any. */
  static void warnOfIgnoredSettings(
      ServletContext context, @Nullable SessionCookie cookie, SessionPolicy policy) {
    List<String> ignored = ignoredSettings(context, cookie);
    addTimeout(ignored, context, policy);
    if (!ignored.isEmpty()) {
      LOG.warn(
          "The container's settings of its session cookie, session tracking and session timeout"
              + " have no effect on the sessions of Coatcheck: {}. Set what you need through"
              + " SessionCookie, and the timeout through SessionPolicy",
          ignored.stream().map(QuotedText::of).toList());
    }
  }

  /** Logs a warning if other applications on this host may have a cookie of the same name. */
  static void warnOfSharedName(ServletContext context, @Nullable SessionCookie cookie) {
    String contextPath = context.getContextPath();
    if (cookie != null
        && contextPath != null
        && !contextPath.isEmpty()
        && cookie.name().equals(SessionCookie.defaults().name())) {
      LOG.warn(
          "The application at {} uses the session cookie {}, which all applications of this host"
              + " share: if another one uses it too, a login in one logs the user out of the other."
              + " Give each its own name: SessionCookie.builder().name(\"__Host-...\"), or the"
              + " init parameter cookieName",
          QuotedText.of(contextPath),
          cookie.name());
    }
  }

  /**
   * Finds the settings that have no effect.
   *
   * @param cookie the filter's cookie; null if it has none
   * @return each as {@code name=value}; empty if the filter's cookie has all that was set
   */
  static List<String> ignoredSettings(ServletContext context, @Nullable SessionCookie cookie) {
    List<String> ignored = new ArrayList<>();
    SessionCookieConfig config = context.getSessionCookieConfig();
    if (config != null) {
      String ourName = cookie == null ? USUAL_NAME : cookie.name();
      String ourPath = cookie == null ? "/" : cookie.path();
      add(ignored, "name", config.getName(), USUAL_NAME, ourName);
      add(ignored, "Domain", config.getDomain(), "", domainOf(cookie));
      add(ignored, "Path", config.getPath(), "/", ourPath);
      if (config.getMaxAge() >= 0) {
        ignored.add("Max-Age=" + config.getMaxAge());
      }
      if (config.isSecure() && cookie != null && !cookie.isSecure()) {
        ignored.add("Secure");
      }
      Map<String, String> attributes = new HashMap<>();
      config
          .getAttributes()
          .forEach((name, value) -> attributes.put(name.toLowerCase(Locale.ROOT), value));
      String sameSite = attributes.get("samesite");
      if (sameSite != null
          && cookie != null
          && !cookie.sameSite().name().equalsIgnoreCase(sameSite)) {
        ignored.add("SameSite=" + sameSite);
      }
      attributes.keySet().stream()
          .filter(name -> !HANDLED.contains(name) && !holds(cookie, name))
          .sorted()
          .forEach(name -> ignored.add(name + "=" + attributes.get(name)));
    }
    addTracking(ignored, context);
    return ignored;
  }

  private static boolean holds(@Nullable SessionCookie cookie, String attribute) {
    return cookie != null && cookie.isPartitioned() && attribute.equals("partitioned");
  }

  /** A container's own default is 30 minutes, or none. */
  private static void addTimeout(
      List<String> ignored, ServletContext context, SessionPolicy policy) {
    int minutes = context.getSessionTimeout();
    if (minutes > 0
        && minutes != USUAL_TIMEOUT_MINUTES
        && !Duration.ofMinutes(minutes).equals(policy.idleTimeout())) {
      ignored.add("session-timeout=" + minutes);
    }
  }

  /** The container's own default may include {@code URL}, which no application chose. */
  private static void addTracking(List<String> ignored, ServletContext context) {
    Set<SessionTrackingMode> modes = context.getEffectiveSessionTrackingModes();
    if (modes != null && !modes.equals(context.getDefaultSessionTrackingModes())) {
      EnumSet<SessionTrackingMode> others = EnumSet.noneOf(SessionTrackingMode.class);
      others.addAll(modes);
      others.remove(SessionTrackingMode.COOKIE);
      others.forEach(mode -> ignored.add("tracking-mode=" + mode));
    }
  }

  private static String domainOf(@Nullable SessionCookie cookie) {
    return cookie == null ? "" : cookie.domain().orElse("");
  }

  private static void add(
      List<String> ignored, String name, @Nullable String value, String usual, String ours) {
    if (value != null && !value.equals(usual) && !value.equals(ours)) {
      ignored.add(name + "=" + value);
    }
  }
}

package io.coatcheck.session.servlet;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.log.LimitedLog;
import java.util.EventListener;
import java.util.List;
import java.util.Set;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/**
 * The settings of a {@link SessionFilter}.
 *
 * @param cookie null if there is none
 * @param header null if there is none
 * @param hints how version hints are sent; null if there are none
 * @param excluded paths on which sessions are resolved only when needed
 * @param lazy whether that applies to all paths
 * @param activity which requests count as activity; null if all do
 * @param crossSiteLogins paths on which sessions of requests from other sites are stored
 * @param floodGuard null if anonymous sessions are not limited
 * @param clientCheck null if clients are not compared
 * @param siteData what browsers are asked to clear at a logout
 * @param exposesToken whether the application sees cookie and header of the session in requests
 * @param containerSession what happens to the container's own session
 * @param closesManager whether the manager is closed with the filter
 * @param problems logs what requests can repeat without limit
 */
record FilterSettings(
    SessionManager manager,
    @Nullable SessionCookie cookie,
    @Nullable SessionHeader header,
    @Nullable HintTransport hints,
    PathPatterns excluded,
    boolean lazy,
    @Nullable Activity activity,
    boolean storeEmptySessions,
    BiPredicate<String, String> roles,
    boolean recordClient,
    CrossOriginPolicy crossOrigin,
    PathPatterns crossSiteLogins,
    @Nullable FloodGuard floodGuard,
    @Nullable ClientCheck clientCheck,
    List<EventListener> listeners,
    Set<SiteData> siteData,
    boolean exposesToken,
    ContainerSession containerSession,
    boolean closesManager,
    LimitedLog problems) {

  /** Returns whether a {@code Set-Cookie} header is about the token or the version hint. */
  boolean setsOurCookie(String header) {
    return (cookie != null && cookie.isSetBy(header)) || (hints != null && hints.isSetBy(header));
  }

  /** Returns whether a header of a response is about the token or the version hint. */
  boolean isOurHeader(String name, String value) {
    if (name.equalsIgnoreCase("Set-Cookie")) {
      return setsOurCookie(value);
    }
    return header != null
        && (name.equalsIgnoreCase(header.responseName())
            || name.equalsIgnoreCase(header.hintName()));
  }
}

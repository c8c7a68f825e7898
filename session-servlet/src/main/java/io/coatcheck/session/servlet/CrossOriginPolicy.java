package io.coatcheck.session.servlet;

import jakarta.servlet.http.HttpServletRequest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Enumeration;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which requests other sites may make a browser send with the session cookie: by default none that
 * change anything. The browser itself states where a request comes from ({@code Sec-Fetch-Site}, in
 * all browsers since 2023, and {@code Origin}), so forms need no token. {@link SessionFilter}
 * applies the policy before the application runs, to logins too, at the first dispatch that it sees
 * unless that is of an error page.
 *
 * <ol>
 *   <li>{@code GET}, {@code HEAD} and {@code OPTIONS} pass, unless they open a WebSocket: an
 *       application must not change anything in response to them. Any other method, known or not,
 *       is checked.
 *   <li>A request on an {@linkplain Builder#exempt exempt} path passes.
 *   <li>A request that repeats a header which must not be repeated is refused.
 *   <li>{@code Sec-Fetch-Site: same-origin} and {@code none} pass. With {@code same-site}, {@code
 *       cross-site} or anything else, the {@code Origin} must be {@linkplain Builder#trustedOrigin
 *       trusted}.
 *   <li>Without {@code Sec-Fetch-Site}, an {@code Origin} must be trusted or the application's own.
 *       {@code Origin: null} never is.
 *   <li>A request with neither is not from a browser. It passes unless the policy is {@linkplain
 *       Builder#strict strict}.
 * </ol>
 *
 * <p>Go's {@code net/http.CrossOriginProtection} has the same rules. Here the scheme must match
 * too, and WebSocket handshakes are checked: they carry the cookie and are not bound by the
 * same-origin policy (RFC 6455, 10.2).
 *
 * <p>It does not protect against scripts in the application's own pages, nor against applications
 * that change something on {@code GET}. CORS preflights are left to the application. If a request
 * from another site passes, it comes without a cookie that is {@code SameSite=Lax}; a session that
 * begins in it lasts for the request only, unless it {@linkplain WebSession#login logs in}: see
 * {@link SessionFilterBuilder#crossSiteLogin}. Immutable and thread-safe.
 *
 * @since 0.1.0
 */
public final class CrossOriginPolicy {

  private static final CrossOriginPolicy DEFAULTS = builder().build();
  private static final CrossOriginPolicy OFF = new CrossOriginPolicy(builder(), false);

  private static final Set<String> SAFE_METHODS = Set.of("GET", "HEAD", "OPTIONS");
  private static final Set<String> OWN_SITES = Set.of("same-origin", "none");

  /** Why a request is refused. */
  enum Refusal {
    REPEATED_HEADER("it has more than one Sec-Fetch-Site or more than one Origin header"),
    FOREIGN_SITE(
        "its Sec-Fetch-Site is neither same-origin nor none, and its Origin is not a trusted one"),
    FOREIGN_ORIGIN(
        "its Origin is neither that of this application nor a trusted one; behind a proxy, the"
            + " public origin must be configured"),
    NO_ORIGIN("it has neither Sec-Fetch-Site nor Origin, and the policy is strict");

    private final String reason;

    Refusal(String reason) {
      this.reason = reason;
    }

    /** Returns the message for the client. It names the rule and repeats nothing that was sent. */
    String message() {
      return "Cross-origin request refused: " + reason + ".";
    }
  }

  /** The input of the decision. */
  record Presented(
      String method,
      boolean opensWebSocket,
      List<String> fetchSites,
      List<String> origins,
      String addressedTo) {

    static Presented by(HttpServletRequest request) {
      return new Presented(
          request.getMethod(),
          opensWebSocket(request),
          Collections.list(request.getHeaders("Sec-Fetch-Site")),
          Collections.list(request.getHeaders("Origin")),
          WebOrigin.of(request.getScheme(), request.getServerName(), request.getServerPort()));
    }

    static boolean opensWebSocket(HttpServletRequest request) {
      if (request.getHeader("Upgrade") == null) {
        return false;
      }
      Enumeration<String> lines = request.getHeaders("Upgrade");
      while (lines.hasMoreElements()) {
        if (lines.nextElement().toLowerCase(Locale.ROOT).contains("websocket")) {
          return true;
        }
      }
      return false;
    }
  }

  private final boolean isOn;
  private final boolean isStrict;
  private final Set<String> trustedOrigins;
  private final Set<String> publicOrigins;
  private final PathPatterns exempt;

  private CrossOriginPolicy(Builder builder, boolean isOn) {
    this.isOn = isOn;
    isStrict = builder.strict;
    trustedOrigins = Set.copyOf(builder.trustedOrigins);
    publicOrigins = Set.copyOf(builder.publicOrigins);
    exempt = PathPatterns.of("exempt", builder.exempt);
  }

  /** Returns the policy that trusts no other origin and exempts nothing. */
  public static CrossOriginPolicy defaults() {
    return DEFAULTS;
  }

  /**
   * Returns the policy that refuses nothing. Then a form on any other site can act as the user who
   * is logged in here, within the limits of {@code SameSite}, unless the application protects
   * itself.
   */
  public static CrossOriginPolicy off() {
    return OFF;
  }

  /** Begins a policy with the defaults. */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * Returns why a request must not reach the application; empty if it may. Not for a session that
   * came in a header: no browser adds that by itself.
   */
  Optional<Refusal> refuses(HttpServletRequest request) {
    // Most requests pass here, before their other headers are read.
    if (!isOn || isSafe(request.getMethod(), Presented.opensWebSocket(request))) {
      return Optional.empty();
    }
    Refusal refusal = decide(Presented.by(request));
    return refusal == null || exempt.matches(request) ? Optional.empty() : Optional.of(refusal);
  }

  /** Decides on everything but the path; null if the request passes. */
  @Nullable Refusal decide(Presented presented) {
    if (isSafe(presented.method(), presented.opensWebSocket())) {
      return null;
    }
    if (presented.fetchSites().size() > 1 || presented.origins().size() > 1) {
      return Refusal.REPEATED_HEADER;
    }
    String origin = presented.origins().isEmpty() ? null : presented.origins().get(0);
    boolean isTrusted = origin != null && trustedOrigins.contains(origin);
    if (!presented.fetchSites().isEmpty()) {
      boolean isOwnSite = OWN_SITES.contains(presented.fetchSites().get(0));
      return isOwnSite || isTrusted ? null : Refusal.FOREIGN_SITE;
    }
    if (origin == null) {
      return isStrict ? Refusal.NO_ORIGIN : null;
    }
    return isTrusted || isOwn(origin, presented.addressedTo()) ? null : Refusal.FOREIGN_ORIGIN;
  }

  /**
   * Returns whether an {@code Origin} may belong to another site than the application. Only
   * browsers know exactly which hosts form one site; here, two hosts do if they are equal or one is
   * below the other.
   */
  boolean isOfAnotherSite(String origin, HttpServletRequest request) {
    Set<String> own =
        publicOrigins.isEmpty()
            ? Set.of(
                WebOrigin.of(request.getScheme(), request.getServerName(), request.getServerPort()))
            : publicOrigins;
    return own.stream().noneMatch(ours -> WebOrigin.areOfRelatedHosts(origin, ours));
  }

  /**
   * Returns whether a page of another site sent a request, whatever its method and path. The
   * application and trusted origins are not other sites, and a request without a browser comes from
   * none.
   */
  boolean isFromAnotherSite(HttpServletRequest request) {
    List<String> sites = Collections.list(request.getHeaders("Sec-Fetch-Site"));
    List<String> origins = Collections.list(request.getHeaders("Origin"));
    if (sites.size() > 1 || origins.size() > 1) {
      return true;
    }
    String origin = origins.isEmpty() ? null : origins.get(0);
    if (origin != null && trustedOrigins.contains(origin)) {
      return false;
    }
    if (!sites.isEmpty()) {
      return !OWN_SITES.contains(sites.get(0));
    }
    return origin != null
        && (publicOrigins.isEmpty()
            ? !WebOrigin.isOfHost(origin, request.getServerName())
            : !publicOrigins.contains(origin));
  }

  private static boolean isSafe(String method, boolean opensWebSocket) {
    return SAFE_METHODS.contains(method) && !opensWebSocket;
  }

  private boolean isOwn(String origin, String addressedTo) {
    return publicOrigins.isEmpty() ? origin.equals(addressedTo) : publicOrigins.contains(origin);
  }

  /** Builds a policy; each option is checked where it is set. Not thread-safe. */
  public static final class Builder {

    private final Set<String> trustedOrigins = new HashSet<>();
    private final Set<String> publicOrigins = new HashSet<>();
    private final List<String> exempt = new ArrayList<>();
    private boolean strict;

    private Builder() {}

    /**
     * Adds an origin whose pages may send requests on behalf of the users, like the application's
     * own pages. Default: none.
     *
     * @param origin as browsers send it: scheme, host and, unless it is the scheme's default, port,
     *     such as {@code https://app.example} or {@code http://localhost:5173}
     * @throws IllegalArgumentException if it is not exactly that
     */
    public Builder trustedOrigin(String origin) {
      trustedOrigins.add(WebOrigin.checked("trustedOrigin", origin));
      return this;
    }

    /**
     * Adds an origin of the application itself. Needed behind a proxy that terminates TLS or
     * changes {@code Host}, for browsers that do not send {@code Sec-Fetch-Site}: those from before
     * 2023, and all of them over plain HTTP. Once an origin is set, {@code Host} is ignored.
     * Default: the scheme, host and port that the request was sent to, as the container reports
     * them.
     *
     * @param origin in the form of {@link #trustedOrigin}
     * @throws IllegalArgumentException if it is not that
     */
    public Builder publicOrigin(String origin) {
      publicOrigins.add(WebOrigin.checked("publicOrigin", origin));
      return this;
    }

    /**
     * Adds a path that any site may send requests to: a webhook, an OpenID Connect {@code
     * form_post} response. The application must authenticate requests there by other means than the
     * session. Default: none.
     *
     * @param path {@code /webhook} or {@code /webhooks/*}, within the application; a URI with
     *     {@code ;}, {@code //}, dot segments, or encoded slashes or dots is never exempt
     * @throws IllegalArgumentException if it is neither
     */
    public Builder exempt(String path) {
      PathPatterns.of("exempt", List.of(path));
      exempt.add(path);
      return this;
    }

    /**
     * Sets whether a request with neither {@code Sec-Fetch-Site} nor {@code Origin} is refused. No
     * recent browser sends such a request, but {@code curl} and most other programs do. Default:
     * false.
     */
    public Builder strict(boolean refuse) {
      strict = refuse;
      return this;
    }

    /** Makes the policy. */
    public CrossOriginPolicy build() {
      return new CrossOriginPolicy(this, true);
    }
  }
}

package io.coatcheck.session.servlet;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.SessionManagerBuilder;
import io.coatcheck.session.SessionPolicy;
import io.coatcheck.session.event.AuditListener;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.servlet.SessionCookie.SameSite;
import jakarta.servlet.FilterConfig;
import jakarta.servlet.ServletException;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Reads settings from the init parameters of a filter in {@code web.xml}: sessions are kept in
 * memory, with the given cookie, limits and paths. An unknown or malformed parameter stops startup.
 */
final class InitParameters {

  private static final String PER_SECOND = "anonymousSessionsPerSecond";
  private static final String BURST = "anonymousBurst";
  private static final String PROXIES = "trustedProxies";

  private final SessionPolicy.Builder policy = SessionPolicy.builder();
  private final SessionCookie.Builder cookie = SessionCookie.builder();
  private final CrossOriginPolicy.Builder crossOrigin = CrossOriginPolicy.builder();
  private final InMemorySessionStore.Builder store = InMemorySessionStore.builder();
  private final Map<String, Consumer<String>> settings = new TreeMap<>();
  private final Map<String, Consumer<SessionFilterBuilder>> chosen = new TreeMap<>();
  private final Map<String, Consumer<SessionManagerBuilder>> chosenOfManager = new TreeMap<>();
  private @Nullable Integer sessionsPerSecond;
  private @Nullable Integer burst;
  private @Nullable String trustedProxies;
  private boolean isInsecure;
  private boolean withoutCookie;
  private boolean hasCookieSettings;

  private InitParameters() {
    duration("idleTimeout", policy::idleTimeout);
    duration("absoluteTimeout", policy::absoluteTimeout);
    duration("anonymousIdleTimeout", policy::anonymousIdleTimeout);
    duration("rememberedIdleTimeout", policy::rememberedIdleTimeout);
    duration("rememberedAbsoluteTimeout", policy::rememberedAbsoluteTimeout);
    settings.put("maximumSessions", text -> store.maximumSessions(wholeNumber(text)));
    settings.put("cookieName", cookie::name);
    settings.put("cookiePath", cookie::path);
    settings.put("cookieDomain", cookie::domain);
    settings.put("cookieSameSite", text -> cookie.sameSite(sameSite(text)));
    settings.put("cookiePartitioned", text -> cookie.partitioned(truth(text)));
    settings.put(
        "header",
        text -> {
          SessionHeader header =
              text.equals("Authorization") ? SessionHeader.bearer() : SessionHeader.named(text);
          chosen.put("header", filter -> filter.header(header));
        });
    settings.put("withoutCookie", text -> withoutCookie = truth(text));
    settings.put("insecureForLocalDevelopment", text -> isInsecure = truth(text));
    settings.put(
        "dropAttributesAtLogin",
        text -> {
          boolean drop = truth(text);
          chosenOfManager.put("drop", manager -> manager.dropAttributesAtLogin(drop));
        });
    settings.put(
        "exclude",
        text -> {
          String[] paths = list(text).toArray(String[]::new);
          PathPatterns.of("exclude", List.of(paths));
          chosen.put("exclude", filter -> filter.exclude(paths));
        });
    settings.put(
        "withoutActivity",
        text -> {
          String[] paths = list(text).toArray(String[]::new);
          PathPatterns.of("withoutActivity", List.of(paths));
          chosen.put("withoutActivity", filter -> filter.withoutActivity(paths));
        });
    settings.put(
        "withoutActivityHeader",
        text -> {
          SessionHeader.requireOwnName("withoutActivityHeader", text);
          chosen.put("withoutActivityHeader", filter -> filter.withoutActivityHeader(text));
        });
    settings.put(
        "crossSiteLogin",
        text -> {
          String[] paths = list(text).toArray(String[]::new);
          PathPatterns.of("crossSiteLogin", List.of(paths));
          chosen.put("crossSiteLogin", filter -> filter.crossSiteLogin(paths));
        });
    settings.put(
        "clearSiteData",
        text -> {
          List<SiteData> all = list(text).stream().map(InitParameters::siteData).toList();
          chosen.put("clearSiteData", filter -> all.forEach(each -> filter.clearSiteData(each)));
        });
    flag("lazy", value -> filter -> filter.lazy(value));
    flag("storeEmptySessions", value -> filter -> filter.storeEmptySessions(value));
    flag("exposeToken", value -> filter -> filter.exposeToken(value));
    flag("recordClient", value -> filter -> filter.recordClient(value));
    settings.put("trustedOrigins", text -> list(text).forEach(crossOrigin::trustedOrigin));
    settings.put("publicOrigins", text -> list(text).forEach(crossOrigin::publicOrigin));
    settings.put("crossOriginExempt", text -> list(text).forEach(crossOrigin::exempt));
    settings.put("crossOriginStrict", text -> crossOrigin.strict(truth(text)));
    settings.put(PER_SECOND, text -> sessionsPerSecond = sessions(PER_SECOND, text));
    settings.put(BURST, text -> burst = sessions(BURST, text));
    settings.put(PROXIES, text -> trustedProxies = text);
  }

  /**
   * Creates the settings, and the manager, which is closed with the filter.
   *
   * @throws ServletException if a parameter is unknown, or its value is not allowed
   */
  static SessionFilterBuilder read(FilterConfig config) throws ServletException {
    InitParameters parameters = new InitParameters();
    for (String name : Collections.list(config.getInitParameterNames())) {
      parameters.set(name, config.getInitParameter(name));
    }
    try {
      return parameters.build();
    } catch (IllegalArgumentException e) {
      throw new ServletException("init parameters of the session filter: " + e.getMessage(), e);
    }
  }

  private void set(String name, String value) throws ServletException {
    Consumer<String> setting = settings.get(name);
    if (setting == null) {
      throw new ServletException(
          "the session filter has no init parameter " + name + ", only " + settings.keySet());
    }
    hasCookieSettings |= name.startsWith("cookie");
    try {
      setting.accept(value.strip());
    } catch (IllegalArgumentException e) {
      throw new ServletException("init parameter " + name + ": " + e.getMessage(), e);
    }
  }

  private SessionFilterBuilder build() {
    if (isInsecure && hasCookieSettings) {
      throw new IllegalArgumentException(
          "insecureForLocalDevelopment must not be set together with cookie settings: true");
    }
    if (withoutCookie && (isInsecure || hasCookieSettings)) {
      throw new IllegalArgumentException(
          "withoutCookie must not be set together with cookie settings: true");
    }
    if (withoutCookie && !chosen.containsKey("header")) {
      throw new IllegalArgumentException("withoutCookie must not be set without header: true");
    }
    SessionPolicy limits = policy.build();
    SessionCookie secureCookie = cookie.build();
    CrossOriginPolicy origins = crossOrigin.build();
    Optional<FloodGuard> guard = floodGuard();
    SessionManagerBuilder manager =
        SessionManager.builder(store.build()).policy(limits).listener(new AuditListener());
    chosenOfManager.values().forEach(choice -> choice.accept(manager));
    SessionFilterBuilder filter =
        SessionFilter.builder(manager.build()).closeManager(true).crossOrigin(origins);
    if (withoutCookie) {
      filter.withoutCookie();
    } else {
      filter.cookie(isInsecure ? SessionCookie.insecureForLocalDevelopment() : secureCookie);
    }
    guard.ifPresent(filter::floodGuard);
    chosen.values().forEach(choice -> choice.accept(filter));
    return filter;
  }

  private Optional<FloodGuard> floodGuard() {
    if (sessionsPerSecond == null) {
      needsSessionsPerSecond(BURST, burst);
      needsSessionsPerSecond(PROXIES, trustedProxies);
      return Optional.empty();
    }
    FloodGuard.Builder guard = FloodGuard.builder(sessionsPerSecond);
    if (burst != null) {
      guard.burst(burst);
    }
    if (trustedProxies != null) {
      guard.trustedProxies(list(trustedProxies).toArray(String[]::new));
    }
    return Optional.of(guard.build());
  }

  private static void needsSessionsPerSecond(String name, @Nullable Object value) {
    if (value != null) {
      throw new IllegalArgumentException(
          name + " must not be set without " + PER_SECOND + ": " + value);
    }
  }

  private void duration(String name, Consumer<Duration> setting) {
    settings.put(
        name,
        text -> {
          Duration value;
          try {
            value = Duration.parse(text);
          } catch (DateTimeParseException e) {
            throw new IllegalArgumentException(
                name + " must be a duration such as PT30M, PT12H or P14D: " + text, e);
          }
          setting.accept(value);
        });
  }

  private void flag(String name, Function<Boolean, Consumer<SessionFilterBuilder>> choice) {
    settings.put(name, text -> chosen.put(name, choice.apply(truth(text))));
  }

  private static boolean truth(String text) {
    return switch (text) {
      case "true" -> true;
      case "false" -> false;
      default -> throw new IllegalArgumentException("must be true or false: " + text);
    };
  }

  private static long wholeNumber(String text) {
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("must be a whole number: " + text, e);
    }
  }

  private static int sessions(String name, String text) {
    return FloodGuard.sessions(name, wholeNumber(text));
  }

  private static SameSite sameSite(String text) {
    return switch (text) {
      case "Lax" -> SameSite.LAX;
      case "Strict" -> SameSite.STRICT;
      case "None" -> SameSite.NONE;
      default -> throw new IllegalArgumentException("must be Lax, Strict or None: " + text);
    };
  }

  private static SiteData siteData(String text) {
    return switch (text) {
      case "cache" -> SiteData.CACHE;
      case "storage" -> SiteData.STORAGE;
      case "cookies" -> SiteData.COOKIES;
      default ->
          throw new IllegalArgumentException("must be of cache, storage and cookies: " + text);
    };
  }

  private static List<String> list(String text) {
    return List.of(text.split("[,\\s]+"));
  }
}

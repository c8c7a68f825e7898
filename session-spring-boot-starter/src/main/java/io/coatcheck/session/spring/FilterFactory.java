package io.coatcheck.session.spring;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.servlet.CrossOriginPolicy;
import io.coatcheck.session.servlet.FloodGuard;
import io.coatcheck.session.servlet.SessionCookie;
import io.coatcheck.session.servlet.SessionFilter;
import io.coatcheck.session.servlet.SessionFilterBuilder;
import io.coatcheck.session.servlet.SessionHeader;
import java.util.EventListener;
import java.util.List;
import org.springframework.boot.web.servlet.FilterRegistrationBean;

/** Builds the filter, its cookie and its guards from the properties. */
final class FilterFactory {

  private final CoatcheckProperties properties;

  FilterFactory(CoatcheckProperties properties) {
    this.properties = properties;
  }

  /** Registers a filter that the properties configure, and not the application. */
  static final class Registration extends FilterRegistrationBean<SessionFilter> {

    private Registration(SessionFilter filter) {
      super(filter);
    }
  }

  Registration registration(
      SessionManager manager,
      List<EventListener> listeners,
      List<SessionFilterCustomizer> customizers) {
    return new Registration(filter(manager, listeners, customizers));
  }

  private SessionFilter filter(
      SessionManager manager,
      List<EventListener> listeners,
      List<SessionFilterCustomizer> customizers) {
    SessionFilterBuilder builder = SessionFilter.builder(manager);
    listeners.forEach(builder::listener);
    Settings settings = new Settings("coatcheck.");
    settings
        .set("header", properties.header(), name -> builder.header(header(name)))
        .each("exclude", properties.exclude(), builder::exclude)
        .each("withoutActivity", properties.withoutActivity(), builder::withoutActivity)
        .each(
            "withoutActivityHeaders",
            properties.withoutActivityHeaders(),
            builder::withoutActivityHeader)
        .each("crossSiteLogin", properties.crossSiteLogin(), builder::crossSiteLogin)
        .each("clearSiteData", properties.clearSiteData(), builder::clearSiteData)
        .alias(
            "withoutCookie", properties.withoutCookie() ? true : null, "coatcheck.without-cookie");
    if (properties.withoutCookie()) {
      builder.withoutCookie();
    }
    if (!properties.withoutCookie() || hasCookieSettings()) {
      builder.cookie(cookie());
    }
    builder
        .lazy(properties.lazy())
        .storeEmptySessions(properties.storeEmptySessions())
        .recordClient(properties.recordClient())
        .exposeToken(properties.exposeToken())
        .crossOrigin(crossOrigin());
    addFloodGuard(builder);
    customizers.forEach(customizer -> customizer.customize(builder));
    return settings.build(builder::build);
  }

  private static SessionHeader header(String name) {
    return name.equalsIgnoreCase("Authorization")
        ? SessionHeader.bearer()
        : SessionHeader.named(name);
  }

  private boolean hasCookieSettings() {
    CoatcheckProperties.Cookie cookie = properties.cookie();
    return cookie.insecureForLocalDevelopment() || hasNamedSettings(cookie);
  }

  private static boolean hasNamedSettings(CoatcheckProperties.Cookie cookie) {
    return cookie.name() != null
        || cookie.path() != null
        || cookie.domain() != null
        || cookie.sameSite() != null
        || cookie.partitioned() != null;
  }

  private SessionCookie cookie() {
    CoatcheckProperties.Cookie cookie = properties.cookie();
    if (cookie.insecureForLocalDevelopment()) {
      if (hasNamedSettings(cookie)) {
        throw new InvalidSettingException(
            "coatcheck.cookie.insecure-for-local-development must not be set together with other"
                + " properties of the cookie: true");
      }
      return SessionCookie.insecureForLocalDevelopment();
    }
    SessionCookie.Builder builder = SessionCookie.builder();
    return new Settings("coatcheck.cookie.")
        .set("name", cookie.name(), builder::name)
        .set("path", cookie.path(), builder::path)
        .set("domain", cookie.domain(), builder::domain)
        .set("sameSite", cookie.sameSite(), builder::sameSite)
        .set("partitioned", cookie.partitioned(), builder::partitioned)
        .build(builder::build);
  }

  private CrossOriginPolicy crossOrigin() {
    CoatcheckProperties.CrossOrigin crossOrigin = properties.crossOrigin();
    if (!crossOrigin.enabled()) {
      return CrossOriginPolicy.off();
    }
    CrossOriginPolicy.Builder builder = CrossOriginPolicy.builder();
    new Settings("coatcheck.cross-origin.")
        .each("trustedOrigins", crossOrigin.trustedOrigins(), builder::trustedOrigin)
        .each("publicOrigins", crossOrigin.publicOrigins(), builder::publicOrigin)
        .each("exempt", crossOrigin.exempt(), builder::exempt);
    return builder.strict(crossOrigin.strict()).build();
  }

  private void addFloodGuard(SessionFilterBuilder filter) {
    CoatcheckProperties.FloodGuard limits = properties.floodGuard();
    Integer perSecond = limits.anonymousSessionsPerSecond();
    Settings settings = new Settings("coatcheck.flood-guard.");
    if (perSecond == null) {
      if (limits.burst() != null || !limits.trustedProxies().isEmpty()) {
        throw new InvalidSettingException(
            "coatcheck.flood-guard.burst and .trusted-proxies must not be set without"
                + " coatcheck.flood-guard.anonymous-sessions-per-second");
      }
      return;
    }
    settings.set(
        "anonymousSessionsPerSecond",
        perSecond,
        rate -> {
          FloodGuard.Builder guard = FloodGuard.builder(rate);
          settings
              .set("burst", limits.burst(), guard::burst)
              .set(
                  "trustedProxies",
                  limits.trustedProxies(),
                  proxies -> guard.trustedProxies(proxies.toArray(String[]::new)));
          filter.floodGuard(settings.build(guard::build));
        });
  }
}

package io.coatcheck.session.spring;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.core.env.Environment;
import org.springframework.util.ClassUtils;

/**
 * Finds properties that are set and have no effect. If another property causes it, startup fails
 * and names them. If an application bean replaces them, or their store is unavailable, a log line
 * names them. If the application chose another store by name, they are ignored: the configuration
 * may be shared with other applications or tests.
 */
final class IneffectiveProperties {

  private static final Logger LOG = LoggerFactory.getLogger(IneffectiveProperties.class);

  private static final String PREFIX = "coatcheck.";

  /** The properties that configure each part; their names follow {@link #PREFIX}. */
  enum Part {
    POLICY(
        "idle-timeout",
        "absolute-timeout",
        "anonymous-idle-timeout",
        "remembered-idle-timeout",
        "remembered-absolute-timeout"),
    MANAGER(
        "sessions-per-user",
        "when-full",
        "drop-attributes-at-login",
        "renew-interval",
        "end-on-reuse",
        "touch-interval",
        "clean-up-interval",
        "store-timeout",
        "attributes.max-attributes"),
    AUDIT("audit"),
    ENCODED_SIZES("attributes.max-attribute-bytes", "attributes.max-session-bytes"),
    CODEC("attributes.allow", "attributes.allow-application", "attributes.immutable"),
    STORE("store"),
    MEMORY("memory.maximum-sessions", "memory.copy-on-read"),
    JDBC(
        "jdbc.table-name",
        "jdbc.create-schema",
        "jdbc.database",
        "jdbc.query-timeout",
        "jdbc.clean-up-rows",
        "jdbc.clean-up-bytes"),
    REDIS(
        "redis.key-prefix",
        "redis.command-timeout",
        "redis.connect-timeout",
        "redis.change-feed-interval",
        "redis.confirm-replicas",
        "redis.confirm-timeout",
        "redis.buckets"),
    NEAR_CACHE(
        "near-cache.max-staleness",
        "near-cache.serve-stale-on-outage",
        "near-cache.maximum-bytes",
        "near-cache.revalidate"),
    NEAR_CACHE_SWITCH("near-cache.enabled"),
    FILTER(
        "header",
        "without-cookie",
        "exclude",
        "lazy",
        "without-activity",
        "without-activity-headers",
        "cross-site-login",
        "store-empty-sessions",
        "record-client",
        "clear-site-data",
        "expose-token",
        "cookie.name",
        "cookie.path",
        "cookie.domain",
        "cookie.same-site",
        "cookie.partitioned",
        "cookie.insecure-for-local-development",
        "cross-origin.enabled",
        "flood-guard.anonymous-sessions-per-second",
        "flood-guard.burst",
        "flood-guard.trusted-proxies"),
    CROSS_ORIGIN(
        "cross-origin.trusted-origins",
        "cross-origin.public-origins",
        "cross-origin.exempt",
        "cross-origin.strict"),
    SECURITY("security.context", "security.user-max-age", "security.remember-me-parameter"),
    SECURITY_SWITCH("security.enabled"),
    SPRING_SESSION(
        "migration.spring-session.cookie-name",
        "migration.spring-session.cookie-path",
        "migration.spring-session.cookie-domain",
        "migration.spring-session.clear-cookie",
        "migration.spring-session.delete-imported",
        "migration.spring-session.maximum-age"),
    SPRING_SESSION_TABLE(
        "migration.spring-session.table-name", "migration.spring-session.query-timeout"),
    JWT("migration.jwt.maximum-lifetime", "migration.jwt.transport", "migration.jwt.cookie-name"),
    JWT_COOKIE(
        "migration.jwt.cookie-path", "migration.jwt.cookie-domain", "migration.jwt.clear-cookie"),
    JWT_DECODER(
        "migration.jwt.principal-claim", "migration.jwt.type", "migration.jwt.required-claims"),
    CONTAINER_SESSION(
        "migration.container-session.clear-cookie", "migration.container-session.maximum-age"),
    BACK_CHANNEL_LOGOUT(
        "migration.back-channel-logout.maximum-lifetime",
        "migration.back-channel-logout.maximum-id-token-age"),
    MIGRATION_SWITCHES(
        "migration.spring-session.enabled",
        "migration.jwt.enabled",
        "migration.container-session.enabled",
        "migration.back-channel-logout.path");

    @SuppressWarnings("ImmutableEnumChecker") // The list cannot be modified.
    private final List<String> names;

    Part(String... names) {
      this.names = Stream.of(names).map(name -> PREFIX + name).toList();
    }

    List<String> names() {
      return names;
    }
  }

  private final CoatcheckProperties properties;
  private final boolean hasSecurity;
  private final Binder binder;

  IneffectiveProperties(
      CoatcheckProperties properties, Environment environment, @Nullable ClassLoader classes) {
    this.properties = properties;
    hasSecurity =
        ClassUtils.isPresent("org.springframework.security.web.SecurityFilterChain", classes);
    binder = Binder.get(environment);
  }

  /** Refuses properties that another one switches off. */
  void refuseContradictions() {
    if (properties.sessionsPerUser() == null) {
      refuse("without coatcheck.sessions-per-user", PREFIX + "when-full");
    }
    if (properties.lazy()) {
      refuse("with coatcheck.lazy=true, which excludes every path", PREFIX + "exclude");
    }
    if (!properties.crossOrigin().enabled()) {
      refuse("with coatcheck.cross-origin.enabled=false", Part.CROSS_ORIGIN);
    }
    if (!properties.nearCache().enabled()) {
      refuse("with coatcheck.near-cache.enabled=false", Part.NEAR_CACHE);
    }
    if (properties.redis().confirmReplicas() == null) {
      refuse("without coatcheck.redis.confirm-replicas", PREFIX + "redis.confirm-timeout");
    }
    CoatcheckProperties.Security security = properties.security();
    if (!hasSecurity) {
      refuse("without Spring Security", Part.SECURITY);
    } else if (!security.enabled()) {
      refuse("with coatcheck.security.enabled=false", Part.SECURITY);
    } else if (security.context() == CoatcheckProperties.SecurityContextKind.SESSION) {
      refuse("unless coatcheck.security.context is principal", PREFIX + "security.user-max-age");
    }
    refuseWithoutBridge();
  }

  private void refuseWithoutBridge() {
    MigrationProperties migration = properties.migration();
    if (!migration.springSession().enabled()) {
      String condition = "unless coatcheck.migration.spring-session.enabled is true";
      refuse(condition, Part.SPRING_SESSION, Part.SPRING_SESSION_TABLE);
    }
    if (!migration.jwt().enabled()) {
      String condition = "unless coatcheck.migration.jwt.enabled is true";
      refuse(condition, Part.JWT, Part.JWT_COOKIE, Part.JWT_DECODER);
    } else if (migration.jwt().cookieName() == null) {
      refuse("without coatcheck.migration.jwt.cookie-name", Part.JWT_COOKIE);
    }
    if (!migration.containerSession().enabled()) {
      refuse(
          "unless coatcheck.migration.container-session.enabled is true", Part.CONTAINER_SESSION);
    }
    if (migration.backChannelLogout().path() == null) {
      refuse("without coatcheck.migration.back-channel-logout.path", Part.BACK_CHANNEL_LOGOUT);
    }
  }

  /**
   * Refuses the properties of other stores than the one that was found. With {@code
   * coatcheck.store} the application has chosen, and they are for another profile. Those of a store
   * that is unavailable, such as a database in the test of a slice, are logged. So are those of
   * encoded attributes, if memory keeps the objects themselves.
   *
   * @param reason why this store was found
   */
  void refuseOthersThan(
      CoatcheckProperties.StoreKind found, boolean hasDatabase, boolean hasRedis, String reason) {
    if (properties.store() != CoatcheckProperties.StoreKind.AUTO) {
      return;
    }
    String condition = "unless coatcheck.store is set to the store that is meant, since " + reason;
    if (found != CoatcheckProperties.StoreKind.MEMORY) {
      refuse(condition, Part.MEMORY);
    }
    List<Part> absent = new ArrayList<>();
    if (found != CoatcheckProperties.StoreKind.JDBC) {
      refuseIf(hasDatabase, condition, Part.JDBC, absent);
    }
    if (found != CoatcheckProperties.StoreKind.REDIS) {
      refuseIf(hasRedis, condition, Part.REDIS, absent);
    }
    if (found == CoatcheckProperties.StoreKind.MEMORY) {
      refuseIf(hasDatabase || hasRedis, condition, Part.NEAR_CACHE, absent);
      if (!properties.memory().copyOnRead()) {
        absent.add(Part.CODEC);
        absent.add(Part.ENCODED_SIZES);
      }
    }
    warn(reason, absent);
  }

  private void refuseIf(boolean isPresent, String condition, Part part, List<Part> absent) {
    if (isPresent) {
      refuse(condition, part);
    } else {
      absent.add(part);
    }
  }

  /** Names in the log the properties that a bean of the application replaces. */
  void warnOf(String bean, Part... parts) {
    warn("the application has " + bean, List.of(parts));
  }

  private void warn(String reason, List<Part> parts) {
    List<String> set =
        parts.stream().flatMap(part -> part.names().stream()).filter(this::isSet).toList();
    if (!set.isEmpty()) {
      LOG.warn("Properties without effect, since {}: {}", reason, set);
    }
  }

  private void refuse(String condition, Part... parts) {
    refuse(
        condition, Stream.of(parts).flatMap(part -> part.names().stream()).toArray(String[]::new));
  }

  private void refuse(String condition, String... names) {
    List<String> set = Stream.of(names).filter(this::isSet).toList();
    if (!set.isEmpty()) {
      throw new InvalidSettingException(
          String.join(", ", set) + " must not be set " + condition + ": no effect");
    }
  }

  /** An empty text counts as not set, so that a profile can clear what another one sets. */
  private boolean isSet(String name) {
    return binder
        .bind(name, Bindable.listOf(String.class))
        .map(values -> values.stream().anyMatch(value -> !value.isBlank()))
        .orElse(false);
  }
}

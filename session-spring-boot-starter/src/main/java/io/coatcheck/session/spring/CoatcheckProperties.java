package io.coatcheck.session.spring;

import io.coatcheck.session.jdbc.Database;
import io.coatcheck.session.servlet.SessionCookie;
import io.coatcheck.session.servlet.SiteData;
import io.coatcheck.session.store.WhenFull;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.NestedConfigurationProperty;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.convert.DurationUnit;
import org.springframework.util.unit.DataSize;

/**
 * The properties of Coatcheck. One that is not set has the default of the builder that it is passed
 * to. An unknown property fails startup. The timeouts of sessions are in seconds if they have no
 * unit, like those that they replace ({@code server.servlet.session.timeout} and others).
 *
 * @param enabled whether Coatcheck is configured
 * @param store where sessions are kept
 * @param idleTimeout how long an authenticated session may go unused; 30 minutes by default
 * @param absoluteTimeout how long a session lives after its creation or its last login; 12 hours by
 *     default
 * @param anonymousIdleTimeout how long a session without a login may go unused; 15 minutes by
 *     default, or the idle timeout if that is shorter
 * @param rememberedIdleTimeout how long a remembered login may go unused; 14 days by default
 * @param rememberedAbsoluteTimeout how long a remembered login lives in all; 30 days by default
 * @param sessionsPerUser how many live sessions a user may have; no limit by default
 * @param whenFull what a login does if the user has as many sessions as allowed
 * @param touchInterval how far the stored last-seen time may lag; by default 1 minute for a
 *     database, and zero in memory
 * @param cleanUpInterval how often expired sessions are deleted; 1 minute by default
 * @param storeTimeout how long a save keeps trying; 5 seconds by default
 * @param dropAttributesAtLogin whether a login drops what the session held before
 * @param renewInterval the age at which a session gets a new secret; by default only logins renew
 *     it
 * @param endOnReuse whether a session ends if a secret from before a renewal is presented again
 * @param audit whether the events of sessions are logged by the audit logger
 * @param header the request header that carries the token of programs: "Authorization" for a bearer
 *     token, or another name; none by default
 * @param withoutCookie whether tokens are sent in the header only
 * @param exclude paths on which the store is used only if the application asks for the session,
 *     such as "/assets/*"
 * @param lazy whether all paths are treated as excluded
 * @param withoutActivity paths on which requests do not count as activity, such as "/poll"
 * @param withoutActivityHeaders headers that mark a request that does not count as activity
 * @param crossSiteLogin paths on which a request from another site may begin a session, such as
 *     "/login/saml2/*"
 * @param storeEmptySessions whether a session is stored even if nothing is put into it
 * @param recordClient whether a login records the address and the user agent of the client
 * @param clearSiteData what browsers are asked to clear at a logout; nothing by default
 * @param exposeToken whether the application sees the cookie and the header of its own sessions;
 *     unsafe
 * @param attributes what may be stored in sessions
 * @param cookie the session cookie
 * @param crossOrigin which requests of other sites are refused
 * @param floodGuard the limit on anonymous sessions that a client may begin
 * @param memory the store in memory
 * @param jdbc the store in a database
 * @param redis the store in Redis
 * @param nearCache the cache in front of a database or of Redis
 * @param security the bridge to Spring Security
 * @param migration what moves users from other sessions
 */
@ConfigurationProperties(prefix = "coatcheck", ignoreUnknownFields = false)
record CoatcheckProperties(
    @DefaultValue("true") Boolean enabled,
    @DefaultValue("auto") StoreKind store,
    @DurationUnit(ChronoUnit.SECONDS) @Nullable Duration idleTimeout,
    @DurationUnit(ChronoUnit.SECONDS) @Nullable Duration absoluteTimeout,
    @DurationUnit(ChronoUnit.SECONDS) @Nullable Duration anonymousIdleTimeout,
    @DurationUnit(ChronoUnit.SECONDS) @Nullable Duration rememberedIdleTimeout,
    @DurationUnit(ChronoUnit.SECONDS) @Nullable Duration rememberedAbsoluteTimeout,
    @Nullable Integer sessionsPerUser,
    @DefaultValue("evict-oldest") WhenFull whenFull,
    @Nullable Duration touchInterval,
    @Nullable Duration cleanUpInterval,
    @Nullable Duration storeTimeout,
    @DefaultValue("false") Boolean dropAttributesAtLogin,
    @Nullable Duration renewInterval,
    @DefaultValue("false") Boolean endOnReuse,
    @DefaultValue("true") Boolean audit,
    @Nullable String header,
    @DefaultValue("false") Boolean withoutCookie,
    @DefaultValue List<String> exclude,
    @DefaultValue("false") Boolean lazy,
    @DefaultValue List<String> withoutActivity,
    @DefaultValue List<String> withoutActivityHeaders,
    @DefaultValue List<String> crossSiteLogin,
    @DefaultValue("false") Boolean storeEmptySessions,
    @DefaultValue("true") Boolean recordClient,
    @DefaultValue List<SiteData> clearSiteData,
    @DefaultValue("false") Boolean exposeToken,
    @DefaultValue Attributes attributes,
    @DefaultValue Cookie cookie,
    @DefaultValue CrossOrigin crossOrigin,
    @DefaultValue FloodGuard floodGuard,
    @DefaultValue Memory memory,
    @DefaultValue Jdbc jdbc,
    @DefaultValue Redis redis,
    @DefaultValue NearCache nearCache,
    @DefaultValue Security security,
    @NestedConfigurationProperty @DefaultValue MigrationProperties migration) {

  CoatcheckProperties {
    header = orNull(header);
  }

  /** An empty text counts as not set: so a profile clears what another one sets. */
  static @Nullable String orNull(@Nullable String text) {
    return text == null || text.isBlank() ? null : text;
  }

  /** Where sessions are kept. */
  enum StoreKind {
    /**
     * In Redis if {@code coatcheck-redis} is on the class path and Spring Boot has a Lettuce
     * connection; else in a database if there is one {@code DataSource}, or a primary one; else in
     * memory.
     */
    AUTO,
    /** In the Redis that Spring Boot connects to. */
    REDIS,
    /** In the database of the {@code DataSource}. */
    JDBC,
    /** In the memory of this process. */
    MEMORY
  }

  /** When the table of sessions is created. */
  enum CreateSchema {
    /** If the database is H2 in memory, which is always empty at first. */
    EMBEDDED,
    /** If the table or one of its indexes is missing. */
    ALWAYS,
    /** Never; Flyway, Liquibase or a person runs the schema file. */
    NEVER
  }

  /** What a session holds of Spring Security. */
  enum SecurityContextKind {
    /** The whole security context, as Spring Security stores it. */
    SESSION,
    /** Only the user's name; each request gets its user from the UserDetailsService. */
    PRINCIPAL
  }

  /**
   * What may be stored in sessions.
   *
   * @param allow classes and packages of the application, such as "com.example.shop.Cart" or
   *     "com.example.shop.**"
   * @param allowApplication whether the packages of the application are allowed: those of its class
   *     with "@SpringBootApplication", and below
   * @param immutable classes of the application whose objects never change, such as that of its
   *     users; requests share them, and do not compare them with what is stored
   * @param maxAttributeBytes the encoded size of one attribute; 1 MiB by default
   * @param maxSessionBytes the encoded size of all attributes together; 4 MiB by default
   * @param maxAttributes the number of attributes; 1,000 by default
   */
  record Attributes(
      @DefaultValue List<String> allow,
      @DefaultValue("true") Boolean allowApplication,
      @DefaultValue List<String> immutable,
      @Nullable DataSize maxAttributeBytes,
      @Nullable DataSize maxSessionBytes,
      @Nullable Integer maxAttributes) {}

  /**
   * The session cookie.
   *
   * @param name the name of the cookie; "__Host-session" by default
   * @param path the path below which browsers send it; "/" by default
   * @param domain the domain whose hosts all get it; none by default
   * @param sameSite with which requests of other sites browsers send it; "lax" by default
   * @param partitioned whether browsers keep one cookie for each site in the address bar; false by
   *     default
   * @param insecureForLocalDevelopment whether the cookie is sent over plain HTTP, to a host other
   *     than localhost
   */
  record Cookie(
      @Nullable String name,
      @Nullable String path,
      @Nullable String domain,
      SessionCookie.@Nullable SameSite sameSite,
      @Nullable Boolean partitioned,
      @DefaultValue("false") Boolean insecureForLocalDevelopment) {

    Cookie {
      name = orNull(name);
      path = orNull(path);
      domain = orNull(domain);
    }
  }

  /**
   * Which requests of other sites are refused.
   *
   * @param enabled whether requests of other sites are checked
   * @param trustedOrigins origins whose pages may send requests, such as "https://app.example"
   * @param publicOrigins origins of the application itself, if a proxy changes the host
   * @param exempt paths that any site may send requests to, such as "/webhooks/*"
   * @param strict whether a request that does not say where it comes from is refused
   */
  record CrossOrigin(
      @DefaultValue("true") Boolean enabled,
      @DefaultValue List<String> trustedOrigins,
      @DefaultValue List<String> publicOrigins,
      @DefaultValue List<String> exempt,
      @DefaultValue("false") Boolean strict) {}

  /**
   * The limit on anonymous sessions that a client may begin.
   *
   * @param anonymousSessionsPerSecond how many anonymous sessions a client may begin per second; no
   *     limit by default
   * @param burst how many anonymous sessions a client may begin at once; by default as many as per
   *     second
   * @param trustedProxies addresses or networks of proxies whose "X-Forwarded-For" is believed
   */
  record FloodGuard(
      @Nullable Integer anonymousSessionsPerSecond,
      @Nullable Integer burst,
      @DefaultValue List<String> trustedProxies) {}

  /**
   * The store in memory.
   *
   * @param maximumSessions how many sessions the store in memory holds; 1,000,000 by default
   * @param copyOnRead whether values are encoded and copied as a database would: for tests
   */
  record Memory(@Nullable Long maximumSessions, @DefaultValue("false") Boolean copyOnRead) {}

  /**
   * The store in a database.
   *
   * @param tableName the table of sessions; "http_session" by default
   * @param createSchema when the table is created
   * @param database the kind of database, so that the application starts while it cannot be
   *     reached; by default the driver is asked
   * @param queryTimeout the bound of each statement; 5 seconds by default
   * @param cleanUpRows how many rows one transaction of the clean-up deletes; 1,000 by default
   * @param cleanUpBytes how many bytes of attributes the clean-up holds in memory; 16 MiB by
   *     default
   */
  record Jdbc(
      @Nullable String tableName,
      @DefaultValue("embedded") CreateSchema createSchema,
      @Nullable Database database,
      @Nullable Duration queryTimeout,
      @Nullable Integer cleanUpRows,
      @Nullable DataSize cleanUpBytes) {

    Jdbc {
      tableName = orNull(tableName);
    }
  }

  /**
   * The store in Redis, whose address, user, TLS and database are those of "spring.data.redis".
   *
   * @param keyPrefix what all keys begin with; "coatcheck" by default
   * @param commandTimeout the bound of each command; 2 seconds by default
   * @param connectTimeout the bound of each attempt to connect; 2 seconds by default
   * @param changeFeedInterval how often the changes of all nodes are read; 100 milliseconds by
   *     default
   * @param confirmReplicas how many replicas must have a login or a logout before it counts; none
   *     by default
   * @param confirmTimeout how long replicas may take to confirm a login or a logout
   * @param buckets over how many hash tags the sessions are spread, for a cluster; 1 by default
   */
  record Redis(
      @Nullable String keyPrefix,
      @Nullable Duration commandTimeout,
      @Nullable Duration connectTimeout,
      @Nullable Duration changeFeedInterval,
      @Nullable Integer confirmReplicas,
      @DefaultValue("1s") Duration confirmTimeout,
      @Nullable Integer buckets) {

    Redis {
      keyPrefix = orNull(keyPrefix);
    }
  }

  /**
   * The cache in front of a database or of Redis.
   *
   * @param enabled whether a database or Redis has a near cache in front
   * @param maxStaleness how long a copy may admit requests; 1 second by default
   * @param serveStaleOnOutage how much longer a copy may admit requests while the store cannot be
   *     reached; zero by default
   * @param maximumBytes the approximate memory of the copies; 256 MiB by default
   * @param revalidate whether copies in use are compared with the store in batches; true by default
   */
  record NearCache(
      @DefaultValue("true") Boolean enabled,
      @Nullable Duration maxStaleness,
      @Nullable Duration serveStaleOnOutage,
      @Nullable DataSize maximumBytes,
      @Nullable Boolean revalidate) {}

  /**
   * The bridge to Spring Security.
   *
   * @param enabled whether a login of Spring Security logs the session in
   * @param context what the session holds of Spring Security
   * @param userMaxAge with the context "principal", how long a user whom the UserDetailsService has
   *     returned may be used again, at most 5 seconds
   * @param rememberMeParameter the parameter of the login form that asks for a remembered login,
   *     such as "remember-me"; none by default
   */
  record Security(
      @DefaultValue("true") Boolean enabled,
      @DefaultValue("session") SecurityContextKind context,
      @DefaultValue("0s") Duration userMaxAge,
      @Nullable String rememberMeParameter) {

    Security {
      rememberMeParameter = orNull(rememberMeParameter);
    }
  }
}

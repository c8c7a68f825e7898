package io.coatcheck.session.spring;

import static io.coatcheck.session.spring.Starting.assertFails;
import static io.coatcheck.session.spring.Starting.assertStore;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.SessionPolicy;
import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.codec.AttributeCodecException;
import io.coatcheck.session.codec.JavaSerializationCodec;
import io.coatcheck.session.jdbc.JdbcSessionStore;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.token.SessionId;
import java.io.Serializable;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.WebApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Primary;
import org.springframework.jdbc.datasource.DelegatingDataSource;
import org.springframework.jdbc.datasource.LazyConnectionDataSourceProxy;
import org.springframework.jdbc.datasource.TransactionAwareDataSourceProxy;
import org.springframework.jdbc.datasource.lookup.AbstractRoutingDataSource;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;

@DisplayName("The properties of the starter")
@ExtendWith(OutputCaptureExtension.class)
class ConfigurationTest {

  private final WebApplicationContextRunner application =
      new WebApplicationContextRunner()
          .withConfiguration(
              AutoConfigurations.of(
                  CoatcheckAutoConfiguration.class, CoatcheckMigrationAutoConfiguration.class));

  @Configuration
  static class OneDatabase {

    @Bean
    DataSource dataSource() {
      return h2();
    }
  }

  @Configuration
  static class TwoDatabases extends OneDatabase {

    @Bean
    DataSource archive() {
      return h2();
    }
  }

  /** Has one that is only injected by its qualifier, and one behind a proxy of a scope. */
  @Configuration
  static class QualifiedDatabases {

    @Bean(defaultCandidate = false)
    DataSource archive() {
      return h2();
    }

    @Bean(autowireCandidate = false)
    DataSource target() {
      return h2();
    }
  }

  @Configuration
  static class QualifiedAmongOthers extends TwoDatabases {

    @Bean(defaultCandidate = false)
    DataSource reports() {
      return h2();
    }
  }

  @Configuration
  static class PrimaryDatabase extends OneDatabase {

    @Bean
    @Primary
    DataSource archive() {
      return h2();
    }
  }

  /** Has a database for each tenant, as requests set them. */
  @Configuration
  static class RoutedDatabases {

    @Bean
    DataSource dataSource() {
      return routed();
    }
  }

  /** Takes a connection when the first statement is run, by which time the route is known. */
  @Configuration
  static class LateRoutedDatabases {

    @Bean
    DataSource dataSource() {
      return new LazyConnectionDataSourceProxy(routed());
    }
  }

  private static DataSource routed() {
    AbstractRoutingDataSource routed =
        new AbstractRoutingDataSource() {
          @Override
          protected @Nullable Object determineCurrentLookupKey() {
            return null;
          }
        };
    routed.setDefaultTargetDataSource(h2());
    routed.setTargetDataSources(Map.of());
    routed.afterPropertiesSet();
    return routed;
  }

  /** Has a database for which there is no store. */
  @Configuration
  static class OtherDatabase {

    @Bean
    DataSource dataSource() {
      return new DelegatingDataSource(h2()) {
        @Override
        public Connection getConnection() throws SQLException {
          Connection connection = super.getConnection();
          DatabaseMetaData metaData = connection.getMetaData();
          return answering(
              Connection.class,
              connection,
              "getMetaData",
              answering(DatabaseMetaData.class, metaData, "getDatabaseProductName", "Oracle"));
        }
      };
    }

    /** Returns an object whose method of that name has another answer. */
    private static <T> T answering(Class<T> type, T object, String name, Object answer) {
      return type.cast(
          Proxy.newProxyInstance(
              ConfigurationTest.class.getClassLoader(),
              new Class<?>[] {type},
              (proxy, method, arguments) ->
                  method.getName().equals(name) ? answer : method.invoke(object, arguments)));
    }
  }

  /** Gives out the connection of a transaction in progress. */
  @Configuration
  static class TransactionalDatabase {

    @Bean
    DataSource dataSource() {
      return new TransactionAwareDataSourceProxy(h2());
    }
  }

  private static DataSource h2() {
    JdbcDataSource database = new JdbcDataSource();
    database.setURL("jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1");
    return database;
  }

  @Configuration
  static class OwnBeans {

    @Bean
    SessionStore ownStore() {
      return InMemorySessionStore.builder().maximumSessions(7).build();
    }

    @Bean
    AttributeCodec ownCodec() {
      return JavaSerializationCodec.builder().build();
    }

    @Bean
    SessionManagerCustomizer ownSettings() {
      return manager -> manager.storeTimeout(Duration.ofSeconds(9));
    }
  }

  @ParameterizedTest
  @ValueSource(classes = {RoutedDatabases.class, LateRoutedDatabases.class})
  @DisplayName("Databases that are chosen for each call are named in a warning")
  void routedDatabases(Class<?> databases, CapturedOutput output) {
    application
        .withUserConfiguration(databases)
        .run(
            context -> {
              assertThat(context.getBean(SessionStore.class))
                  .isInstanceOf(NearCacheSessionStore.class);
              assertThat(output).contains("The DataSource of the sessions chooses a database");
            });
  }

  /** Not in the packages of an application. */
  private record Foreign(String name) implements Serializable {}

  @Test
  @DisplayName("A refused class is named with the property that allows it")
  void refusedClass() {
    application
        .withPropertyValues("coatcheck.store=memory")
        .run(
            context -> {
              AttributeCodec codec = context.getBean(AttributeCodec.class);
              assertThatThrownBy(() -> codec.encode(new ArrayList<>(List.of(new Foreign("x")))))
                  .isInstanceOf(AttributeCodecException.class)
                  .hasMessageContaining(
                      "is not on the allow-list: add it to coatcheck.attributes.allow: "
                          + Foreign.class.getName())
                  .hasMessageNotContaining("builder()")
                  .extracting(e -> ((AttributeCodecException) e).refusedClass().orElseThrow())
                  .isEqualTo(Foreign.class.getName());
            });
  }

  @Test
  @DisplayName("A class that is declared immutable is not compared")
  void declaredImmutable() {
    application
        .withPropertyValues(
            "coatcheck.store=memory", "coatcheck.attributes.immutable=" + Addresses.class.getName())
        .run(
            context ->
                assertThat(context.getBean(AttributeCodec.class))
                    .returns(true, codec -> codec.isImmutable(new Addresses(List.of("a"))))
                    .returns(false, codec -> codec.isImmutable(new ArrayList<>())));
  }

  private record Addresses(List<String> all) implements Serializable {}

  @ParameterizedTest(name = "{0}={1}")
  @CsvSource(
      delimiter = '|',
      value = {
        "coatcheck.idle-timeout|0s|coatcheck.idle-timeout: ",
        "coatcheck.idle-timeout|13h|coatcheck.idle-timeout: ",
        "coatcheck.absolute-timeout|10m|coatcheck.absolute-timeout: ",
        "coatcheck.anonymous-idle-timeout|1h|coatcheck.anonymous-idle-timeout: ",
        "coatcheck.remembered-idle-timeout|60d|coatcheck.remembered-idle-timeout: ",
        "coatcheck.sessions-per-user|0|coatcheck.sessions-per-user: ",
        "coatcheck.touch-interval|30m|coatcheck.touch-interval: ",
        "coatcheck.clean-up-interval|2d|coatcheck.clean-up-interval: ",
        "coatcheck.store-timeout|1ms|coatcheck.store-timeout: ",
        "coatcheck.renew-interval|1s|coatcheck.renew-interval: ",
        "coatcheck.header|Cookie|coatcheck.header: ",
        "coatcheck.exclude|assets|coatcheck.exclude: ",
        "coatcheck.without-activity|poll|coatcheck.without-activity: ",
        "coatcheck.without-activity-headers|Host|coatcheck.without-activity-headers: ",
        "coatcheck.cross-site-login|acs|coatcheck.cross-site-login: ",
        "coatcheck.without-cookie|true|coatcheck.without-cookie: ",
        "coatcheck.attributes.allow|**|coatcheck.attributes.allow: ",
        "coatcheck.attributes.immutable|com.example.Gone"
            + "|coatcheck.attributes.immutable: cannot load the class com.example.Gone",
        "coatcheck.attributes.immutable|java.util.ArrayList"
            + "|coatcheck.attributes.immutable: immutable takes no class of the JDK",
        "coatcheck.attributes.max-attribute-bytes|1B|coatcheck.attributes.max-attribute-bytes: ",
        "coatcheck.attributes.max-attribute-bytes|5MB|coatcheck.attributes.max-attribute-bytes: ",
        "coatcheck.attributes.max-session-bytes|1B|coatcheck.attributes.max-session-bytes: ",
        "coatcheck.attributes.max-attributes|0|coatcheck.attributes.max-attributes: ",
        "coatcheck.cookie.name|a b|coatcheck.cookie.name: ",
        "coatcheck.cookie.domain|.shop.example|coatcheck.cookie.domain: ",
        "coatcheck.cookie.domain|shop.example|coatcheck.cookie.domain: ",
        "coatcheck.cookie.path|/shop|coatcheck.cookie.path: ",
        "coatcheck.cookie.path|shop|coatcheck.cookie.path: ",
        "coatcheck.cookie.partitioned|true|coatcheck.cookie.partitioned: ",
        "coatcheck.cross-origin.trusted-origins|shop|coatcheck.cross-origin.trusted-origins: ",
        "coatcheck.cross-origin.public-origins|shop|coatcheck.cross-origin.public-origins: ",
        "coatcheck.cross-origin.exempt|hooks|coatcheck.cross-origin.exempt: ",
        "coatcheck.flood-guard.burst|3|coatcheck.flood-guard.burst",
        "coatcheck.flood-guard.anonymous-sessions-per-second|0"
            + "|coatcheck.flood-guard.anonymous-sessions-per-second: ",
        "coatcheck.memory.maximum-sessions|0|coatcheck.memory.maximum-sessions: ",
        "coatcheck.migration.spring-session.enabled|true"
            + "|coatcheck.migration.spring-session.enabled must not be true without a bean",
        "coatcheck.store|jdbc|coatcheck.store: ",
        "coatcheck.store|redis|coatcheck.store",
        "coatcheck.idle-timout|5m|coatcheck.idle-timout",
        "coatcheck.idle-timeout|soon|coatcheck.idle-timeout",
      })
  @DisplayName("fail startup with their name if they are wrong")
  void refused(String property, String value, String message) {
    assertFails(application.withPropertyValues(property + "=" + value), message);
  }

  @ParameterizedTest(name = "{0}={1}")
  @CsvSource({
    "coatcheck.near-cache.max-staleness, 5ms",
    "coatcheck.near-cache.serve-stale-on-outage, 2h",
    "coatcheck.near-cache.maximum-bytes, 1KB",
    "coatcheck.jdbc.table-name, a b",
    "coatcheck.jdbc.query-timeout, 1ms",
    "coatcheck.jdbc.clean-up-rows, 0",
    "coatcheck.jdbc.clean-up-bytes, 0",
    "coatcheck.jdbc.create-schema, never",
  })
  @DisplayName("of the database fail startup with their name if they are wrong")
  void refusedOfDatabase(String property, String value) {
    assertFails(
        application
            .withUserConfiguration(OneDatabase.class)
            .withPropertyValues(property + "=" + value),
        property + ": ");
  }

  @Test
  @DisplayName("reach the policy, the manager, the filter and the store")
  void applied() {
    application
        .withPropertyValues(
            "coatcheck.idle-timeout=20m",
            "coatcheck.absolute-timeout=8h",
            "coatcheck.anonymous-idle-timeout=5m",
            "coatcheck.remembered-idle-timeout=7d",
            "coatcheck.remembered-absolute-timeout=20d",
            "coatcheck.sessions-per-user=3",
            "coatcheck.when-full=refuse-newcomer",
            "coatcheck.cookie.name=__Host-shop",
            "coatcheck.cookie.same-site=strict",
            "coatcheck.header=Authorization",
            "coatcheck.exclude=/assets/*,/health",
            "coatcheck.cross-origin.trusted-origins=https://app.example",
            "coatcheck.flood-guard.anonymous-sessions-per-second=5",
            "coatcheck.flood-guard.burst=50",
            "coatcheck.memory.maximum-sessions=1000")
        .run(
            context ->
                assertThat(context.getBean(SessionManager.class).policy())
                    .isEqualTo(
                        new SessionPolicy(
                            Duration.ofMinutes(20),
                            Duration.ofHours(8),
                            Duration.ofMinutes(5),
                            Duration.ofDays(7),
                            Duration.ofDays(20))));
  }

  @Test
  @DisplayName("of sessions are in seconds without a unit, like those that they replace")
  void secondsWithoutUnit() {
    application
        .withPropertyValues(
            "coatcheck.idle-timeout=1800",
            "coatcheck.absolute-timeout=3600",
            "coatcheck.anonymous-idle-timeout=60",
            "coatcheck.remembered-idle-timeout=86400",
            "coatcheck.remembered-absolute-timeout=172800")
        .run(
            context ->
                assertThat(context.getBean(SessionManager.class).policy())
                    .isEqualTo(
                        new SessionPolicy(
                            Duration.ofMinutes(30),
                            Duration.ofHours(1),
                            Duration.ofMinutes(1),
                            Duration.ofDays(1),
                            Duration.ofDays(2))));
  }

  @Test
  @DisplayName("choose memory if there is no database")
  void memory() {
    assertStore(InMemorySessionStore.class, application);
  }

  @Test
  @DisplayName("choose the database if there is one, with a near cache, and one line says so")
  void oneDatabase(CapturedOutput output) {
    assertStore(NearCacheSessionStore.class, application.withUserConfiguration(OneDatabase.class));
    assertStore(
        JdbcSessionStore.class,
        application
            .withUserConfiguration(OneDatabase.class)
            .withPropertyValues("coatcheck.near-cache.enabled=false"));
    assertStore(
        InMemorySessionStore.class,
        application
            .withUserConfiguration(OneDatabase.class)
            .withPropertyValues("coatcheck.store=memory"));
    assertThat(output.getAll().lines().filter(line -> line.contains("Coatcheck keeps sessions in")))
        .satisfiesExactly(
            line ->
                assertThat(line)
                    .endsWith("the table http_session of the DataSource, with a near cache"),
            line -> assertThat(line).endsWith("the table http_session of the DataSource"),
            line -> assertThat(line).contains("the memory of this process; they end with it ("));
    assertThat(output).doesNotContain("The DataSource of the sessions");
  }

  @Test
  @DisplayName(
      "choose the primary database of several; and none if none is primary, with a warning")
  void severalDatabases(CapturedOutput output) {
    String warning = "Coatcheck keeps no sessions in any of the DataSources [";
    assertStore(
        NearCacheSessionStore.class, application.withUserConfiguration(PrimaryDatabase.class));
    assertStore(
        InMemorySessionStore.class,
        application
            .withUserConfiguration(TwoDatabases.class)
            .withPropertyValues("coatcheck.store=memory"));
    assertThat(output).doesNotContain(warning);
    assertStore(InMemorySessionStore.class, application.withUserConfiguration(TwoDatabases.class));
    assertThat(output).contains(warning);
    assertFails(
        application
            .withUserConfiguration(TwoDatabases.class)
            .withPropertyValues("coatcheck.store=jdbc"),
        "none of the DataSources [");
  }

  @Test
  @DisplayName("count no database that is only injected where it is asked for by name")
  void qualifiedDatabases(CapturedOutput output) {
    for (WebApplicationContextRunner each :
        List.of(
            application.withUserConfiguration(QualifiedDatabases.class),
            application.withParent(parent(QualifiedDatabases.class)))) {
      assertStore(InMemorySessionStore.class, each);
      assertFails(each.withPropertyValues("coatcheck.store=jdbc"), "there is no DataSource");
    }
    assertThat(output).doesNotContain("Coatcheck keeps no sessions in any of the");
    assertStore(
        InMemorySessionStore.class, application.withUserConfiguration(QualifiedAmongOthers.class));
    assertThat(output)
        .contains("Coatcheck keeps no sessions in any of the DataSources [archive, dataSource],");
  }

  @Test
  @DisplayName("see the databases of a parent context, and name them")
  void databasesOfParent(CapturedOutput output) {
    assertStore(NearCacheSessionStore.class, application.withParent(parent(OneDatabase.class)));
    WebApplicationContextRunner several = application.withParent(parent(TwoDatabases.class));
    assertStore(InMemorySessionStore.class, several);
    assertThat(output)
        .contains("Coatcheck keeps no sessions in any of the DataSources [")
        .doesNotContain("there is no DataSource");
    assertFails(several.withPropertyValues("coatcheck.store=jdbc"), "none of the DataSources [");
  }

  private static ApplicationContext parent(Class<?> configuration) {
    return new AnnotationConfigApplicationContext(configuration);
  }

  @Test
  @DisplayName("back off if the application has beans of their types")
  void ownBeans() {
    application
        .withUserConfiguration(OwnBeans.class)
        .run(
            context -> {
              assertThat(context).hasSingleBean(SessionStore.class).hasBean("ownStore");
              assertThat(context).hasSingleBean(AttributeCodec.class).hasBean("ownCodec");
            });
  }

  @ParameterizedTest
  @ValueSource(strings = {"false", "off", "no", "0"})
  @DisplayName("switch everything off")
  void disabled(String value) {
    application
        .withPropertyValues("coatcheck.enabled=" + value)
        .run(context -> assertThat(context).doesNotHaveBean(SessionManager.class));
  }

  @Test
  @DisplayName("are not set if their text is empty, so that a profile clears what another one sets")
  void empty() {
    application
        .withUserConfiguration(OneDatabase.class)
        .withPropertyValues(
            "coatcheck.header=",
            "coatcheck.cookie.name=",
            "coatcheck.cookie.path=",
            "coatcheck.cookie.domain=",
            "coatcheck.cookie.insecure-for-local-development=true",
            "coatcheck.jdbc.table-name=")
        .run(context -> assertThat(context).hasNotFailed());
  }

  @Test
  @DisplayName("have their default if their text is empty")
  void emptyWithADefault() {
    application
        .withUserConfiguration(OneDatabase.class)
        .withPropertyValues("coatcheck.migration.jwt.principal-claim=")
        .run(
            context ->
                assertThat(
                        context
                            .getBean(CoatcheckProperties.class)
                            .migration()
                            .jwt()
                            .principalClaim())
                    .isEqualTo("sub"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"TRUE", "on", "yes", "1"})
  @DisplayName("leave a part on in whichever way they say so")
  void enabled(String value) {
    application
        .withConfiguration(AutoConfigurations.of(CoatcheckSecurityAutoConfiguration.class))
        .withBean(UserDetailsService.class, InMemoryUserDetailsManager::new)
        .withPropertyValues(
            "coatcheck.enabled=" + value,
            "coatcheck.security.enabled=" + value,
            "coatcheck.security.context=Principal")
        .run(
            context ->
                assertThat(context)
                    .hasSingleBean(SessionManager.class)
                    .hasSingleBean(StoredContexts.class)
                    .hasSingleBean(PrincipalContexts.class));
  }

  @ParameterizedTest(name = "\"{0}\"")
  @ValueSource(strings = {"maybe", "2"})
  @DisplayName("that are neither on nor off fail startup with their name")
  void undecided(String value) {
    assertFails(
        application.withPropertyValues("coatcheck.migration.jwt.enabled=" + value),
        "coatcheck.migration.jwt.enabled");
  }

  @Test
  @DisplayName("of the store are named if the database is none that sessions can be kept in")
  void otherDatabase() {
    WebApplicationContextRunner other = application.withUserConfiguration(OtherDatabase.class);
    assertFails(
        other,
        "coatcheck.store: auto, and sessions cannot be kept in the DataSource: dataSource must lead"
            + " to PostgreSQL, MariaDB, MySQL, H2 or SQLite: Oracle. Set it to redis or memory, or"
            + " define a SessionStore bean with another DataSource");
    assertFails(
        other.withPropertyValues("coatcheck.store=jdbc", "coatcheck.jdbc.table-name=visits"),
        "coatcheck.store: jdbc, and sessions cannot be kept in the DataSource");
    assertStore(InMemorySessionStore.class, other.withPropertyValues("coatcheck.store=memory"));
  }

  @Test
  @DisplayName("of the store are named if the DataSource joins the application's transactions")
  void transactionalDataSource() {
    assertFails(
        application
            .withUserConfiguration(TransactionalDatabase.class)
            .withPropertyValues("coatcheck.jdbc.table-name=visits"),
        "coatcheck.store: auto, and sessions cannot be kept in the DataSource: dataSource must not"
            + " join the application's transactions");
  }

  @Test
  @DisplayName("of other sessions are named in a warning if they have no effect")
  void ignored(CapturedOutput output) {
    application
        .withPropertyValues(
            "server.servlet.session.timeout=2h",
            "server.servlet.session.cookie.name=SID",
            "server.servlet.session.persistent=true",
            "spring.session.timeout=1h")
        .run(context -> assertThat(context).hasNotFailed());
    assertThat(output)
        .contains("server.servlet.session.timeout (use coatcheck.idle-timeout)")
        .contains("server.servlet.session.cookie.name (use coatcheck.cookie.name)")
        .contains("server.servlet.session.persistent (no counterpart)")
        .contains("spring.session.timeout (use coatcheck.idle-timeout)");
  }

  @Test
  @DisplayName("of other sessions that are always so here, or not needed, are not called missing")
  void alwaysSo(CapturedOutput output) {
    application
        .withPropertyValues(
            "server.servlet.session.cookie.http-only=true",
            "server.servlet.session.cookie.secure=true",
            "spring.session.jdbc.cleanup-cron=0 * * * * *",
            "spring.session.jdbc.flushMode=immediate",
            "spring.session.redis.namespace=shop",
            "spring.session.data.redis.namespace=shop",
            "spring.session.data.redis.save-mode=always")
        .run(context -> assertThat(context).hasNotFailed());
    assertThat(output)
        .contains("server.servlet.session.cookie.http-only (always true)")
        .contains(
            "server.servlet.session.cookie.secure (always true, unless"
                + " coatcheck.cookie.insecure-for-local-development is)")
        .contains("spring.session.jdbc.cleanup-cron (use coatcheck.clean-up-interval)")
        .contains("spring.session.jdbc.flushMode (changes are stored before the response is sent)")
        .contains("spring.session.redis.namespace (use coatcheck.redis.key-prefix)")
        .contains("spring.session.data.redis.namespace (use coatcheck.redis.key-prefix)")
        .contains(
            "spring.session.data.redis.save-mode (values that were changed in place are stored)");
  }

  @Test
  @DisplayName("close the store with the application")
  void closed() {
    SessionStore[] store = new SessionStore[1];
    application.run(context -> store[0] = context.getBean(SessionStore.class));
    assertThat(store[0]).isNotNull();
    assertThatThrownBy(() -> store[0].find(SessionId.of(1, 2)))
        .isInstanceOf(SessionStoreException.class);
  }

  @ParameterizedTest(name = "\"{0}\"")
  @ValueSource(strings = {"", "shop"})
  @DisplayName("do not allow a package of the application that is too wide, and say so")
  void widePackage(String name, CapturedOutput output) {
    AttributeCodec codec =
        SessionCodec.create(
            new CoatcheckProperties.Attributes(List.of(), true, List.of(), null, null, null),
            List.of(name));
    assertThat(codec.decode(codec.encode("text"))).isEqualTo("text");
    assertThat(output).contains("its package \"" + name + "\" is too wide");
  }
}

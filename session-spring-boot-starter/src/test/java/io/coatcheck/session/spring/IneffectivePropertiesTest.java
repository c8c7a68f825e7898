package io.coatcheck.session.spring;

import static io.coatcheck.session.spring.StartFailure.messagesOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.SessionPolicy;
import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.codec.JavaSerializationCodec;
import io.coatcheck.session.event.AuditListener;
import io.coatcheck.session.event.SessionListener;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.migration.JdbcSpringSessions;
import io.coatcheck.session.migration.JwtExchange;
import io.coatcheck.session.migration.SpringSessionImport;
import io.coatcheck.session.migration.SpringSessions;
import io.coatcheck.session.migration.TokenVerifier;
import io.coatcheck.session.servlet.SessionFilter;
import io.coatcheck.session.spring.IneffectiveProperties.Part;
import io.coatcheck.session.store.SessionStore;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.WebApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

@DisplayName("A property that is set and does nothing")
@ExtendWith(OutputCaptureExtension.class)
class IneffectivePropertiesTest {

  private static final Pattern NAME = Pattern.compile("\"name\": \"(coatcheck\\.[a-z0-9.-]+)\"");

  private final WebApplicationContextRunner application =
      new WebApplicationContextRunner()
          .withConfiguration(AutoConfigurations.of(CoatcheckAutoConfiguration.class));

  @Configuration
  static class Database {

    @Bean
    DataSource dataSource() {
      JdbcDataSource database = new JdbcDataSource();
      database.setURL("jdbc:h2:mem:");
      return database;
    }
  }

  @Configuration
  static class SecondDatabase {

    @Bean
    DataSource secondDataSource() {
      return new Database().dataSource();
    }
  }

  @Configuration
  static class OwnBeans {

    @Bean
    SessionPolicy ownPolicy() {
      return SessionPolicy.builder().build();
    }

    @Bean
    AttributeCodec ownCodec() {
      return JavaSerializationCodec.builder().build();
    }

    @Bean
    SessionStore ownStore() {
      return InMemorySessionStore.builder().build();
    }

    @Bean
    FilterRegistrationBean<SessionFilter> ownFilter(SessionManager manager) {
      return new FilterRegistrationBean<>(SessionFilter.builder(manager).build());
    }
  }

  @Configuration
  static class OwnManager {

    @Bean(destroyMethod = "close")
    SessionManager ownManager() {
      return SessionManager.builder(InMemorySessionStore.builder().build()).build();
    }
  }

  private static SpringSessions oldSessions() {
    return JdbcSpringSessions.builder(new Database().dataSource()).build();
  }

  @Configuration
  static class OwnBridges {

    @Bean
    JwtExchange ownExchange(SessionManager manager) {
      return JwtExchange.builder(manager, token -> Optional.empty()).validIf(token -> true).build();
    }

    @Bean
    SpringSessionImport ownImport(SessionManager manager) {
      return SpringSessionImport.builder(
              manager, oldSessions(), JavaSerializationCodec.builder().build())
          .validIf((user, loginAt) -> true)
          .build();
    }
  }

  @ParameterizedTest(name = "{0}={1}, {2}")
  @CsvSource({
    "coatcheck.when-full, refuse-newcomer, coatcheck.audit=true",
    "coatcheck.when-full, evict-oldest, coatcheck.audit=true",
    "coatcheck.exclude, /assets/*, coatcheck.lazy=true",
    "coatcheck.cross-origin.trusted-origins, https://app.example, coatcheck.cross-origin.enabled=false",
    "coatcheck.cross-origin.trusted-origins[0], https://a.example, coatcheck.cross-origin.enabled=no",
    "coatcheck.cross-origin.public-origins, https://app.example, coatcheck.cross-origin.enabled=false",
    "coatcheck.cross-origin.exempt, /hooks/*, coatcheck.cross-origin.enabled=false",
    "coatcheck.cross-origin.strict, true, coatcheck.cross-origin.enabled=false",
    "coatcheck.near-cache.max-staleness, 2s, coatcheck.near-cache.enabled=false",
    "coatcheck.near-cache.revalidate, false, coatcheck.near-cache.enabled=false",
    "coatcheck.redis.confirm-timeout, 2s, coatcheck.store=memory",
    "coatcheck.security.context, principal, coatcheck.security.enabled=false",
    "coatcheck.security.remember-me-parameter, remember, coatcheck.security.enabled=false",
    "coatcheck.security.userMaxAge, 2s, coatcheck.audit=true",
    "coatcheck.security.user-max-age, 0s, coatcheck.security.context=session",
    "coatcheck.migration.spring-session.table-name, OLD, coatcheck.audit=true",
    "coatcheck.migration.spring-session.cookie-name, JSESSIONID, coatcheck.audit=true",
    "coatcheck.migration.spring-session.delete-imported, true, coatcheck.migration.spring-session.enabled=false",
    "coatcheck.migration.jwt.transport, header, coatcheck.header=X-Session",
    "coatcheck.migration.jwt.principal-claim, email, coatcheck.migration.jwt.enabled=false",
    "coatcheck.migration.jwt.cookie-name, token, coatcheck.migration.jwt.enabled=false",
    "coatcheck.migration.jwt.cookie-path, /api, coatcheck.migration.jwt.enabled=false",
    "coatcheck.migration.container-session.maximum-age, 3d, coatcheck.audit=true",
    "coatcheck.migration.back-channel-logout.maximum-lifetime, 1h, coatcheck.audit=true",
  })
  @DisplayName("because of another property fails startup with its name")
  void contradictions(String property, String value, String other) {
    String name = property.replace("[0]", "").replace("userMaxAge", "user-max-age");
    application
        .withPropertyValues(property + "=" + value, other)
        .run(
            context ->
                assertThat(messagesOf(context.getStartupFailure()))
                    .contains(name + " must not be set ")
                    .contains("no effect"));
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "coatcheck.jdbc.table-name, sessions",
    "coatcheck.redis.key-prefix, shop",
    "coatcheck.near-cache.max-staleness, 2s",
    "coatcheck.attributes.allow, com.example.Cart",
    "coatcheck.attributes.allow-application, false",
    "coatcheck.attributes.immutable, io.coatcheck.session.spring.KnownContextsTest$Member",
    "coatcheck.attributes.max-attribute-bytes, 2MB",
    "coatcheck.attributes.max-session-bytes, 2MB",
  })
  @DisplayName("because nothing of its store is there is named in a warning")
  void absentStore(String property, String value, CapturedOutput output) {
    application
        .withPropertyValues(property + "=" + value, "coatcheck.store=auto")
        .run(context -> assertThat(context).hasNotFailed().hasSingleBean(SessionStore.class));
    assertThat(output)
        .contains("Properties without effect, since sessions are kept in memory: there is no")
        .contains("[" + property + "]");
  }

  @Test
  @DisplayName("is not one of encoded attributes, if memory copies them")
  void copyOnRead(CapturedOutput output) {
    application
        .withPropertyValues(
            "coatcheck.memory.copy-on-read=true",
            "coatcheck.attributes.allow=com.example.Cart",
            "coatcheck.attributes.max-session-bytes=2MB")
        .run(context -> assertThat(context).hasNotFailed());
    assertThat(output).doesNotContain("Properties without effect");
  }

  @Test
  @DisplayName("because of an AuditListener of the application is named in a warning")
  void ownAudit(CapturedOutput output) {
    application
        .withBean(SessionListener.class, AuditListener::new)
        .withPropertyValues("coatcheck.audit=true")
        .run(context -> assertThat(context).hasNotFailed());
    application
        .withPropertyValues("coatcheck.audit=false")
        .run(context -> assertThat(context).hasNotFailed());
    assertThat(output).doesNotContain("Properties without effect");
    application
        .withBean(SessionListener.class, AuditListener::new)
        .withPropertyValues("coatcheck.audit=false")
        .run(context -> assertThat(context).hasNotFailed());
    assertThat(output).contains("has its own AuditListener: [coatcheck.audit]");
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource({"coatcheck.jdbc.table-name, sessions", "coatcheck.near-cache.max-staleness, 2s"})
  @DisplayName("because none of several databases is primary fails startup with its name")
  void severalDatabases(String property, String value) {
    application
        .withUserConfiguration(Database.class, SecondDatabase.class)
        .withPropertyValues(property + "=" + value)
        .run(
            context ->
                assertThat(messagesOf(context.getStartupFailure()))
                    .contains(property + " must not be set unless"));
  }

  @Test
  @DisplayName("of memory fails startup if a database was found")
  void database() {
    application
        .withUserConfiguration(Database.class)
        .withPropertyValues("coatcheck.memory.copy-on-read=true")
        .run(
            context ->
                assertThat(messagesOf(context.getStartupFailure()))
                    .contains("coatcheck.memory.copy-on-read must not be set unless"));
  }

  @Test
  @DisplayName("without Spring Security fails startup")
  void withoutSecurity() {
    application
        .withPropertyValues("coatcheck.security.context=principal")
        .run(
            context -> {
              IneffectiveProperties properties =
                  new IneffectiveProperties(
                      context.getBean(CoatcheckProperties.class),
                      context.getEnvironment(),
                      new FilteredClassLoader("org.springframework.security"));
              assertThatThrownBy(properties::refuseContradictions)
                  .isInstanceOf(InvalidSettingException.class)
                  .hasMessageContaining(
                      "coatcheck.security.context must not be set without Spring Security");
            });
  }

  @Test
  @DisplayName(
      "of another store waits if the store was chosen by its name, and an empty one is none")
  void otherProfile() {
    application
        .withUserConfiguration(Database.class)
        .withPropertyValues(
            "coatcheck.store=memory",
            "coatcheck.jdbc.table-name=sessions",
            "coatcheck.redis.key-prefix=shop",
            "coatcheck.near-cache.max-staleness=2s",
            "coatcheck.cross-origin.enabled=false",
            "coatcheck.cross-origin.trusted-origins=")
        .run(context -> assertThat(context).hasNotFailed());
  }

  @Test
  @DisplayName("because of a bean of the application is named in a warning")
  void ownBeans(CapturedOutput output) {
    application
        .withUserConfiguration(OwnBeans.class)
        .withPropertyValues(
            "coatcheck.idle-timeout=5m",
            "coatcheck.attributes.allow=com.example.Cart",
            "coatcheck.jdbc.table-name=sessions",
            "coatcheck.cookie.same-site=strict",
            "coatcheck.sessions-per-user=3")
        .run(context -> assertThat(context).hasNotFailed());
    assertThat(output)
        .contains("has its own SessionPolicy: [coatcheck.idle-timeout]")
        .contains("has its own AttributeCodec: [coatcheck.attributes.allow]")
        .contains("has its own SessionStore: [coatcheck.jdbc.table-name]")
        .contains("has its own SessionFilter: [coatcheck.cookie.same-site]")
        .doesNotContain("coatcheck.sessions-per-user");
  }

  /** As one that is around another, or of another format. */
  private static final class OtherCodec implements AttributeCodec {

    @Override
    public byte[] encode(Object value) {
      return new byte[0];
    }

    @Override
    public Object decode(byte[] bytes) {
      return "";
    }
  }

  @Test
  @DisplayName("is not the allow-list by which old sessions are decoded, beside such a bean")
  void ownCodecAndImport(CapturedOutput output) {
    WebApplicationContextRunner own =
        application
            .withConfiguration(AutoConfigurations.of(CoatcheckMigrationAutoConfiguration.class))
            .withBean(SpringSessions.class, IneffectivePropertiesTest::oldSessions)
            .withPropertyValues(
                "coatcheck.store=memory",
                "coatcheck.migration.spring-session.enabled=true",
                "coatcheck.attributes.allow=com.example.Cart");
    own.withBean(AttributeCodec.class, OtherCodec::new)
        .run(context -> assertThat(context).hasNotFailed());
    assertThat(output).doesNotContain("[coatcheck.attributes.allow]");
    own.withBean(AttributeCodec.class, () -> JavaSerializationCodec.builder().build())
        .run(context -> assertThat(context).hasNotFailed());
    assertThat(output).contains("[coatcheck.attributes.allow]");
  }

  @Test
  @DisplayName("because of a manager of the application is named in a warning")
  void ownManager(CapturedOutput output) {
    application
        .withUserConfiguration(OwnManager.class, Database.class)
        .withPropertyValues(
            "coatcheck.idle-timeout=5m",
            "coatcheck.sessions-per-user=3",
            "coatcheck.store=jdbc",
            "coatcheck.cookie.same-site=strict")
        .run(context -> assertThat(context).hasNotFailed());
    assertThat(output)
        .contains("its own SessionManager: [coatcheck.idle-timeout, coatcheck.sessions-per-user]")
        .contains("a SessionManager with its own store: [coatcheck.store]")
        .doesNotContain("coatcheck.cookie.same-site");
  }

  @Test
  @DisplayName("because of a verifier, or a bridge, of the application is named in a warning")
  void ownBridges(CapturedOutput output) {
    WebApplicationContextRunner migrating =
        application
            .withConfiguration(AutoConfigurations.of(CoatcheckMigrationAutoConfiguration.class))
            .withPropertyValues(
                "coatcheck.store=memory",
                "coatcheck.security.context=principal",
                "coatcheck.migration.jwt.enabled=true",
                "coatcheck.migration.jwt.principal-claim=email",
                "coatcheck.migration.jwt.maximum-lifetime=2d",
                "coatcheck.migration.spring-session.enabled=true",
                "coatcheck.migration.spring-session.table-name=OLD",
                "coatcheck.migration.spring-session.maximum-age=3d");
    migrating
        .withBean(TokenVerifier.class, () -> token -> Optional.empty())
        .withBean(SpringSessions.class, IneffectivePropertiesTest::oldSessions)
        .run(context -> assertThat(context).hasNotFailed());
    assertThat(output)
        .contains("a bean of type TokenVerifier: [coatcheck.migration.jwt.principal-claim]")
        .contains("of type SpringSessions: [coatcheck.migration.spring-session.table-name]")
        .doesNotContain("maximum-");
    migrating
        .withUserConfiguration(OwnBridges.class)
        .run(context -> assertThat(context).hasNotFailed());
    assertThat(output)
        .contains(
            "its own JwtExchange: [coatcheck.migration.jwt.maximum-lifetime,"
                + " coatcheck.migration.jwt.principal-claim]")
        .contains(
            "its own SpringSessionImport: [coatcheck.migration.spring-session.maximum-age,"
                + " coatcheck.migration.spring-session.table-name]");
  }

  @Test
  @DisplayName("is found whichever it is: each belongs to a part")
  void complete() throws IOException {
    Set<String> known = new TreeSet<>();
    for (Part part : Part.values()) {
      known.addAll(part.names());
    }
    known.add("coatcheck.enabled");
    String metadata;
    try (InputStream in =
        CoatcheckProperties.class.getResourceAsStream(
            "/META-INF/spring-configuration-metadata.json")) {
      assertThat(in).isNotNull();
      metadata = new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
    Set<String> all = new TreeSet<>();
    NAME.matcher(metadata.substring(metadata.indexOf("\"properties\": [")))
        .results()
        .map(match -> match.group(1))
        .forEach(all::add);
    assertThat(known).isEqualTo(all);
  }
}

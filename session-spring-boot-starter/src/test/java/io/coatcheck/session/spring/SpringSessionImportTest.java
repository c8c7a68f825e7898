package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.migration.SpringSessionImport;
import io.coatcheck.session.spring.shop.Shop;
import io.coatcheck.test.clients.Visitor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.WebApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.security.authentication.AbstractAuthenticationToken;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.core.authority.AuthorityUtils;
import org.springframework.security.core.context.SecurityContextImpl;
import org.springframework.security.core.userdetails.User;

@DisplayName("The import from Spring Session by properties")
class SpringSessionImportTest {

  /** Makes the tables of Spring Session. */
  static final String TABLES = "spring.sql.init.schema-locations=classpath:old-session.sql";

  private static final String PREFIX = "coatcheck.migration.spring-session.";

  private final WebApplicationContextRunner application =
      new WebApplicationContextRunner()
          .withConfiguration(
              AutoConfigurations.of(
                  CoatcheckAutoConfiguration.class, CoatcheckMigrationAutoConfiguration.class))
          .withUserConfiguration(OneDatabase.class)
          .withPropertyValues(
              PREFIX + "enabled=true", "spring.session.jdbc.table-name=OLD_SESSION");

  @Configuration
  static class OneDatabase {

    @Bean
    DataSource dataSource() {
      JdbcDataSource database = new JdbcDataSource();
      database.setURL(
          "jdbc:h2:mem:"
              + UUID.randomUUID()
              + ";DB_CLOSE_DELAY=-1;INIT=RUNSCRIPT FROM 'classpath:old-session.sql'");
      return database;
    }
  }

  @Test
  @DisplayName("logs a user of Spring Security in with the old cookie")
  void imports() throws Exception {
    try (Site site =
        Site.start(
            Shop.class,
            ShopFlows.properties(
                "spring.datasource.url=jdbc:h2:mem:old-shop",
                TABLES,
                PREFIX + "enabled=true",
                PREFIX + "table-name=OLD_SESSION",
                PREFIX + "cookie-name=OLD"))) {
      JdbcTemplate jdbc = new JdbcTemplate(site.bean(DataSource.class));
      String id = UUID.randomUUID().toString();
      write(jdbc, id, Map.of("SPRING_SECURITY_CONTEXT", context("ROLE_USER")));
      Visitor visitor = site.visitor();
      visitor.take("OLD", Base64.getEncoder().encodeToString(id.getBytes(StandardCharsets.UTF_8)));
      assertThat(visitor.get("/account").body()).isEqualTo("ann");
      assertThat(visitor.hasCookie("__Host-session")).isTrue();
      visitor.forget("OLD");
      assertThat(visitor.get("/account").body()).isEqualTo("ann");
      assertThat(site.bean(SpringSessionImport.class).counts().accepted()).isEqualTo(1);
    }
  }

  /** A class of the application that its packages do not cover. */
  record OldDetails(String badge) implements Serializable {}

  private static Site startWithOldClass(String... more) {
    List<String> properties =
        new ArrayList<>(
            List.of(
                "spring.datasource.url=jdbc:h2:mem:old-class;DB_CLOSE_DELAY=-1",
                TABLES,
                PREFIX + "enabled=true",
                PREFIX + "table-name=OLD_SESSION"));
    properties.addAll(List.of(more));
    return Site.start(Shop.class, properties.toArray(String[]::new));
  }

  @Test
  @DisplayName("refuses a login that cannot be read, with all that its session holds, until it can")
  void unreadable() throws Exception {
    String id = UUID.randomUUID().toString();
    String cookie = Base64.getEncoder().encodeToString(id.getBytes(StandardCharsets.UTF_8));
    try (Site site = startWithOldClass()) {
      SecurityContextImpl context = context("ROLE_USER");
      ((AbstractAuthenticationToken) context.getAuthentication()).setDetails(new OldDetails("7"));
      write(
          new JdbcTemplate(site.bean(DataSource.class)),
          id,
          Map.of("SPRING_SECURITY_CONTEXT", context, "visits", 41));
      Visitor visitor = site.visitor();
      visitor.take("SESSION", cookie);
      assertThat(visitor.get("/visits").body()).isEqualTo("1");
      assertThat(site.bean(SpringSessionImport.class).counts().refused()).isEqualTo(1);
      assertThat(site.bean(SpringSessionImport.class).counts().accepted()).isZero();
    }
    try (Site site =
        startWithOldClass("coatcheck.attributes.allow=" + OldDetails.class.getName())) {
      Visitor visitor = site.visitor();
      visitor.take("SESSION", cookie);
      assertThat(visitor.get("/account").body()).isEqualTo("ann");
      assertThat(visitor.get("/visits").body()).isEqualTo("42");
      new JdbcTemplate(site.bean(DataSource.class)).execute("SHUTDOWN");
    }
  }

  @Test
  @DisplayName("makes a session in which an administrator acts as a user the administrator's")
  void switchedUser() throws Exception {
    try (Site site =
        Site.start(
            Shop.class,
            ShopFlows.properties(
                "spring.datasource.url=jdbc:h2:mem:old-switched",
                TABLES,
                PREFIX + "enabled=true",
                PREFIX + "table-name=OLD_SESSION",
                PREFIX + "cookie-name=OLD"))) {
      SecurityContextImpl context = context("ROLE_USER");
      context.setAuthentication(BridgesTest.switched(context.getAuthentication()));
      String id = UUID.randomUUID().toString();
      write(
          new JdbcTemplate(site.bean(DataSource.class)),
          id,
          Map.of("SPRING_SECURITY_CONTEXT", context));
      Visitor visitor = site.visitor();
      visitor.take("OLD", Base64.getEncoder().encodeToString(id.getBytes(StandardCharsets.UTF_8)));
      assertThat(visitor.get("/account").body()).isEqualTo("ann");
      assertThat(site.bean(SessionManager.class).sessionsOf("ann")).isEmpty();
      assertThat(site.bean(SessionManager.class).revokeAllOf("root")).isEqualTo(1);
      assertThat(visitor.get("/account").body()).isNotEqualTo("ann");
    }
  }

  @ParameterizedTest(name = "{0}={1}")
  @CsvSource({
    "table-name, a b",
    "query-timeout, 1ms",
    "cookie-name, a b",
    "cookie-path, shop",
    "cookie-domain, shop;example",
    "maximum-age, 0s",
  })
  @DisplayName("fails startup with the name of a property that is wrong")
  void refused(String property, String value) {
    application
        .withPropertyValues(PREFIX + property + "=" + value)
        .run(
            context ->
                assertThat(context.getStartupFailure())
                    .hasStackTraceContaining(PREFIX + property + ": "));
  }

  @Test
  @DisplayName("fails startup if coatcheck-migration is missing")
  void missing() {
    application
        .withClassLoader(new FilteredClassLoader("io.coatcheck.session.migration"))
        .run(
            context ->
                assertThat(context.getStartupFailure())
                    .hasStackTraceContaining(
                        PREFIX + "enabled must not be true without the dependency"));
  }

  @ParameterizedTest(name = "{0}")
  @ValueSource(strings = {PREFIX + "table-name", "spring.session.jdbc.table-name"})
  @DisplayName("fails startup if the tables cannot be read")
  void missingTables(String property) {
    application
        .withPropertyValues(property + "=ELSEWHERE")
        .run(
            context ->
                assertThat(context.getStartupFailure())
                    .hasStackTraceContaining(PREFIX + "table-name: ")
                    .hasStackTraceContaining("ELSEWHERE_ATTRIBUTES"));
  }

  @Test
  @DisplayName("starts without the database where the store of the sessions does")
  void unreachable() {
    WebApplicationContextRunner down =
        new WebApplicationContextRunner()
            .withConfiguration(
                AutoConfigurations.of(
                    CoatcheckAutoConfiguration.class, CoatcheckMigrationAutoConfiguration.class))
            .withBean(
                DataSource.class,
                () -> {
                  JdbcDataSource nowhere = new JdbcDataSource();
                  nowhere.setURL("jdbc:h2:mem:nowhere;IFEXISTS=TRUE");
                  return nowhere;
                })
            .withPropertyValues(PREFIX + "enabled=true", PREFIX + "table-name=OLD_SESSION");
    down.withPropertyValues("coatcheck.jdbc.database=h2")
        .run(context -> assertThat(context).hasSingleBean(SpringSessionImport.class));
    down.withPropertyValues("coatcheck.store=memory")
        .run(
            context ->
                assertThat(context.getStartupFailure())
                    .hasStackTraceContaining(PREFIX + "table-name: "));
  }

  @Test
  @DisplayName("is off by default")
  void off() {
    application
        .withPropertyValues(PREFIX + "enabled=false")
        .run(context -> assertThat(context).doesNotHaveBean(SpringSessionImport.class));
  }

  static SecurityContextImpl context(String... authorities) {
    return new SecurityContextImpl(
        UsernamePasswordAuthenticationToken.authenticated(
            User.withUsername("ann").password("").authorities(authorities).build(),
            null,
            AuthorityUtils.createAuthorityList(authorities)));
  }

  /** Writes what Spring Session does, into the {@link #TABLES}. */
  static void write(JdbcTemplate jdbc, String id, Map<String, Serializable> attributes)
      throws IOException {
    long now = System.currentTimeMillis();
    String primaryId = UUID.randomUUID().toString();
    jdbc.update(
        "INSERT INTO OLD_SESSION VALUES (?, ?, ?, ?, 1800, ?, 'ann')",
        primaryId,
        id,
        now,
        now,
        now + 1_800_000);
    for (Map.Entry<String, Serializable> attribute : attributes.entrySet()) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
        out.writeObject(attribute.getValue());
      }
      jdbc.update(
          "INSERT INTO OLD_SESSION_ATTRIBUTES VALUES (?, ?, ?)",
          primaryId,
          attribute.getKey(),
          bytes.toByteArray());
    }
  }
}

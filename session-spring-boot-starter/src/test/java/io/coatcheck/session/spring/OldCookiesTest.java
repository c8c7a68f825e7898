package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.migration.SpringSessionImport;
import io.coatcheck.session.spring.staff.Staff;
import io.coatcheck.test.clients.Visitor;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import javax.sql.DataSource;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.WebApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.provisioning.UserDetailsManager;

@DisplayName("The cookie of old sessions")
class OldCookiesTest {

  private static final String PREFIX = "coatcheck.migration.spring-session.";
  private static final String SERVER = "server.servlet.session.cookie.";
  private static final String CONTAINER = "coatcheck.migration.container-session.enabled=true";

  private final WebApplicationContextRunner application =
      new WebApplicationContextRunner()
          .withConfiguration(
              AutoConfigurations.of(
                  CoatcheckAutoConfiguration.class, CoatcheckMigrationAutoConfiguration.class))
          .withUserConfiguration(SpringSessionImportTest.OneDatabase.class)
          .withPropertyValues("coatcheck.store=memory");

  private WebApplicationContextRunner importing() {
    return application.withPropertyValues(
        PREFIX + "enabled=true", PREFIX + "table-name=OLD_SESSION");
  }

  @ParameterizedTest(name = "{0}, {1}")
  @CsvSource({
    "coatcheck.cookie.name=SESSION, a=b, coatcheck.migration.spring-session.cookie-name",
    "a=b, coatcheck.migration.spring-session.cookie-name=__Host-session,"
        + " coatcheck.migration.spring-session.cookie-name",
    "coatcheck.cookie.name=shop, server.servlet.session.cookie.name=shop,"
        + " server.servlet.session.cookie.name",
  })
  @DisplayName("of Spring Session has another name than ours, or startup fails")
  void sameNameAsSpringSession(String ours, String old, String property) {
    importing()
        .withPropertyValues(ours, old)
        .run(
            context ->
                assertThat(context.getStartupFailure())
                    .hasStackTraceContaining("coatcheck.cookie.name must not be")
                    .hasStackTraceContaining(property));
  }

  @ParameterizedTest(name = "{0}, {1}")
  @CsvSource({
    "coatcheck.cookie.name=JSESSIONID, a=b",
    "coatcheck.cookie.name=shop, server.servlet.session.cookie.name=shop",
  })
  @DisplayName("of the container has another name than ours, or startup fails")
  void sameNameAsContainer(String ours, String old) {
    application
        .withPropertyValues(CONTAINER, ours, old)
        .run(
            context ->
                assertThat(context.getStartupFailure())
                    .hasStackTraceContaining("coatcheck.cookie.name must not be")
                    .hasStackTraceContaining(SERVER + "name"));
  }

  @Test
  @DisplayName("may have our name where no bridge is on, or that is not its name")
  void otherNames() {
    application
        .withPropertyValues("coatcheck.cookie.name=JSESSIONID")
        .run(context -> assertThat(context).hasNotFailed());
    importing()
        .withPropertyValues(
            "coatcheck.cookie.name=SESSION", PREFIX + "cookie-name=OLD", SERVER + "name=SESSION")
        .run(context -> assertThat(context).hasNotFailed());
  }

  @ParameterizedTest(name = "{0}={1}")
  @CsvSource({"name, a b", "path, shop", "domain, a;b"})
  @DisplayName("is refused by the name of the property that is wrong")
  void wrong(String attribute, String value) {
    importing()
        .withPropertyValues(SERVER + attribute + "=" + value)
        .run(
            context ->
                assertThat(context.getStartupFailure())
                    .hasStackTraceContaining(SERVER + attribute + ": "));
  }

  @Test
  @ExtendWith(OutputCaptureExtension.class)
  @DisplayName("is that of Spring Session's properties, which are not said to have no effect")
  void defaults(CapturedOutput output) throws Exception {
    try (Site site =
        Site.start(
            Staff.class,
            PrincipalFlows.PROPERTY,
            "spring.datasource.url=jdbc:h2:mem:" + UUID.randomUUID(),
            SpringSessionImportTest.TABLES,
            "spring.session.jdbc.table-name=OLD_SESSION",
            SERVER + "name=OLD",
            SERVER + "path=/old",
            SERVER + "same-site=strict",
            PREFIX + "enabled=true")) {
      assertThat(output)
          .contains("coatcheck.cookie.same-site")
          .doesNotContain("coatcheck.cookie.name")
          .doesNotContain("coatcheck.cookie.path")
          .doesNotContain("coatcheck.jdbc.table-name");
      site.bean(UserDetailsManager.class)
          .createUser(User.withUsername("ann").password("{noop}ticket").roles("USER").build());
      String id = UUID.randomUUID().toString();
      SpringSessionImportTest.write(
          new JdbcTemplate(site.bean(DataSource.class)),
          id,
          Map.of("SPRING_SECURITY_CONTEXT", SpringSessionImportTest.context("ROLE_USER")));
      String old = Base64.getEncoder().encodeToString(id.getBytes(StandardCharsets.UTF_8));
      Visitor ann = site.visitor();
      ann.take("OLD", old);
      assertThat(ann.get("/account").body()).isEqualTo("ann");
      assertThat(site.bean(SpringSessionImport.class).counts().accepted()).isEqualTo(1);
      ann.postWithToken(ann.get("/token").body(), "/logout");
      Visitor again = site.visitor();
      again.take("OLD", old);
      List<String> set = again.get("/").headers().allValues("Set-Cookie");
      assertThat(set)
          .filteredOn(cookie -> cookie.startsWith("OLD=;"))
          .singleElement()
          .asString()
          .contains("Path=/old");
    }
  }

  @Test
  @ExtendWith(OutputCaptureExtension.class)
  @DisplayName("of the container is not said to have no effect where its sessions are adopted")
  void containersCookie(CapturedOutput output) {
    application
        .withPropertyValues(
            CONTAINER, SERVER + "name=OLD", "server.servlet.session.persistent=true")
        .run(context -> assertThat(context).hasNotFailed());
    assertThat(output).doesNotContain("Properties without effect on the sessions");
  }
}

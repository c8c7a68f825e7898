package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.jdbc.JdbcSessionStore;
import io.coatcheck.session.spring.shop.Shop;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A store finds the table that the application has created by")
class SchemaToolsTest {

  private static Site start(Class<?> store, String... more) {
    List<String> properties = new ArrayList<>(List.of(more));
    properties.add("spring.datasource.url=jdbc:h2:mem:" + UUID.randomUUID());
    properties.add("coatcheck.jdbc.create-schema=never");
    return Site.start(List.of(Shop.class, store), properties.toArray(String[]::new));
  }

  @ParameterizedTest(name = "{0}")
  @ValueSource(classes = {StarterTest.Configured.class, StarterTest.OwnStore.class})
  @DisplayName("Flyway")
  void flyway(Class<?> store, @TempDir Path migrations) throws Exception {
    try (InputStream schema = JdbcSessionStore.class.getResourceAsStream("/schema/h2.sql")) {
      Files.copy(Objects.requireNonNull(schema), migrations.resolve("V7__coatcheck_1.sql"));
    }
    try (Site site =
        start(store, "test.flyway=true", "spring.flyway.locations=filesystem:" + migrations)) {
      assertThat(site.visitor().get("/visits").body()).isEqualTo("1");
    }
  }

  @ParameterizedTest(name = "{0}")
  @ValueSource(classes = {StarterTest.Configured.class, StarterTest.OwnStore.class})
  @DisplayName("Liquibase")
  void liquibase(Class<?> store) throws Exception {
    try (Site site =
        start(
            store,
            "test.liquibase=true",
            "spring.liquibase.change-log=classpath:changelog.xml",
            "spring.liquibase.analytics-enabled=false")) {
      assertThat(site.visitor().get("/visits").body()).isEqualTo("1");
    }
  }
}

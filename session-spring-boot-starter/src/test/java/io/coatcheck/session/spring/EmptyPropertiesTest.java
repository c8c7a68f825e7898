package io.coatcheck.session.spring;

import static io.coatcheck.session.spring.Starting.assertFails;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.WebApplicationContextRunner;
import org.springframework.core.env.MapPropertySource;

@DisplayName("A property whose text is empty")
class EmptyPropertiesTest {

  private static final Pattern PROPERTY =
      Pattern.compile("\"name\": \"(coatcheck\\.[a-z0-9.-]+)\"");

  private final WebApplicationContextRunner application =
      new WebApplicationContextRunner()
          .withConfiguration(
              AutoConfigurations.of(
                  CoatcheckAutoConfiguration.class, CoatcheckMigrationAutoConfiguration.class));

  @ParameterizedTest(name = "\"{0}\"")
  @ValueSource(strings = {"", "${absent:}"})
  @DisplayName("counts as not set, whatever the property")
  void empty(String text) throws IOException {
    Set<String> names = names();
    assertThat(names).hasSizeGreaterThan(80);
    application.run(
        untouched ->
            application
                .withPropertyValues(
                    names.stream().map(name -> name + "=" + text).toArray(String[]::new))
                .run(
                    context ->
                        assertThat(context)
                            .hasNotFailed()
                            .getBean(CoatcheckProperties.class)
                            .isEqualTo(untouched.getBean(CoatcheckProperties.class))));
  }

  @Test
  @DisplayName("clears what another source sets")
  void cleared() {
    application
        .withPropertyValues("coatcheck.store=memory", "coatcheck.sessions-per-user=3")
        .withPropertyValues("coatcheck.when-full=refuse-newcomer")
        .withInitializer(
            context ->
                context
                    .getEnvironment()
                    .getPropertySources()
                    .addFirst(
                        new MapPropertySource(
                            "profile",
                            Map.of(
                                "coatcheck.sessionsPerUser", "",
                                "coatcheck.when-full", "",
                                "coatcheck.store", ""))))
        .run(
            context ->
                assertThat(context)
                    .hasNotFailed()
                    .getBean(CoatcheckProperties.class)
                    .satisfies(
                        properties -> assertThat(properties.sessionsPerUser()).isNull(),
                        properties ->
                            assertThat(properties.store())
                                .isEqualTo(CoatcheckProperties.StoreKind.AUTO)));
  }

  @Test
  @DisplayName("fails startup like another text if its name is unknown, and is the only one named")
  void unknown() {
    String[] values = {"coatcheck.idle-timout=", "coatcheck.idle-timeout="};
    assertFails(application.withPropertyValues(values), "[coatcheck.idle-timout]");
    assertFails(application.withPropertyValues("coatcheck.cookie.nam="), "[coatcheck.cookie.nam]");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "exclude=/a,,/b",
        "clear-site-data=cache,,cookies",
        "cross-origin.trusted-origins=https://app.example,${absent:}"
      })
  @DisplayName("fails startup as one element of a list")
  void element(String setting) {
    String name = "coatcheck." + setting.substring(0, setting.indexOf('='));
    assertFails(application.withPropertyValues("coatcheck." + setting), name);
  }

  private static Set<String> names() throws IOException {
    try (InputStream in =
        CoatcheckProperties.class.getResourceAsStream(
            "/META-INF/spring-configuration-metadata.json")) {
      assertThat(in).isNotNull();
      String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      Set<String> names = new TreeSet<>();
      PROPERTY
          .matcher(text.substring(text.indexOf("\"properties\": [")))
          .results()
          .forEach(match -> names.add(match.group(1)));
      return names;
    }
  }
}

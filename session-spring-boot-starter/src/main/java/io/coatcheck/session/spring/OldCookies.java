package io.coatcheck.session.spring;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.core.env.Environment;

/** The cookies of the sessions from before the move, as the properties name them. */
final class OldCookies {

  /**
   * The prefix of the server's cookie properties, which Spring Boot passes to Spring Session too.
   */
  static final String SERVER = "server.servlet.session.cookie.";

  private static final String SPRING_SESSION = "coatcheck.migration.spring-session.cookie-name";

  private static final String TOKENS = "coatcheck.migration.jwt.cookie-name";

  private final MigrationProperties migration;
  private final Binder binder;

  OldCookies(MigrationProperties migration, Environment environment) {
    this.migration = migration;
    this.binder = Binder.get(environment);
  }

  /**
   * Returns a property of the server's cookie, such as {@code path}; null if it is not set. An
   * empty text counts as not set.
   */
  @Nullable String ofServer(String attribute) {
    String value = binder.bind(SERVER + attribute, String.class).orElse("");
    return value.isBlank() ? null : value;
  }

  /**
   * Refuses the name of an old cookie as that of Coatcheck's cookie: a request that presents this
   * cookie has nothing to import.
   *
   * @param imports whether an import from Spring Session has these properties
   */
  void refuse(String ours, boolean imports) {
    String server = ofServer("name");
    if (imports) {
      String own = migration.springSession().cookieName();
      if (own == null && server != null) {
        refuse(ours, server, SERVER + "name", "SESSION");
      } else {
        refuse(ours, own, SPRING_SESSION, "SESSION");
      }
    }
    if (migration.containerSession().enabled()) {
      refuse(ours, server, SERVER + "name", "JSESSIONID");
    }
    String tokens = migration.jwt().cookieName();
    if (tokens != null) {
      refuse(ours, tokens, TOKENS, tokens);
    }
  }

  private static void refuse(
      String ours, @Nullable String name, String property, String defaultName) {
    if (ours.equals(name == null ? defaultName : name)) {
      throw new InvalidSettingException(
          "coatcheck.cookie.name must not be the name of the old cookie, which is that of "
              + property
              + ", since no old session could be moved: "
              + ours);
    }
  }
}

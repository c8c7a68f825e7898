package io.coatcheck.session.spring;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.codec.JavaSerializationCodec;
import io.coatcheck.session.migration.JdbcSpringSessions;
import io.coatcheck.session.migration.SpringSessionImport;
import io.coatcheck.session.migration.SpringSessions;
import io.coatcheck.session.store.SessionStoreException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.core.env.Environment;

/** Passes the properties of the import from Spring Session to its builders. */
final class ImportFactory {

  /** The property of Spring Session that is used where there is none of the import. */
  static final String FORMER_TABLE = "spring.session.jdbc.table-name";

  private static final String PREFIX = "coatcheck.migration.spring-session.";

  private static final Logger LOG = LoggerFactory.getLogger(ImportFactory.class);

  private final CoatcheckProperties all;
  private final MigrationProperties.SpringSession properties;
  private final Environment environment;
  private final OldCookies cookies;

  ImportFactory(CoatcheckProperties all, Environment environment) {
    this.all = all;
    this.properties = all.migration().springSession();
    this.environment = environment;
    this.cookies = new OldCookies(all.migration(), environment);
  }

  SpringSessions ofDatabase(@Nullable DataSource database) {
    if (database == null) {
      throw new InvalidSettingException(
          PREFIX
              + "enabled must not be true without a bean of type SpringSessions, or one DataSource,"
              + " or a primary one: true");
    }
    JdbcSpringSessions.Builder tables = JdbcSpringSessions.builder(database);
    String former = properties.tableName() == null ? formerTable() : null;
    new Settings("spring.session.jdbc.").set("tableName", former, tables::tableName);
    JdbcSpringSessions sessions =
        new Settings(PREFIX)
            .set("tableName", properties.tableName(), tables::tableName)
            .set("queryTimeout", properties.queryTimeout(), tables::queryTimeout)
            .build(tables::build);
    check(sessions, database);
    return sessions;
  }

  private @Nullable String formerTable() {
    String name = Binder.get(environment).bind(FORMER_TABLE, String.class).orElse("");
    return name.isBlank() ? null : name;
  }

  /** Fails as the store does: not where it may start while the database cannot be reached. */
  private void check(JdbcSpringSessions sessions, DataSource database) {
    try {
      sessions.checkTables();
    } catch (SessionStoreException e) {
      if (all.jdbc().database() == null || isReachable(database)) {
        throw new InvalidSettingException(
            List.of(PREFIX + "table-name"),
            "no session can be imported: "
                + e.getMessage()
                + ". Set it to the table of Spring Session, declare a bean of type SpringSessions"
                + " for another database, or set "
                + PREFIX
                + "enabled to false if the old sessions are gone",
            e);
      }
      LOG.warn(
          "The tables of Spring Session could not be checked, and may be missing: {}",
          e.getMessage());
    }
  }

  private static boolean isReachable(DataSource database) {
    try (Connection connection = database.getConnection()) {
      return connection != null;
    } catch (SQLException e) {
      LOG.debug("The database of Spring Session cannot be reached", e);
      return false;
    }
  }

  SpringSessionImport create(
      SessionManager manager,
      SpringSessions sessions,
      JavaSerializationCodec codec,
      @Nullable FormerLoginCheck check,
      @Nullable MovedUsers users) {
    SpringSessionImport.Builder bridge =
        SpringSessionImport.builder(manager, sessions, codec)
            .attributes(BridgeFactory.attributes(all))
            .validIf(BridgeFactory.checkOf(check, users, PREFIX + "enabled")::isValid)
            .clearCookie(properties.clearCookie())
            .deleteImported(properties.deleteImported());
    if (users != null) {
      bridge.principal(
          attributes -> users.loggedInBy(attributes.get(BridgeFactory.SECURITY_CONTEXT)));
    }
    Settings server = new Settings(OldCookies.SERVER);
    if (properties.cookieName() == null) {
      server.set("name", cookies.ofServer("name"), bridge::cookieName);
    }
    if (properties.cookiePath() == null) {
      server.set("path", cookies.ofServer("path"), bridge::cookiePath);
    }
    if (properties.cookieDomain() == null) {
      server.set("domain", cookies.ofServer("domain"), bridge::cookieDomain);
    }
    return new Settings(PREFIX)
        .set("cookieName", properties.cookieName(), bridge::cookieName)
        .set("cookiePath", properties.cookiePath(), bridge::cookiePath)
        .set("cookieDomain", properties.cookieDomain(), bridge::cookieDomain)
        .set("maximumAge", properties.maximumAge(), bridge::maximumAge)
        .build(bridge::build);
  }
}

package io.coatcheck.session.spring;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.codec.JavaSerializationCodec;
import io.coatcheck.session.migration.JdbcSpringSessions;
import io.coatcheck.session.migration.SpringSessionImport;
import io.coatcheck.session.migration.SpringSessions;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Passes the properties of the import from Spring Session to its builders. */
final class ImportFactory {

  private static final String PREFIX = "coatcheck.migration.spring-session.";

  private final CoatcheckProperties all;
  private final CoatcheckProperties.SpringSession properties;

  ImportFactory(CoatcheckProperties all) {
    this.all = all;
    this.properties = all.migration().springSession();
  }

  SpringSessions ofDatabase(@Nullable DataSource database) {
    if (database == null) {
      throw new InvalidSettingException(
          PREFIX
              + "enabled must not be true without a bean of type SpringSessions, or one DataSource,"
              + " or a primary one: true");
    }
    JdbcSpringSessions.Builder tables = JdbcSpringSessions.builder(database);
    return new Settings(PREFIX)
        .set("tableName", properties.tableName(), tables::tableName)
        .set("queryTimeout", properties.queryTimeout(), tables::queryTimeout)
        .build(tables::build);
  }

  SpringSessionImport create(
      SessionManager manager,
      SpringSessions sessions,
      JavaSerializationCodec codec,
      @Nullable FormerLoginCheck check,
      @Nullable MovedUsers users,
      boolean hasSecurity) {
    SpringSessionImport.Builder bridge =
        SpringSessionImport.builder(manager, sessions, codec)
            .attributes(BridgeFactory.attributes(all))
            .validIf(BridgeFactory.checkOf(check, users, PREFIX + "enabled")::isValid)
            .clearCookie(properties.clearCookie())
            .deleteImported(properties.deleteImported());
    if (users != null) {
      bridge.principal(
          attributes -> users.loggedInBy(attributes.get(BridgeFactory.SECURITY_CONTEXT)));
    } else if (hasSecurity) {
      bridge.principal(ContextUsers::ofImported);
    }
    return new Settings(PREFIX)
        .set("cookieName", properties.cookieName(), bridge::cookieName)
        .set("cookiePath", properties.cookiePath(), bridge::cookiePath)
        .set("cookieDomain", properties.cookieDomain(), bridge::cookieDomain)
        .set("maximumAge", properties.maximumAge(), bridge::maximumAge)
        .build(bridge::build);
  }
}

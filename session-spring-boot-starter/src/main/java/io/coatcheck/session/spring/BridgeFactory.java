package io.coatcheck.session.spring;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.migration.BackChannelLogout;
import io.coatcheck.session.migration.ContainerSessionAdoption;
import io.coatcheck.session.migration.JwtExchange;
import io.coatcheck.session.migration.LogoutTokenVerifier;
import io.coatcheck.session.migration.TokenVerifier;
import io.coatcheck.session.servlet.SessionTransport;
import jakarta.servlet.http.HttpSession;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Passes the properties of the bridges, but the import from Spring Session, to their builders. */
final class BridgeFactory {

  static final String PREFIX = "coatcheck.migration.";
  private static final String JWT = PREFIX + "jwt.";
  private static final String CONTAINER = PREFIX + "container-session.";
  private static final String LOGOUT = PREFIX + "back-channel-logout.";

  /** The attribute of Spring Security, which may be absent. */
  static final String SECURITY_CONTEXT = "SPRING_SECURITY_CONTEXT";

  private static final Logger LOG = LoggerFactory.getLogger(BridgeFactory.class);

  private final CoatcheckProperties properties;

  BridgeFactory(CoatcheckProperties properties) {
    this.properties = properties;
  }

  /**
   * Returns the application's check; without one, a check that accepts all, and says so. In both
   * cases, a user whom the next request would not find is refused.
   *
   * @param users null where the session keeps more than the user's name
   */
  static FormerLoginCheck checkOf(
      @Nullable FormerLoginCheck own, @Nullable MovedUsers users, String bridge) {
    FormerLoginCheck check = own == null ? everyLogin(bridge) : own;
    return users == null
        ? check
        : (user, loginAt) -> users.isKnown(user) && check.isValid(user, loginAt);
  }

  /** Returns which attributes are kept: no security context where the session keeps a name. */
  static Predicate<String> attributes(CoatcheckProperties properties) {
    return properties.security().context() == CoatcheckProperties.SecurityContextKind.PRINCIPAL
        ? name -> !name.equals(SECURITY_CONTEXT)
        : name -> true;
  }

  private static FormerLoginCheck everyLogin(String bridge) {
    LOG.info(
        "There is no bean of type FormerLoginCheck, so {} also moves users who were signed out"
            + " everywhere after they had logged in to the old application",
        bridge);
    return (user, loginAt) -> true;
  }

  /**
   * Creates the exchange.
   *
   * @param hasSecurity whether Spring Security decides who is logged in
   */
  JwtExchange exchange(
      SessionManager manager,
      @Nullable TokenVerifier verifier,
      @Nullable FormerLoginCheck check,
      @Nullable MovedUsers users,
      boolean hasSecurity) {
    if (verifier == null) {
      throw new InvalidSettingException(
          JWT
              + "enabled must not be true without a bean of type TokenVerifier, or one JwtDecoder,"
              + " or a primary one: true");
    }
    CoatcheckProperties.SecurityContextKind context = properties.security().context();
    if (hasSecurity
        && properties.security().enabled()
        && context != CoatcheckProperties.SecurityContextKind.PRINCIPAL) {
      throw new InvalidSettingException(
          JWT
              + "enabled must not be true unless coatcheck.security.context is principal: a token"
              + " has no security context, so Spring Security would not know the user");
    }
    MigrationProperties.Jwt jwt = properties.migration().jwt();
    if (jwt.transport() == SessionTransport.HEADER && properties.header() == null) {
      throw new InvalidSettingException(
          JWT + "transport must not be header without coatcheck.header: header");
    }
    if (jwt.transport() == SessionTransport.COOKIE && properties.withoutCookie()) {
      throw new InvalidSettingException(
          JWT + "transport must not be cookie with coatcheck.without-cookie: cookie");
    }
    if (jwt.cookieName() != null && properties.withoutCookie()) {
      throw new InvalidSettingException(
          JWT
              + "cookie-name must not be set with coatcheck.without-cookie, since a browser keeps no"
              + " session without its cookie: "
              + jwt.cookieName());
    }
    FormerLoginCheck logins = checkOf(check, users, JWT + "enabled");
    JwtExchange.Builder bridge =
        JwtExchange.builder(manager, verifier)
            .clearCookie(jwt.clearCookie())
            .validIf(token -> logins.isValid(token.principal(), token.issuedAt()));
    return new Settings(JWT)
        .set("maximumLifetime", jwt.maximumLifetime(), bridge::maximumLifetime)
        .set("transport", jwt.transport(), bridge::transport)
        .set("cookieName", jwt.cookieName(), bridge::cookieName)
        .set("cookiePath", jwt.cookiePath(), bridge::cookiePath)
        .set("cookieDomain", jwt.cookieDomain(), bridge::cookieDomain)
        .build(bridge::build);
  }

  ContainerSessionAdoption adoption(
      SessionManager manager,
      @Nullable Function<HttpSession, Optional<String>> userOf,
      @Nullable FormerLoginCheck check,
      @Nullable MovedUsers users) {
    if (userOf == null) {
      throw new InvalidSettingException(
          CONTAINER
              + "enabled must not be true without Spring Security, or a bean of type"
              + " Function<HttpSession, Optional<String>> that returns the user of a session: true");
    }
    MigrationProperties.ContainerSession settings = properties.migration().containerSession();
    ContainerSessionAdoption.Builder bridge =
        ContainerSessionAdoption.builder(manager, userOf)
            .attributes(attributes(properties))
            .validIf(checkOf(check, users, CONTAINER + "enabled")::isValid)
            .clearCookie(settings.clearCookie());
    return new Settings(CONTAINER)
        .set("maximumAge", settings.maximumAge(), bridge::maximumAge)
        .build(bridge::build);
  }

  BackChannelLogout logout(SessionManager manager, @Nullable LogoutTokenVerifier verifier) {
    MigrationProperties.BackChannelLogout settings = properties.migration().backChannelLogout();
    if (verifier == null) {
      throw new InvalidSettingException(
          LOGOUT
              + "path must not be set without a bean of type LogoutTokenVerifier: "
              + settings.path());
    }
    BackChannelLogout.Builder endpoint = BackChannelLogout.builder(manager, verifier);
    return new Settings(LOGOUT)
        .set("maximumLifetime", settings.maximumLifetime(), endpoint::maximumLifetime)
        .set("maximumIdTokenAge", settings.maximumIdTokenAge(), endpoint::maximumIdTokenAge)
        .build(endpoint::build);
  }

  /** Returns the path of the endpoint. */
  String logoutPath() {
    String path = String.valueOf(properties.migration().backChannelLogout().path());
    if (!path.startsWith("/") || path.length() < 2 || path.indexOf('*') >= 0) {
      throw new InvalidSettingException(
          LOGOUT + "path must begin with / and be the path of one page: " + path);
    }
    return path;
  }
}

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
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Passes the properties of the bridges, but the import from Spring Session, to their builders. */
final class BridgeFactory {

  static final String PREFIX = "coatcheck.migration.";
  private static final String JWT = PREFIX + "jwt.";
  private static final String CONTAINER = PREFIX + "container-session.";
  private static final String LOGOUT = PREFIX + "back-channel-logout.";

  private static final Logger LOG = LoggerFactory.getLogger(BridgeFactory.class);

  private final CoatcheckProperties properties;

  BridgeFactory(CoatcheckProperties properties) {
    this.properties = properties;
  }

  /** Returns the application's check; without one, a check that accepts all, and says so. */
  static FormerLoginCheck checkOf(@Nullable FormerLoginCheck own, String bridge) {
    if (own != null) {
      return own;
    }
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
    CoatcheckProperties.Jwt jwt = properties.migration().jwt();
    if (jwt.transport() == SessionTransport.HEADER && properties.header() == null) {
      throw new InvalidSettingException(
          JWT + "transport must not be header without coatcheck.header: header");
    }
    if (jwt.transport() == SessionTransport.COOKIE && properties.withoutCookie()) {
      throw new InvalidSettingException(
          JWT + "transport must not be cookie with coatcheck.without-cookie: cookie");
    }
    FormerLoginCheck logins = checkOf(check, JWT + "enabled");
    JwtExchange.Builder bridge =
        JwtExchange.builder(manager, verifier)
            .validIf(token -> logins.isValid(token.principal(), token.issuedAt()));
    return new Settings(JWT)
        .set("maximumLifetime", jwt.maximumLifetime(), bridge::maximumLifetime)
        .set("transport", jwt.transport(), bridge::transport)
        .build(bridge::build);
  }

  ContainerSessionAdoption adoption(
      SessionManager manager,
      @Nullable Function<HttpSession, Optional<String>> users,
      @Nullable FormerLoginCheck check) {
    if (users == null) {
      throw new InvalidSettingException(
          CONTAINER
              + "enabled must not be true without Spring Security, or a bean of type"
              + " Function<HttpSession, Optional<String>> that returns the user of a session: true");
    }
    CoatcheckProperties.ContainerSession settings = properties.migration().containerSession();
    ContainerSessionAdoption.Builder bridge =
        ContainerSessionAdoption.builder(manager, users)
            .validIf(checkOf(check, CONTAINER + "enabled")::isValid)
            .clearCookie(settings.clearCookie());
    return new Settings(CONTAINER)
        .set("maximumAge", settings.maximumAge(), bridge::maximumAge)
        .build(bridge::build);
  }

  BackChannelLogout logout(SessionManager manager, @Nullable LogoutTokenVerifier verifier) {
    CoatcheckProperties.BackChannelLogout settings = properties.migration().backChannelLogout();
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

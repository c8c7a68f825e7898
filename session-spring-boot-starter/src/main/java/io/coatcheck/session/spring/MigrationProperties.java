package io.coatcheck.session.spring;

import static io.coatcheck.session.spring.CoatcheckProperties.orNull;

import io.coatcheck.session.servlet.SessionTransport;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What moves users from other sessions.
 *
 * @param springSession the import from Spring Session
 * @param jwt the exchange of JSON Web Tokens
 * @param containerSession the adoption of the container's sessions
 * @param backChannelLogout the endpoint for logouts at an identity provider
 */
record MigrationProperties(
    @DefaultValue SpringSession springSession,
    @DefaultValue Jwt jwt,
    @DefaultValue ContainerSession containerSession,
    @DefaultValue BackChannelLogout backChannelLogout) {

  /**
   * The exchange of JSON Web Tokens that the application issued before it moved to sessions.
   *
   * @param enabled whether tokens are exchanged for sessions
   * @param principalClaim the claim that has the user's name, where a JwtDecoder verifies the
   *     tokens
   * @param type where a JwtDecoder verifies the tokens, the type that the header of each must have,
   *     such as "at+jwt"; any by default
   * @param requiredClaims where a JwtDecoder verifies the tokens, what each must have, such as
   *     "aud=shop" or "token_type=access"; nothing by default
   * @param maximumLifetime how far in the future a token may expire; 400 days by default
   * @param transport whether the session's token is sent as a cookie or in a header; as the request
   *     chose by default
   * @param cookieName the name of a cookie that may carry tokens, in addition to the header; none
   *     by default
   * @param cookiePath the path of the cookie that may carry tokens; "/" by default
   * @param cookieDomain the domain of the cookie that may carry tokens; none by default
   * @param clearCookie whether the cookie that may carry tokens is deleted when its token was
   *     exchanged
   */
  record Jwt(
      @DefaultValue("false") Boolean enabled,
      @DefaultValue("sub") String principalClaim,
      @Nullable String type,
      @DefaultValue List<String> requiredClaims,
      @Nullable Duration maximumLifetime,
      @Nullable SessionTransport transport,
      @Nullable String cookieName,
      @Nullable String cookiePath,
      @Nullable String cookieDomain,
      @DefaultValue("true") Boolean clearCookie) {

    Jwt {
      principalClaim = principalClaim.isBlank() ? "sub" : principalClaim;
      type = orNull(type);
      cookieName = orNull(cookieName);
      cookiePath = orNull(cookiePath);
      cookieDomain = orNull(cookieDomain);
    }
  }

  /**
   * The adoption of the container's sessions.
   *
   * @param enabled whether sessions of the container are adopted
   * @param clearCookie whether the container's cookie is deleted a minute after the adoption
   * @param maximumAge how long ago a session may have been created; 30 days by default
   */
  record ContainerSession(
      @DefaultValue("false") Boolean enabled,
      @DefaultValue("true") Boolean clearCookie,
      @Nullable Duration maximumAge) {}

  /**
   * The endpoint to which an identity provider posts logout tokens.
   *
   * @param path the path to which an identity provider posts logout tokens, such as
   *     "/logout/provider"; none by default, and then there is no endpoint
   * @param maximumLifetime how long a logout token may be valid; 1 day by default
   * @param maximumIdTokenAge how old the ID token of a login may be; 1 hour by default
   */
  record BackChannelLogout(
      @Nullable String path,
      @Nullable Duration maximumLifetime,
      @Nullable Duration maximumIdTokenAge) {

    BackChannelLogout {
      path = orNull(path);
    }
  }

  /**
   * The import from Spring Session.
   *
   * @param enabled whether sessions of Spring Session are imported
   * @param tableName the table of Spring Session; by default that of
   *     "spring.session.jdbc.table-name", or "SPRING_SESSION"
   * @param queryTimeout the bound of each statement on the table of Spring Session; 5 seconds by
   *     default
   * @param cookieName the name of the old cookie; by default that of
   *     "server.servlet.session.cookie.name", or "SESSION"
   * @param cookiePath the path of the old cookie; by default that of
   *     "server.servlet.session.cookie.path", or the context path with a slash
   * @param cookieDomain the domain of the old cookie; by default that of
   *     "server.servlet.session.cookie.domain", or none
   * @param clearCookie whether the old cookie is deleted a minute after the import
   * @param deleteImported whether an imported session is deleted from Spring Session
   * @param maximumAge how long ago a session may have been created; 30 days by default
   */
  record SpringSession(
      @DefaultValue("false") Boolean enabled,
      @Nullable String tableName,
      @Nullable Duration queryTimeout,
      @Nullable String cookieName,
      @Nullable String cookiePath,
      @Nullable String cookieDomain,
      @DefaultValue("true") Boolean clearCookie,
      @DefaultValue("false") Boolean deleteImported,
      @Nullable Duration maximumAge) {

    SpringSession {
      tableName = orNull(tableName);
      cookieName = orNull(cookieName);
      cookiePath = orNull(cookiePath);
      cookieDomain = orNull(cookieDomain);
    }
  }
}

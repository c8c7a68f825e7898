package io.coatcheck.session.migration;

import com.nimbusds.jwt.JWTClaimsSet;
import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.LoginResult;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.codec.AllowListPreset;
import io.coatcheck.session.codec.JavaSerializationCodec;
import io.coatcheck.session.servlet.SessionFilter;
import io.coatcheck.session.servlet.WebSession;
import io.coatcheck.session.store.SessionStore;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.FilterRegistration;
import jakarta.servlet.ServletContext;
import java.time.Instant;
import java.util.EnumSet;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** The code of docs/MIGRATING.md that no example has, to be compiled. */
final class MigratingSnippets {

  private MigratingSnippets() {}

  /** What the application has for the tokens of its provider. */
  interface ProviderTokens {

    Optional<VerifiedLogout> logout(String token);
  }

  /** What the application has for its own tokens. */
  interface OwnTokens {

    Optional<VerifiedToken> verified(String token);
  }

  /** What the application knows of its users. */
  interface Accounts {

    Instant signedOutAt(String user);
  }

  static JwtExchange tokensInACookie(SessionManager sessions, OwnTokens tokens, Accounts accounts) {
    JwtExchange exchange =
        JwtExchange.builder(sessions, tokens::verified)
            .validIf(token -> token.issuedAt().isAfter(accounts.signedOutAt(token.principal())))
            .cookieName("token")
            .cookiePath("/")
            .build();
    return exchange;
  }

  static SessionManager springSession(
      ServletContext context, SessionStore store, DataSource dataSource) {
    JavaSerializationCodec codec =
        JavaSerializationCodec.builder()
            .allow(AllowListPreset.SPRING_SECURITY_FORM_LOGIN)
            .allow("com.example.shop.Cart")
            .build();
    SessionManager sessions = SessionManager.builder(store).codec(codec).build();
    SessionFilter.builder(sessions).build().register(context);
    SpringSessionImport bridge =
        SpringSessionImport.builder(sessions, JdbcSpringSessions.builder(dataSource).build(), codec)
            .build();
    FilterRegistration.Dynamic filter = context.addFilter("spring-session", bridge);
    filter.setAsyncSupported(true);
    filter.addMappingForUrlPatterns(EnumSet.of(DispatcherType.REQUEST), true, "/*");
    return sessions;
  }

  static void containerSessions(ServletContext context, SessionManager sessions) {
    SessionFilter.builder(sessions).build().register(context);
    ContainerSessionAdoption bridge =
        ContainerSessionAdoption.builder(
                sessions, old -> Optional.ofNullable((String) old.getAttribute("user")))
            .attributes(name -> !name.equals("user"))
            .build();
    FilterRegistration.Dynamic filter = context.addFilter("container-sessions", bridge);
    filter.setAsyncSupported(true);
    filter.addMappingForUrlPatterns(EnumSet.of(DispatcherType.REQUEST), true, "/*");
  }

  static BackChannelLogout providerLogout(
      ServletContext context, SessionManager sessions, ProviderTokens tokens) {
    BackChannelLogout endpoint = BackChannelLogout.builder(sessions, tokens::logout).build();
    context
        .addFilter("logout", endpoint)
        .addMappingForUrlPatterns(EnumSet.of(DispatcherType.REQUEST), false, "/backchannel-logout");
    SessionFilter.builder(sessions).build().register(context);
    return endpoint;
  }

  static LoginResult providerLogin(
      BackChannelLogout endpoint, WebSession session, JWTClaimsSet claims, @Nullable String sid) {
    ProviderLogin login =
        new ProviderLogin(
            claims.getIssuer(), Optional.ofNullable(sid), claims.getIssueTime().toInstant());
    LoginResult result =
        endpoint.login(session, claims.getSubject(), login, LoginOptions.defaults());
    return result;
  }
}

package io.coatcheck.session.spring;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.codec.JavaSerializationCodec;
import io.coatcheck.session.migration.BackChannelLogout;
import io.coatcheck.session.migration.ContainerSessionAdoption;
import io.coatcheck.session.migration.JwtExchange;
import io.coatcheck.session.migration.LogoutTokenVerifier;
import io.coatcheck.session.migration.SpringSessionImport;
import io.coatcheck.session.migration.SpringSessions;
import io.coatcheck.session.migration.TokenVerifier;
import jakarta.servlet.Filter;
import jakarta.servlet.http.HttpSession;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import javax.sql.DataSource;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigurationPackages;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingClass;
import org.springframework.boot.sql.init.dependency.DependsOnDatabaseInitialization;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.security.oauth2.core.oidc.user.OidcUser;
import org.springframework.security.oauth2.jwt.JwtDecoder;
import org.springframework.util.ClassUtils;

/**
 * Configures the bridges of {@code coatcheck-migration} that properties ask for: {@code
 * coatcheck.migration.spring-session.enabled} for the import from Spring Session, from a bean of
 * type {@link SpringSessions} if there is one, as for Redis, or else from the table in the
 * database; {@code coatcheck.migration.jwt.enabled} for the exchange of JSON Web Tokens, which a
 * bean of type {@link TokenVerifier} or {@link JwtDecoder} verifies; {@code
 * coatcheck.migration.container-session.enabled} for the adoption of the container's sessions; and
 * {@code coatcheck.migration.back-channel-logout.path} for logouts at an identity provider, whose
 * tokens a bean of type {@link LogoutTokenVerifier} verifies. A bean of type {@link
 * FormerLoginCheck} refuses old logins. Each bridge can be replaced by a bean of the application.
 *
 * @since 0.1.0
 */
@AutoConfiguration(after = CoatcheckAutoConfiguration.class)
@ConditionalOnBean(CoatcheckAutoConfiguration.class)
public final class CoatcheckMigrationAutoConfiguration {

  // The names of the bridges' beans, which StartCheck asks for.
  static final String IMPORT = "coatcheckSpringSessionImport";
  static final String EXCHANGE = "coatcheckJwtExchange";
  static final String ADOPTION = "coatcheckContainerSessionAdoption";
  static final String LOGOUT_ENDPOINT = "coatcheckBackChannelLogout";

  /** The end of the name of a bridge's registration, which is there for each bridge that is on. */
  static final String REGISTRATION = "Registration";

  private static final String BRIDGES = "io.coatcheck.session.migration.SpringSessionImport";

  private static final boolean HAS_SECURITY =
      ClassUtils.isPresent(
          "org.springframework.security.web.SecurityFilterChain",
          CoatcheckMigrationAutoConfiguration.class.getClassLoader());

  CoatcheckMigrationAutoConfiguration() {}

  /** Registers a bridge before Spring Security, and after all filters of sessions. */
  private static <T extends Filter> FilterRegistrationBean<T> registration(
      T bridge, String name, Environment environment) {
    FilterRegistrationBean<T> registration = new FilterRegistrationBean<>(bridge);
    registration.setName(name);
    registration.setOrder(FilterPlacement.securityOrder(environment) - 1);
    registration.setAsyncSupported(true);
    return registration;
  }

  /**
   * Refuses the properties where the bridges are not on the class path. Lazy initialization leaves
   * out any other bean than one of this type.
   */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnMissingClass(BRIDGES)
  static class Missing {

    @Bean
    SmartInitializingSingleton coatcheckMigrationCheck(CoatcheckProperties properties) {
      return () -> {
        MigrationProperties migration = properties.migration();
        require(
            !migration.springSession().enabled(),
            PropertySwitch.SpringSession.NAME + " must not be true");
        require(!migration.jwt().enabled(), PropertySwitch.Jwt.NAME + " must not be true");
        require(
            !migration.containerSession().enabled(),
            PropertySwitch.ContainerSession.NAME + " must not be true");
        require(
            migration.backChannelLogout().path() == null,
            PropertySwitch.BackChannelLogout.NAME + " must not be set");
      };
    }

    private static void require(boolean isOff, String rule) {
      if (!isOff) {
        throw new InvalidSettingException(rule + " without the dependency coatcheck-migration");
      }
    }
  }

  /** The import from Spring Session. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass(name = BRIDGES)
  @Conditional(PropertySwitch.SpringSession.class)
  static class SpringSessionBridge {

    private final CoatcheckProperties properties;
    private final Environment environment;

    SpringSessionBridge(CoatcheckProperties properties, Environment environment) {
      this.properties = properties;
      this.environment = environment;
    }

    @Bean(IMPORT)
    @ConditionalOnMissingBean
    @DependsOnDatabaseInitialization
    SpringSessionImport coatcheckSpringSessionImport(
        SessionManager manager,
        AttributeCodec codec,
        ObjectProvider<SpringSessions> own,
        ObjectProvider<FormerLoginCheck> checks,
        ObjectProvider<MovedUsers> users,
        ObjectProvider<DataSource> databases,
        BeanFactory beans) {
      SpringSessions sessions = own.getIfAvailable();
      ImportFactory factory = new ImportFactory(properties, environment);
      return factory.create(
          manager,
          sessions == null ? factory.ofDatabase(databases.getIfUnique()) : sessions,
          decoder(codec, beans),
          checks.getIfAvailable(),
          users.getIfAvailable());
    }

    @Bean(IMPORT + REGISTRATION)
    FilterRegistrationBean<SpringSessionImport> coatcheckSpringSessionImportRegistration(
        SpringSessionImport bridge) {
      return registration(bridge, IMPORT, environment);
    }

    /** The allow-list is that of the attributes. */
    private JavaSerializationCodec decoder(AttributeCodec codec, BeanFactory beans) {
      if (codec instanceof JavaSerializationCodec own) {
        return own;
      }
      List<String> packages =
          AutoConfigurationPackages.has(beans) ? AutoConfigurationPackages.get(beans) : List.of();
      return SessionCodec.create(properties.attributes(), packages);
    }
  }

  /** The exchange of JSON Web Tokens. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass(name = BRIDGES)
  @Conditional(PropertySwitch.Jwt.class)
  static class JwtBridge {

    @Bean(EXCHANGE)
    @ConditionalOnMissingBean
    JwtExchange coatcheckJwtExchange(
        SessionManager manager,
        CoatcheckProperties properties,
        ObjectProvider<TokenVerifier> verifiers,
        ObjectProvider<FormerLoginCheck> checks,
        ObjectProvider<MovedUsers> users,
        ObjectProvider<DecoderVerifiers> decoders) {
      TokenVerifier verifier = verifiers.getIfAvailable();
      DecoderVerifiers fallback = decoders.getIfAvailable();
      return new BridgeFactory(properties)
          .exchange(
              manager,
              verifier == null && fallback != null ? fallback.unique() : verifier,
              checks.getIfAvailable(),
              users.getIfAvailable(),
              HAS_SECURITY);
    }

    @Bean(EXCHANGE + REGISTRATION)
    FilterRegistrationBean<JwtExchange> coatcheckJwtExchangeRegistration(
        JwtExchange bridge, Environment environment) {
      return registration(bridge, EXCHANGE, environment);
    }

    /**
     * The application's decoder, which is looked up late: another auto-configuration may make it.
     */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(JwtDecoder.class)
    static class Decoders {

      @Bean
      DecoderVerifiers coatcheckDecoderVerifiers(
          ObjectProvider<JwtDecoder> decoders, CoatcheckProperties properties) {
        return new DecoderVerifiers(decoders, properties.migration().jwt());
      }
    }
  }

  /** Checks the settings of Spring Security that conflict with the exchange. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass(name = {BRIDGES, "org.springframework.security.web.SecurityFilterChain"})
  @Conditional(PropertySwitch.Jwt.class)
  static class JwtChains {

    @Bean
    JwtStart coatcheckJwtStart(ListableBeanFactory beans, CoatcheckProperties properties) {
      return new JwtStart(beans, properties.security().enabled());
    }
  }

  /** The adoption of the container's sessions. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass(name = BRIDGES)
  @Conditional(PropertySwitch.ContainerSession.class)
  static class ContainerBridge {

    @Bean(ADOPTION)
    @ConditionalOnMissingBean
    ContainerSessionAdoption coatcheckContainerSessionAdoption(
        SessionManager manager,
        CoatcheckProperties properties,
        ObjectProvider<Function<HttpSession, Optional<String>>> functions,
        ObjectProvider<FormerLoginCheck> checks,
        ObjectProvider<MovedUsers> users) {
      Function<HttpSession, Optional<String>> own = functions.getIfAvailable();
      MovedUsers moved = users.getIfAvailable();
      return new BridgeFactory(properties)
          .adoption(
              manager,
              own == null && HAS_SECURITY ? new ContextUsers(moved) : own,
              checks.getIfAvailable(),
              moved);
    }

    @Bean(ADOPTION + REGISTRATION)
    FilterRegistrationBean<ContainerSessionAdoption> coatcheckContainerSessionAdoptionRegistration(
        ContainerSessionAdoption bridge, Environment environment) {
      return registration(bridge, ADOPTION, environment);
    }
  }

  /** The endpoint for logouts at an identity provider, in front of all other filters. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass(name = BRIDGES)
  @Conditional(PropertySwitch.BackChannelLogout.class)
  static class LogoutEndpoint {

    @Bean(LOGOUT_ENDPOINT)
    @ConditionalOnMissingBean
    BackChannelLogout coatcheckBackChannelLogout(
        SessionManager manager,
        CoatcheckProperties properties,
        ObjectProvider<LogoutTokenVerifier> verifiers) {
      return new BridgeFactory(properties).logout(manager, verifiers.getIfAvailable());
    }

    @Bean(LOGOUT_ENDPOINT + REGISTRATION)
    FilterRegistrationBean<BackChannelLogout> coatcheckBackChannelLogoutRegistration(
        BackChannelLogout endpoint, CoatcheckProperties properties) {
      FilterRegistrationBean<BackChannelLogout> registration =
          new FilterRegistrationBean<>(endpoint);
      registration.setName(LOGOUT_ENDPOINT);
      registration.addUrlPatterns(new BridgeFactory(properties).logoutPath());
      registration.setOrder(FilterPlacement.ORDER - 1);
      return registration;
    }

    /** Logins by OpenID Connect record the provider's session. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(OidcUser.class)
    static class Logins {

      @Bean
      @ConditionalOnMissingBean
      SessionLogins coatcheckProviderLogins(BackChannelLogout endpoint) {
        return new ProviderLogins(endpoint);
      }
    }
  }
}

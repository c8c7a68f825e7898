package io.coatcheck.session.spring;

import io.coatcheck.session.SessionManager;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingClass;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.core.session.SessionRegistry;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.web.SecurityFilterChain;

/**
 * Makes logins of Spring Security logins of the session, beside what {@code spring.factories} does
 * to each chain.
 *
 * @since 0.1.0
 */
@AutoConfiguration(after = CoatcheckAutoConfiguration.class)
@ConditionalOnClass({SecurityContext.class, SecurityFilterChain.class})
@ConditionalOnBean(CoatcheckAutoConfiguration.class)
@Conditional(PropertySwitch.Security.class)
public final class CoatcheckSecurityAutoConfiguration {

  static final String CONTEXTS = "coatcheckStoredContexts";
  static final String PRINCIPALS = "coatcheckPrincipalContexts";

  CoatcheckSecurityAutoConfiguration() {}

  /** A listener of the container, so that a filter of the application calls it too. */
  @Bean(CONTEXTS)
  StoredContexts coatcheckStoredContexts(
      SessionManager manager,
      ObjectProvider<PrincipalContexts> principals,
      ObjectProvider<SessionLogins> logins,
      CoatcheckProperties properties) {
    PrincipalContexts contexts = principals.getIfAvailable();
    return new StoredContexts(
        contexts == null ? null : contexts.users(),
        !manager.adapter().dropsAttributesAtLogin(),
        logins.getIfAvailable(() -> SessionLogins.BY_NAME),
        new RememberMeBox(properties.security().rememberMeParameter()));
  }

  @Bean
  static LoginEvents coatcheckLoginEvents() {
    return new LoginEvents();
  }

  @Bean
  static PasskeyLogins coatcheckPasskeyLogins() {
    return new PasskeyLogins();
  }

  /**
   * For code that injects one; {@link SecurityBridge} keeps it from {@code maximumSessions}. A
   * Spring Authorization Server would take it too: its {@code auth_time} would be when the session
   * was last used.
   */
  @Bean
  @ConditionalOnMissingBean(SessionRegistry.class)
  @ConditionalOnMissingClass(
      "org.springframework.security.oauth2.server.authorization.OAuth2Authorization")
  StoredSessionRegistry coatcheckSessionRegistry(SessionManager manager) {
    return new StoredSessionRegistry(manager);
  }

  /** Builds the context of each request from the principal of its session. */
  @Configuration(proxyBeanMethods = false)
  @Conditional(PropertySwitch.NamesOnly.class)
  static class PrincipalMode {

    @Bean(PRINCIPALS)
    PrincipalContexts coatcheckPrincipalContexts(
        ObjectProvider<UserDetailsService> users,
        ObjectProvider<SessionManager> managers,
        CoatcheckProperties properties) {
      return new PrincipalContexts(
          new PrincipalUsers(users, properties.security().userMaxAge(), System::nanoTime),
          new AgedLogin(managers),
          new RememberMeBox(properties.security().rememberMeParameter()));
    }

    /** For the bridges, which work without Spring Security too. */
    @Bean
    MovedUsers coatcheckMovedUsers(PrincipalContexts contexts) {
      return new MovedByName(contexts.users());
    }

    @Bean
    PrincipalStart coatcheckPrincipalStart(ConfigurableListableBeanFactory beans) {
      return new PrincipalStart(beans);
    }
  }
}

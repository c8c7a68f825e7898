package io.coatcheck.session.spring;

import io.coatcheck.session.SessionManager;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.security.oauth2.client.oidc.session.OidcSessionRegistry;
import org.springframework.security.web.SecurityFilterChain;

/**
 * Configures what {@code oidcLogout} of Spring Security needs to end sessions. It does not depend
 * on {@code coatcheck.security.enabled}: without it, a logout at the provider would be reported as
 * done and end nothing, whoever logs the session in.
 *
 * @since 0.1.0
 */
@AutoConfiguration(after = CoatcheckAutoConfiguration.class)
@ConditionalOnClass({OidcSessionRegistry.class, SecurityFilterChain.class})
@ConditionalOnBean(CoatcheckAutoConfiguration.class)
public final class CoatcheckOidcLogoutAutoConfiguration {

  CoatcheckOidcLogoutAutoConfiguration() {}

  @Bean
  @ConditionalOnMissingBean(OidcSessionRegistry.class)
  ProviderSessions coatcheckProviderSessions(SessionManager manager) {
    return new ProviderSessions(manager);
  }

  @Bean
  static OidcLogoutStart coatcheckOidcLogoutStart(ListableBeanFactory beans) {
    return new OidcLogoutStart(beans);
  }
}

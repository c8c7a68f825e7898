package io.coatcheck.session.spring;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.security.core.context.SecurityContext;
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
@ConditionalOnProperty(
    name = "coatcheck.security.enabled",
    havingValue = "true",
    matchIfMissing = true)
public final class CoatcheckSecurityAutoConfiguration {

  CoatcheckSecurityAutoConfiguration() {}

  @Bean
  SessionFilterCustomizer coatcheckStoredContexts() {
    return filter -> filter.listener(new StoredContexts());
  }
}

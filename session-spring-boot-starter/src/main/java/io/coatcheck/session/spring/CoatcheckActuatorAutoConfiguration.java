package io.coatcheck.session.spring;

import io.coatcheck.session.SessionManager;
import org.springframework.boot.actuate.autoconfigure.endpoint.condition.ConditionalOnAvailableEndpoint;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

/**
 * Adds the actuator endpoint {@code coatcheck}, if Spring Boot's actuator is on the class path.
 * Like any endpoint, it is reached over HTTP only if the application exposes it.
 *
 * @since 0.1.0
 */
@AutoConfiguration(after = CoatcheckAutoConfiguration.class)
@ConditionalOnClass(ConditionalOnAvailableEndpoint.class)
@ConditionalOnBean(CoatcheckAutoConfiguration.class)
public final class CoatcheckActuatorAutoConfiguration {

  CoatcheckActuatorAutoConfiguration() {}

  @Bean
  @ConditionalOnMissingBean
  @ConditionalOnAvailableEndpoint(endpoint = SessionsEndpoint.class)
  SessionsEndpoint coatcheckEndpoint(SessionManager manager) {
    return new SessionsEndpoint(manager);
  }
}

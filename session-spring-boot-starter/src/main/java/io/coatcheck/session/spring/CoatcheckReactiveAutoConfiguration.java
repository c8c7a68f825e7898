package io.coatcheck.session.spring;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;

/**
 * Warns in an application of Spring WebFlux, whose sessions Coatcheck does not keep, and leaves it
 * as it is.
 *
 * @since 0.1.0
 */
@AutoConfiguration
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
@Conditional(PropertySwitch.All.class)
public final class CoatcheckReactiveAutoConfiguration {

  private static final Logger LOG =
      LoggerFactory.getLogger(CoatcheckReactiveAutoConfiguration.class);

  CoatcheckReactiveAutoConfiguration() {}

  /** A bean of this type is called with lazy initialization too. */
  @Bean
  static SmartInitializingSingleton coatcheckReactiveWarning() {
    return () ->
        LOG.warn(
            "This is an application of Spring WebFlux, so Coatcheck does not keep its sessions. Use"
                + " Spring MVC, or remove the starter, or set coatcheck.enabled to false");
  }
}

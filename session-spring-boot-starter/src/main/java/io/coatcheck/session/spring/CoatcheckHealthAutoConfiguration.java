package io.coatcheck.session.spring;

import io.coatcheck.session.SessionManager;
import java.util.stream.Stream;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.core.env.Environment;

/**
 * Adds the health contributor {@code coatcheck} to Spring Boot's health endpoint and to its group
 * {@code readiness}, if there is one. It is not in the group {@code liveness}: a restart of the
 * application does not repair its database. {@code management.health.coatcheck.enabled=false}
 * removes it.
 *
 * <p>The types of health contributors have other packages in Spring Boot 4: there is one
 * configuration for each.
 *
 * @since 0.1.0
 */
@AutoConfiguration(
    after = CoatcheckAutoConfiguration.class,
    // It makes the groups. Post-processors of groups are called in the order of their definition.
    afterName = {
      "org.springframework.boot.actuate.autoconfigure.availability.AvailabilityProbesAutoConfiguration",
      "org.springframework.boot.health.autoconfigure.actuate.endpoint.AvailabilityProbesAutoConfiguration"
    })
@ConditionalOnBean(CoatcheckAutoConfiguration.class)
@Import({HealthBeforeBoot4.class, HealthSinceBoot4.class})
public final class CoatcheckHealthAutoConfiguration {

  static final String CONTRIBUTOR = "coatcheck";

  static final String READINESS = "readiness";

  CoatcheckHealthAutoConfiguration() {}

  @Bean
  StoreHealth.Name coatcheckStoreName() {
    return new StoreHealth.Name();
  }

  @Bean
  StoreHealth coatcheckStoreHealth(StoreHealth.Name name, SessionManager manager) {
    return new StoreHealth(manager.store(), name, manager.clock());
  }

  /** Returns whether the application sets the members of its group of this name. */
  static boolean hasOwnReadiness(Environment environment) {
    Binder binder = Binder.get(environment);
    return Stream.of("include", "exclude")
        .map(list -> "management.endpoint.health.group." + READINESS + "." + list)
        .anyMatch(property -> binder.bind(property, Bindable.setOf(String.class)).isBound());
  }
}

package io.coatcheck.session.spring;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.autoconfigure.health.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.actuate.endpoint.EndpointId;
import org.springframework.boot.actuate.endpoint.SecurityContext;
import org.springframework.boot.actuate.endpoint.web.AdditionalPathsMapper;
import org.springframework.boot.actuate.endpoint.web.WebServerNamespace;
import org.springframework.boot.actuate.health.AdditionalHealthEndpointPath;
import org.springframework.boot.actuate.health.Health;
import org.springframework.boot.actuate.health.HealthEndpointGroup;
import org.springframework.boot.actuate.health.HealthEndpointGroups;
import org.springframework.boot.actuate.health.HealthEndpointGroupsPostProcessor;
import org.springframework.boot.actuate.health.HealthIndicator;
import org.springframework.boot.actuate.health.HttpCodeStatusMapper;
import org.springframework.boot.actuate.health.StatusAggregator;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

/**
 * The health contributor {@code coatcheck} on Spring Boot 3. The same as {@link HealthSinceBoot4}
 * but for the packages of Spring Boot.
 */
@Configuration(proxyBeanMethods = false)
@ConditionalOnClass(name = "org.springframework.boot.actuate.health.HealthIndicator")
@ConditionalOnEnabledHealthIndicator("coatcheck")
final class HealthBeforeBoot4 {

  @Bean
  @ConditionalOnMissingBean(name = {"coatcheckHealthIndicator", "coatcheckHealthContributor"})
  HealthIndicator coatcheckHealthIndicator(StoreHealth store) {
    return () -> {
      String failure = store.failure();
      Health.Builder health =
          failure == null ? Health.up() : Health.down().withDetail("error", failure);
      return health.withDetail("store", store.storeName()).build();
    };
  }

  @Bean
  HealthEndpointGroupsPostProcessor coatcheckReadiness(Environment environment) {
    return groups -> {
      HealthEndpointGroup readiness = groups.get(CoatcheckHealthAutoConfiguration.READINESS);
      if (readiness == null || CoatcheckHealthAutoConfiguration.hasOwnReadiness(environment)) {
        return groups;
      }
      return new WithReadiness(groups, new WithCoatcheck(readiness));
    };
  }

  /**
   * The groups, with another one in place of readiness. Spring Boot casts them to the mapper that
   * its own groups are, and asks for their paths when a chain of Spring Security admits these
   * paths, as its default chain does since Spring Boot 4.
   */
  private record WithReadiness(HealthEndpointGroups groups, HealthEndpointGroup readiness)
      implements HealthEndpointGroups, AdditionalPathsMapper {

    @Override
    public HealthEndpointGroup getPrimary() {
      return groups.getPrimary();
    }

    @Override
    public Set<String> getNames() {
      return groups.getNames();
    }

    @Override
    public @Nullable HealthEndpointGroup get(String name) {
      return name.equals(CoatcheckHealthAutoConfiguration.READINESS) ? readiness : groups.get(name);
    }

    @Override
    public @Nullable List<String> getAdditionalPaths(EndpointId id, WebServerNamespace server) {
      return groups instanceof AdditionalPathsMapper paths
          ? paths.getAdditionalPaths(id, server)
          : null;
    }
  }

  /** A group with one more member. */
  private record WithCoatcheck(HealthEndpointGroup group) implements HealthEndpointGroup {

    @Override
    public boolean isMember(String name) {
      return name.equals(CoatcheckHealthAutoConfiguration.CONTRIBUTOR) || group.isMember(name);
    }

    @Override
    public boolean showComponents(SecurityContext context) {
      return group.showComponents(context);
    }

    @Override
    public boolean showDetails(SecurityContext context) {
      return group.showDetails(context);
    }

    @Override
    public StatusAggregator getStatusAggregator() {
      return group.getStatusAggregator();
    }

    @Override
    public HttpCodeStatusMapper getHttpCodeStatusMapper() {
      return group.getHttpCodeStatusMapper();
    }

    @Override
    public @Nullable AdditionalHealthEndpointPath getAdditionalPath() {
      return group.getAdditionalPath();
    }
  }
}

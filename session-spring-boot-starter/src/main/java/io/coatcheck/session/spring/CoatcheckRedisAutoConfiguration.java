package io.coatcheck.session.spring;

import io.coatcheck.session.redis.RedisSessionStore;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.core.env.Environment;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/**
 * Offers the Redis connection of Spring Boot to the store of the starter, if {@code
 * coatcheck-redis} is on the class path.
 *
 * @since 0.1.0
 */
@AutoConfiguration(before = CoatcheckAutoConfiguration.class)
@ConditionalOnClass({RedisSessionStore.class, LettuceConnectionFactory.class})
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
@Conditional(PropertySwitch.All.class)
public final class CoatcheckRedisAutoConfiguration {

  CoatcheckRedisAutoConfiguration() {}

  @Bean
  RedisConnections coatcheckRedisConnections(
      ObjectProvider<RedisConnectionFactory> connections,
      ConfigurableListableBeanFactory beans,
      Environment environment) {
    return new LettuceConnections(
        connections, CandidateNames.of(beans, RedisConnectionFactory.class), environment);
  }
}

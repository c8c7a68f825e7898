package io.coatcheck.session.spring;

import io.coatcheck.session.redis.RedisSessionStore;
import java.util.List;
import org.springframework.beans.factory.BeanFactoryUtils;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.ObjectProvider;
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
      ListableBeanFactory beans,
      Environment environment) {
    return new LettuceConnections(
        connections,
        List.of(
            BeanFactoryUtils.beanNamesForTypeIncludingAncestors(
                beans, RedisConnectionFactory.class, true, false)),
        environment);
  }
}

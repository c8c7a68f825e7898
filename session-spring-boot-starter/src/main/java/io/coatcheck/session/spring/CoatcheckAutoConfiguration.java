package io.coatcheck.session.spring;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.SessionPolicy;
import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.event.SessionListener;
import io.coatcheck.session.servlet.SessionFilter;
import io.coatcheck.session.store.SessionStore;
import jakarta.servlet.http.HttpSessionAttributeListener;
import jakarta.servlet.http.HttpSessionIdListener;
import jakarta.servlet.http.HttpSessionListener;
import java.util.EnumSet;
import java.util.EventListener;
import java.util.List;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigurationPackages;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.sql.init.dependency.DependsOnDatabaseInitialization;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.core.env.Environment;
import org.springframework.util.ClassUtils;
import org.springframework.web.context.WebApplicationContext;

/**
 * Configures a store, a {@link SessionManager} and a {@link SessionFilter} in front of all other
 * filters. Each bean can be replaced by one of the application.
 *
 * @since 0.1.0
 */
@AutoConfiguration(
    afterName = {
      "org.springframework.boot.autoconfigure.jdbc.DataSourceAutoConfiguration",
      "org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration",
      "org.springframework.boot.autoconfigure.data.redis.RedisAutoConfiguration",
      "org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration",
    })
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
@ConditionalOnProperty(name = "coatcheck.enabled", havingValue = "true", matchIfMissing = true)
@EnableConfigurationProperties(CoatcheckProperties.class)
public final class CoatcheckAutoConfiguration {

  private static final boolean HAS_SECURITY =
      ClassUtils.isPresent(
          "org.springframework.security.core.AuthenticationException",
          CoatcheckAutoConfiguration.class.getClassLoader());

  private final CoatcheckProperties properties;

  CoatcheckAutoConfiguration(CoatcheckProperties properties) {
    this.properties = properties;
  }

  /** The manager closes it. */
  @Bean(destroyMethod = "")
  @ConditionalOnMissingBean
  @DependsOnDatabaseInitialization
  SessionStore coatcheckStore(
      ObjectProvider<DataSource> databases,
      ObjectProvider<RedisConnections> redis,
      ObjectProvider<StoreObserver> observers,
      ListableBeanFactory beans) {
    return new StoreChoice(
            properties,
            List.of(beans.getBeanNamesForType(DataSource.class, true, false)),
            databases.getIfUnique(),
            redis.getIfAvailable(),
            observers.orderedStream().toList())
        .create();
  }

  @Bean
  @ConditionalOnMissingBean
  AttributeCodec coatcheckAttributeCodec(BeanFactory beans) {
    List<String> packages =
        AutoConfigurationPackages.has(beans) ? AutoConfigurationPackages.get(beans) : List.of();
    AttributeCodec codec = SessionCodec.create(properties.attributes(), packages);
    return HAS_SECURITY ? new RefusedLogins(codec) : codec;
  }

  @Bean
  @ConditionalOnMissingBean
  SessionPolicy coatcheckPolicy() {
    return new ManagerFactory(properties).policy();
  }

  @Bean(destroyMethod = "close")
  @ConditionalOnMissingBean
  SessionManager coatcheckManager(
      SessionStore store,
      SessionPolicy policy,
      AttributeCodec codec,
      ObjectProvider<SessionListener> listeners,
      ObjectProvider<SessionManagerCustomizer> customizers) {
    return new ManagerFactory(properties)
        .manager(
            store,
            policy,
            codec,
            listeners.orderedStream().toList(),
            customizers.orderedStream().toList());
  }

  /** Registers the application's own {@link SessionFilter} if it has one. */
  @Bean
  @Conditional(NoFilterRegistration.class)
  FilterRegistrationBean<SessionFilter> coatcheckFilterRegistration(
      SessionManager manager,
      ObjectProvider<SessionFilter> own,
      ListableBeanFactory beans,
      ObjectProvider<SessionFilterCustomizer> customizers) {
    SessionFilter filter = own.getIfAvailable();
    if (filter == null) {
      filter =
          new FilterFactory(properties)
              .filter(manager, listenersOf(beans), customizers.orderedStream().toList());
    }
    FilterRegistrationBean<SessionFilter> registration = new FilterRegistrationBean<>(filter);
    registration.setName("coatcheckSessionFilter");
    registration.setDispatcherTypes(EnumSet.copyOf(FilterPlacement.DISPATCHES));
    registration.setAsyncSupported(true);
    return registration;
  }

  /** The filter calls them itself where the container does not reveal its listeners. */
  private static List<EventListener> listenersOf(ListableBeanFactory beans) {
    return Stream.of(
            HttpSessionListener.class,
            HttpSessionAttributeListener.class,
            HttpSessionIdListener.class)
        .<EventListener>flatMap(type -> beans.getBeanProvider(type).orderedStream())
        .toList();
  }

  @Bean
  static FilterPlacement coatcheckFilterPlacement(Environment environment) {
    return new FilterPlacement(environment);
  }

  @Bean
  StartCheck coatcheckStartCheck(WebApplicationContext context) {
    return new StartCheck(context);
  }
}

package io.coatcheck.session.spring;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.SessionPolicy;
import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.event.SessionListener;
import io.coatcheck.session.servlet.SessionFilter;
import io.coatcheck.session.store.SessionStore;
import jakarta.servlet.DispatcherType;
import java.util.EnumSet;
import java.util.List;
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
import org.springframework.core.Ordered;

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
    })
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
@ConditionalOnProperty(name = "coatcheck.enabled", havingValue = "true", matchIfMissing = true)
@EnableConfigurationProperties(CoatcheckProperties.class)
public final class CoatcheckAutoConfiguration {

  /** The order of the filter: after the filters that set the encoding, before all others. */
  static final int FILTER_ORDER = Ordered.HIGHEST_PRECEDENCE + 50;

  private final CoatcheckProperties properties;

  CoatcheckAutoConfiguration(CoatcheckProperties properties) {
    this.properties = properties;
  }

  /** The manager closes it. */
  @Bean(destroyMethod = "")
  @ConditionalOnMissingBean
  @DependsOnDatabaseInitialization
  SessionStore sessionStore(ObjectProvider<DataSource> dataSource, ListableBeanFactory beans) {
    return new StoreChoice(
            properties,
            List.of(beans.getBeanNamesForType(DataSource.class, true, false)),
            dataSource.getIfUnique())
        .create();
  }

  @Bean
  @ConditionalOnMissingBean
  AttributeCodec sessionAttributeCodec(BeanFactory beans) {
    List<String> packages =
        AutoConfigurationPackages.has(beans) ? AutoConfigurationPackages.get(beans) : List.of();
    return SessionCodec.create(properties.attributes(), packages);
  }

  @Bean
  @ConditionalOnMissingBean
  SessionPolicy sessionPolicy() {
    return new ManagerFactory(properties).policy();
  }

  @Bean(destroyMethod = "close")
  @ConditionalOnMissingBean
  SessionManager sessionManager(
      SessionStore store,
      SessionPolicy policy,
      AttributeCodec codec,
      ObjectProvider<SessionListener> listeners) {
    return new ManagerFactory(properties)
        .manager(store, policy, codec, listeners.orderedStream().toList());
  }

  @Bean
  @ConditionalOnMissingBean(
      value = SessionFilter.class,
      parameterizedContainer = FilterRegistrationBean.class)
  FilterRegistrationBean<SessionFilter> sessionFilter(SessionManager manager) {
    FilterRegistrationBean<SessionFilter> registration =
        new FilterRegistrationBean<>(new FilterFactory(properties).filter(manager, List.of()));
    registration.setOrder(FILTER_ORDER);
    registration.setDispatcherTypes(
        EnumSet.of(
            DispatcherType.REQUEST,
            DispatcherType.FORWARD,
            DispatcherType.ASYNC,
            DispatcherType.ERROR));
    registration.setAsyncSupported(true);
    return registration;
  }
}

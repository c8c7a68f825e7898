package io.coatcheck.session.spring;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.SessionPolicy;
import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.event.SessionListener;
import io.coatcheck.session.servlet.SessionFilter;
import io.coatcheck.session.store.SessionStore;
import java.util.EnumSet;
import java.util.List;
import javax.sql.DataSource;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigurationPackages;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.sql.init.dependency.DependsOnDatabaseInitialization;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Lazy;
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
@Conditional(PropertySwitch.All.class)
@EnableConfigurationProperties(CoatcheckProperties.class)
public final class CoatcheckAutoConfiguration {

  /** The name of the store that is built from the properties. */
  static final String STORE = "coatcheckStore";

  static final String MANAGER = "coatcheckManager";
  static final String POLICY = "coatcheckPolicy";
  static final String CODEC = "coatcheckAttributeCodec";

  /** The name of the registration of the filter. */
  static final String REGISTRATION = "coatcheckFilterRegistration";

  private static final boolean HAS_SECURITY =
      isPresent("org.springframework.security.core.AuthenticationException");

  private static final boolean HAS_WEB_SECURITY =
      HAS_SECURITY
          && isPresent("org.springframework.security.web.authentication.WebAuthenticationDetails");

  private static boolean isPresent(String className) {
    return ClassUtils.isPresent(className, CoatcheckAutoConfiguration.class.getClassLoader());
  }

  private final CoatcheckProperties properties;
  private final IneffectiveProperties ineffective;

  CoatcheckAutoConfiguration(CoatcheckProperties properties, Environment environment) {
    this.properties = properties;
    ineffective =
        new IneffectiveProperties(
            properties, environment, CoatcheckAutoConfiguration.class.getClassLoader());
    ineffective.refuseContradictions();
  }

  /** Closes the store with the application, even if the start fails before there is a manager. */
  @Bean
  @Lazy
  BuiltStore coatcheckBuiltStore(
      ObjectProvider<DataSource> databases,
      ObjectProvider<RedisConnections> redis,
      ObjectProvider<StoreObserver> observers,
      ConfigurableListableBeanFactory beans) {
    return new BuiltStore(
        new StoreChoice(
                properties,
                ineffective,
                CandidateNames.of(beans, DataSource.class),
                databases.getIfUnique(),
                redis.getIfAvailable(),
                observers.orderedStream().toList())
            .create());
  }

  /**
   * The manager closes it first. Where the application has its own manager, this is that manager's
   * store, or is built for it if the manager is made with this bean.
   */
  @Bean(name = STORE, destroyMethod = "")
  @Lazy
  @ConditionalOnMissingBean
  @DependsOnDatabaseInitialization
  SessionStore coatcheckStore(
      ObjectProvider<BuiltStore> built, ConfigurableListableBeanFactory beans) {
    for (String name : beans.getBeanNamesForType(SessionManager.class, true, false)) {
      if (beans.getSingleton(name) instanceof SessionManager own) {
        return own.store();
      }
    }
    return built.getObject().store();
  }

  @Bean(CODEC)
  @ConditionalOnMissingBean
  AttributeCodec coatcheckAttributeCodec(BeanFactory beans) {
    List<String> packages =
        AutoConfigurationPackages.has(beans) ? AutoConfigurationPackages.get(beans) : List.of();
    AttributeCodec codec =
        new NamedRefusals(SessionCodec.create(properties.attributes(), packages));
    if (HAS_SECURITY) {
      codec = new RefusedLogins(codec);
    }
    return HAS_WEB_SECURITY ? new KnownContexts(codec) : codec;
  }

  @Bean(POLICY)
  @ConditionalOnMissingBean
  SessionPolicy coatcheckPolicy() {
    return new ManagerFactory(properties).policy();
  }

  @Bean(name = MANAGER, destroyMethod = "close")
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

  /**
   * Registers the application's own {@link SessionFilter} if it has one; not again if a
   * registration of the application does, whose declared type does not show it.
   */
  @Bean(REGISTRATION)
  @Conditional(NoFilterRegistration.class)
  FilterRegistrationBean<SessionFilter> coatcheckFilterRegistration(
      SessionManager manager,
      ObjectProvider<SessionFilter> own,
      ConfigurableListableBeanFactory beans,
      ObjectProvider<SessionFilterCustomizer> customizers) {
    DeclaredFilter declared = new DeclaredFilter(beans);
    SessionFilter registered = declared.registered(REGISTRATION);
    SessionFilter filter = registered == null ? own.getIfAvailable() : registered;
    if (filter == null) {
      filter = declared.bean();
    }
    FilterRegistrationBean<SessionFilter> registration =
        filter == null
            ? new FilterFactory(properties)
                .registration(
                    manager, DeclaredListeners.of(beans), customizers.orderedStream().toList())
            : new FilterRegistrationBean<>(filter);
    registration.setName("coatcheckSessionFilter");
    registration.setDispatcherTypes(EnumSet.copyOf(FilterPlacement.DISPATCHES));
    registration.setAsyncSupported(true);
    registration.setEnabled(registered == null);
    return registration;
  }

  @Bean
  static EmptyProperties coatcheckEmptyProperties() {
    return new EmptyProperties();
  }

  @Bean
  static FilterPlacement coatcheckFilterPlacement(Environment environment) {
    return new FilterPlacement(environment);
  }

  @Bean
  StartCheck coatcheckStartCheck(
      WebApplicationContext context, ConfigurableListableBeanFactory beans) {
    return new StartCheck(context, beans, ineffective);
  }
}

package io.coatcheck.session.spring;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.codec.JavaSerializationCodec;
import io.coatcheck.session.migration.SpringSessionImport;
import io.coatcheck.session.migration.SpringSessions;
import java.util.List;
import javax.sql.DataSource;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.InitializingBean;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigurationPackages;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

/**
 * Imports the sessions of Spring Session, if {@code coatcheck.migration.spring-session.enabled} is
 * set and {@code coatcheck-migration} is there: from a bean of type {@link SpringSessions} if there
 * is one, as for Redis, or else from the table in the database.
 *
 * @since 0.1.0
 */
@AutoConfiguration(after = CoatcheckAutoConfiguration.class)
@ConditionalOnBean(CoatcheckAutoConfiguration.class)
@ConditionalOnProperty("coatcheck.migration.spring-session.enabled")
public final class CoatcheckMigrationAutoConfiguration {

  private static final String ENABLED = "coatcheck.migration.spring-session.enabled";

  CoatcheckMigrationAutoConfiguration() {}

  /** Refuses the property where the import is not on the class path. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnMissingClass("io.coatcheck.session.migration.SpringSessionImport")
  static class Missing {

    @Bean
    InitializingBean coatcheckMigrationCheck() {
      return () -> {
        throw new InvalidSettingException(
            ENABLED + " must not be true without the dependency coatcheck-migration: true");
      };
    }
  }

  /** The import, where it is on the class path. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass(SpringSessionImport.class)
  static class Present {

    private final CoatcheckProperties properties;

    Present(CoatcheckProperties properties) {
      this.properties = properties;
    }

    @Bean
    @ConditionalOnMissingBean
    SpringSessionImport coatcheckSpringSessionImport(
        SessionManager manager,
        AttributeCodec codec,
        ObjectProvider<SpringSessions> own,
        ObjectProvider<DataSource> databases,
        BeanFactory beans) {
      SpringSessions sessions = own.getIfAvailable();
      ImportFactory factory = new ImportFactory(properties.migration().springSession());
      return factory.create(
          manager,
          sessions == null ? factory.ofDatabase(databases.getIfUnique()) : sessions,
          decoder(codec, beans));
    }

    /** Before Spring Security, and after all filters of sessions, which must come before that. */
    @Bean
    FilterRegistrationBean<SpringSessionImport> coatcheckSpringSessionImportRegistration(
        SpringSessionImport bridge, Environment environment) {
      FilterRegistrationBean<SpringSessionImport> registration =
          new FilterRegistrationBean<>(bridge);
      registration.setName("coatcheckSpringSessionImport");
      registration.setOrder(FilterPlacement.securityOrder(environment) - 1);
      registration.setAsyncSupported(true);
      return registration;
    }

    /** The allow-list is that of the attributes. */
    private JavaSerializationCodec decoder(AttributeCodec codec, BeanFactory beans) {
      if (codec instanceof JavaSerializationCodec own) {
        return own;
      }
      List<String> packages =
          AutoConfigurationPackages.has(beans) ? AutoConfigurationPackages.get(beans) : List.of();
      return SessionCodec.create(properties.attributes(), packages);
    }
  }
}

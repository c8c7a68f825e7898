package io.coatcheck.examples.frameworks.spring;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.event.AuditListener;
import io.coatcheck.session.servlet.SessionFilter;
import io.coatcheck.session.store.SessionStore;
import jakarta.servlet.DispatcherType;
import java.util.EnumSet;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;

/** Puts the sessions in front of everything that asks for one. */
@Configuration
class Sessions {

  @Bean(destroyMethod = "close")
  SessionManager sessionManager(SessionStore store, AttributeCodec codec) {
    return SessionManager.builder(store).codec(codec).listener(new AuditListener()).build();
  }

  @Bean
  FilterRegistrationBean<SessionFilter> sessionFilter(SessionManager manager) {
    FilterRegistrationBean<SessionFilter> registration =
        new FilterRegistrationBean<>(SessionFilter.builder(manager).build());
    registration.setOrder(Ordered.HIGHEST_PRECEDENCE + 50);
    registration.setDispatcherTypes(
        EnumSet.of(
            DispatcherType.REQUEST,
            DispatcherType.FORWARD,
            DispatcherType.ASYNC,
            DispatcherType.ERROR));
    return registration;
  }
}

package io.coatcheck.session.spring;

import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.context.ApplicationListener;
import org.springframework.security.authentication.AuthenticationEventPublisher;
import org.springframework.security.authentication.ProviderManager;
import org.springframework.security.authentication.event.AuthenticationSuccessEvent;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.AuthenticationException;

/**
 * Learns which credentials were checked: from the events of Spring Security's managers, and from a
 * manager that the application has created, which publishes none.
 */
final class LoginEvents
    implements ApplicationListener<AuthenticationSuccessEvent>, BeanPostProcessor {

  @Override
  public Object postProcessAfterInitialization(Object bean, String name) {
    if (bean instanceof ProviderManager manager && PrivateField.PUBLISHER.hasDefault(manager)) {
      manager.setAuthenticationEventPublisher(new Accepted());
    }
    return bean;
  }

  /** Needs the thread of the request. */
  @Override
  public boolean supportsAsyncExecution() {
    return false;
  }

  @Override
  public void onApplicationEvent(AuthenticationSuccessEvent event) {
    CheckedCredentials.accepted(event.getAuthentication());
  }

  /** Is not a bean, since it publishes nothing. */
  private static final class Accepted implements AuthenticationEventPublisher {

    @Override
    public void publishAuthenticationSuccess(Authentication authentication) {
      CheckedCredentials.accepted(authentication);
    }

    @Override
    public void publishAuthenticationFailure(
        AuthenticationException exception, Authentication authentication) {}
  }
}

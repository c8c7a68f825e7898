package io.coatcheck.session.spring;

import io.coatcheck.session.servlet.SessionFilter;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.autoconfigure.condition.ConditionMessage;
import org.springframework.boot.autoconfigure.condition.ConditionOutcome;
import org.springframework.boot.autoconfigure.condition.SpringBootCondition;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.context.annotation.ConfigurationCondition;
import org.springframework.core.ResolvableType;
import org.springframework.core.type.AnnotatedTypeMetadata;

/** Matches if the application does not declare a {@code FilterRegistrationBean<SessionFilter>}. */
final class NoFilterRegistration extends SpringBootCondition implements ConfigurationCondition {

  private static final ResolvableType REGISTRATION =
      ResolvableType.forClassWithGenerics(FilterRegistrationBean.class, SessionFilter.class);

  @Override
  public ConfigurationPhase getConfigurationPhase() {
    return ConfigurationPhase.REGISTER_BEAN;
  }

  @Override
  public ConditionOutcome getMatchOutcome(
      ConditionContext context, AnnotatedTypeMetadata metadata) {
    ConfigurableListableBeanFactory beans = context.getBeanFactory();
    String[] names =
        beans == null ? new String[0] : beans.getBeanNamesForType(REGISTRATION, true, false);
    ConditionMessage.Builder message = ConditionMessage.forCondition("Registration of the filter");
    return names.length == 0
        ? ConditionOutcome.match(message.because("the application has none"))
        : ConditionOutcome.noMatch(message.found("bean").items((Object[]) names));
  }
}

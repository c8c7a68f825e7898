package io.coatcheck.session.spring;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.aot.AotDetector;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.support.BeanDefinitionBuilder;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.context.EnvironmentAware;
import org.springframework.context.annotation.ImportBeanDefinitionRegistrar;
import org.springframework.core.env.Environment;
import org.springframework.core.type.AnnotationMetadata;
import org.springframework.util.StringUtils;

/**
 * Refuses to start an application that was processed ahead of time with other switches: the
 * processing alone decides which parts there are, so that a part that was on would still have an
 * effect, and one that was off would have none.
 */
final class ProcessedSwitches implements SmartInitializingSingleton, EnvironmentAware {

  private static final PropertySwitch ALL = new PropertySwitch.All();

  private static final List<PropertySwitch> PARTS =
      List.of(
          new PropertySwitch.Security(),
          new PropertySwitch.NamesOnly(),
          new PropertySwitch.SpringSession(),
          new PropertySwitch.Jwt(),
          new PropertySwitch.ContainerSession(),
          new PropertySwitch.BackChannelLogout());

  /** The properties that were on when the bean was defined: ahead of time, if it was processed. */
  private final Set<String> on;

  private @Nullable Environment environment;

  /**
   * Creates the check.
   *
   * @param on the properties that are on, separated by commas
   */
  ProcessedSwitches(String on) {
    this.on = StringUtils.commaDelimitedListToSet(on);
  }

  @Override
  public void setEnvironment(Environment environment) {
    this.environment = environment;
  }

  @Override
  public void afterSingletonsInstantiated() {
    if (AotDetector.useGeneratedArtifacts() && environment != null) {
      check(environment);
    }
  }

  private void check(Environment now) {
    refuseIfChanged(ALL, now);
    if (ALL.isOn(now)) {
      PARTS.forEach(part -> refuseIfChanged(part, now));
    }
  }

  private void refuseIfChanged(PropertySwitch part, Environment now) {
    if (on.contains(part.property()) != part.isOn(now)) {
      throw new InvalidSettingException(
          part.property()
              + " must be what it was when the application was processed ahead of time: "
              + now.getProperty(part.property(), "not set"));
    }
  }

  /** Records the switches in the definition of the bean, which the processing writes down. */
  static final class Recorder implements ImportBeanDefinitionRegistrar {

    private final Environment environment;

    Recorder(Environment environment) {
      this.environment = environment;
    }

    @Override
    public void registerBeanDefinitions(
        AnnotationMetadata importing, BeanDefinitionRegistry registry) {
      StringBuilder on = new StringBuilder();
      if (ALL.isOn(environment)) {
        on.append(ALL.property());
        PARTS.stream()
            .filter(part -> part.isOn(environment))
            .forEach(part -> on.append(',').append(part.property()));
      }
      registry.registerBeanDefinition(
          "coatcheckProcessedSwitches",
          BeanDefinitionBuilder.rootBeanDefinition(ProcessedSwitches.class)
              .addConstructorArgValue(on.toString())
              .setRole(BeanDefinition.ROLE_INFRASTRUCTURE)
              .getBeanDefinition());
    }
  }
}

package io.coatcheck.session.spring;

import java.util.Map;
import org.springframework.aot.AotDetector;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.core.env.Environment;

/**
 * Refuses to start an application that was processed ahead of time with a part switched on, and is
 * started with it switched off: the part would have an effect nevertheless, since conditions are
 * evaluated by the processing alone.
 */
final class ProcessedSwitches {

  /** A bean that exists exactly if the part is on, even if the application has its own bridge. */
  private static final Map<PropertySwitch, String> BEANS =
      Map.of(
          new PropertySwitch.All(), CoatcheckAutoConfiguration.START_CHECK,
          new PropertySwitch.Security(), CoatcheckSecurityAutoConfiguration.CONTEXTS,
          new PropertySwitch.NamesOnly(), CoatcheckSecurityAutoConfiguration.PRINCIPALS,
          new PropertySwitch.SpringSession(),
              registrationOf(CoatcheckMigrationAutoConfiguration.IMPORT),
          new PropertySwitch.Jwt(), registrationOf(CoatcheckMigrationAutoConfiguration.EXCHANGE),
          new PropertySwitch.ContainerSession(),
              registrationOf(CoatcheckMigrationAutoConfiguration.ADOPTION),
          new PropertySwitch.BackChannelLogout(),
              registrationOf(CoatcheckMigrationAutoConfiguration.LOGOUT_ENDPOINT));

  private ProcessedSwitches() {}

  private static String registrationOf(String bridge) {
    return bridge + CoatcheckMigrationAutoConfiguration.REGISTRATION;
  }

  static void check(BeanFactory beans, Environment environment) {
    if (!AotDetector.useGeneratedArtifacts()) {
      return;
    }
    BEANS.forEach(
        (part, bean) -> {
          if (beans.containsBean(bean) && !part.isOn(environment)) {
            throw new InvalidSettingException(
                part.property()
                    + " must be what it was when the application was processed ahead of time: "
                    + environment.getProperty(part.property(), "not set"));
          }
        });
  }
}

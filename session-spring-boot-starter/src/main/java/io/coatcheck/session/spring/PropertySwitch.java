package io.coatcheck.session.spring;

import io.coatcheck.session.spring.CoatcheckProperties.SecurityContextKind;
import java.util.function.Predicate;
import org.springframework.boot.autoconfigure.condition.ConditionMessage;
import org.springframework.boot.autoconfigure.condition.ConditionOutcome;
import org.springframework.boot.autoconfigure.condition.SpringBootCondition;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.core.env.Environment;
import org.springframework.core.type.AnnotatedTypeMetadata;

/**
 * Matches if a property switches a part on, read as {@link CoatcheckProperties} reads it: {@code
 * yes} is on, {@code off} and {@code 0} are not, and an empty path is as good as none. {@code
 * ConditionalOnProperty} compares texts, and would see all of these in another way.
 */
abstract class PropertySwitch extends SpringBootCondition {

  private final String name;
  private final Predicate<Binder> isOn;

  private PropertySwitch(String name, Predicate<Binder> isOn) {
    this.name = name;
    this.isOn = isOn;
  }

  private PropertySwitch(String name, boolean isOnByDefault) {
    this(name, binder -> binder.bind(name, Boolean.class).orElse(isOnByDefault));
  }

  @Override
  public ConditionOutcome getMatchOutcome(
      ConditionContext context, AnnotatedTypeMetadata metadata) {
    boolean isMatch = isOn(context.getEnvironment());
    return new ConditionOutcome(
        isMatch,
        ConditionMessage.forCondition("Property of Coatcheck")
            .because(name + (isMatch ? " is on" : " is off")));
  }

  /** Returns the name of the property. */
  String property() {
    return name;
  }

  /** Returns whether the property switches the part on. */
  boolean isOn(Environment environment) {
    return isOn.test(Binder.get(environment));
  }

  /** {@code coatcheck.enabled}. */
  static final class All extends PropertySwitch {

    All() {
      super("coatcheck.enabled", true);
    }
  }

  /** {@code coatcheck.security.enabled}. */
  static final class Security extends PropertySwitch {

    Security() {
      super("coatcheck.security.enabled", true);
    }
  }

  /** {@code coatcheck.security.context=principal}. */
  static final class NamesOnly extends PropertySwitch {

    private static final String NAME = "coatcheck.security.context";

    NamesOnly() {
      super(NAME, NamesOnly::isOn);
    }

    private static boolean isOn(Binder binder) {
      return binder.bind(NAME, SecurityContextKind.class).orElse(SecurityContextKind.SESSION)
          == SecurityContextKind.PRINCIPAL;
    }
  }

  /** {@code coatcheck.migration.spring-session.enabled}. */
  static final class SpringSession extends PropertySwitch {

    static final String NAME = "coatcheck.migration.spring-session.enabled";

    SpringSession() {
      super(NAME, false);
    }
  }

  /** {@code coatcheck.migration.jwt.enabled}. */
  static final class Jwt extends PropertySwitch {

    static final String NAME = "coatcheck.migration.jwt.enabled";

    Jwt() {
      super(NAME, false);
    }
  }

  /** {@code coatcheck.migration.container-session.enabled}. */
  static final class ContainerSession extends PropertySwitch {

    static final String NAME = "coatcheck.migration.container-session.enabled";

    ContainerSession() {
      super(NAME, false);
    }
  }

  /** {@code coatcheck.migration.back-channel-logout.path}, if it is not blank. */
  static final class BackChannelLogout extends PropertySwitch {

    static final String NAME = "coatcheck.migration.back-channel-logout.path";

    BackChannelLogout() {
      super(NAME, binder -> !binder.bind(NAME, String.class).orElse("").isBlank());
    }
  }
}

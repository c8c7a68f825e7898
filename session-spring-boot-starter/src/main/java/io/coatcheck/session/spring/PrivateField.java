package io.coatcheck.session.spring;

import java.lang.reflect.Field;
import org.jspecify.annotations.Nullable;
import org.springframework.security.authentication.ProviderManager;
import org.springframework.security.web.authentication.AbstractAuthenticationProcessingFilter;
import org.springframework.util.ReflectionUtils;

/**
 * A setting of Spring Security that can be written but not read, and that the application may have
 * chosen.
 */
final class PrivateField {

  static final PrivateField PUBLISHER =
      new PrivateField(ProviderManager.class, "eventPublisher", "NullEventPublisher");

  static final PrivateField STRATEGY =
      new PrivateField(
          AbstractAuthenticationProcessingFilter.class,
          "sessionStrategy",
          "NullAuthenticatedSessionStrategy");

  private final @Nullable Field field;
  private final String defaultType;

  private PrivateField(Class<?> type, String name, String defaultType) {
    this.field = ReflectionUtils.findField(type, name);
    this.defaultType = defaultType;
    if (field != null) {
      ReflectionUtils.makeAccessible(field);
    }
  }

  /** Returns whether the setting is known to be the default of its class. */
  boolean hasDefault(Object owner) {
    Object value = field == null ? null : ReflectionUtils.getField(field, owner);
    return value != null && value.getClass().getSimpleName().equals(defaultType);
  }
}

package io.coatcheck.session.spring;

import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationPropertiesBindHandlerAdvisor;
import org.springframework.boot.context.properties.bind.AbstractBindHandler;
import org.springframework.boot.context.properties.bind.BindContext;
import org.springframework.boot.context.properties.bind.BindHandler;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.UnboundConfigurationPropertiesException;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;

/**
 * Lets an empty text count as not set, so that a profile clears what another one sets. Spring Boot
 * converts an empty text to no value if the property is a duration, a number, a size, a switch or
 * one of several words, and then refuses the property like one with an unknown name.
 */
final class EmptyProperties implements ConfigurationPropertiesBindHandlerAdvisor {

  private static final ConfigurationPropertyName OURS = ConfigurationPropertyName.of("coatcheck");

  @Override
  public BindHandler apply(BindHandler handler) {
    Set<ConfigurationPropertyName> known = ConcurrentHashMap.newKeySet();
    return new AbstractBindHandler(handler) {

      @Override
      public <T> @Nullable Bindable<T> onStart(
          ConfigurationPropertyName name, Bindable<T> target, BindContext context) {
        if (OURS.isAncestorOf(name)) {
          known.add(name);
        }
        return super.onStart(name, target, context);
      }

      @Override
      public void onFinish(
          ConfigurationPropertyName name,
          Bindable<?> target,
          BindContext context,
          @Nullable Object result)
          throws Exception {
        try {
          super.onFinish(name, target, context, result);
        } catch (UnboundConfigurationPropertiesException e) {
          if (!name.equals(OURS)) {
            throw e;
          }
          refuseUnknown(e.getUnboundProperties(), known);
        }
      }
    };
  }

  /** A known property that was not bound had no value, perhaps by an empty placeholder. */
  private static void refuseUnknown(
      Set<ConfigurationProperty> unbound, Set<ConfigurationPropertyName> known) {
    Set<ConfigurationProperty> unknown = new LinkedHashSet<>(unbound);
    unknown.removeIf(property -> known.contains(property.getName()));
    if (!unknown.isEmpty()) {
      throw new UnboundConfigurationPropertiesException(unknown);
    }
  }
}

package io.coatcheck.session.spring;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Passes the properties of one group to a builder, and names them if the builder refuses one of
 * them or their combination.
 */
final class Settings {

  private final String prefix;

  /** The properties that were set, by the names that builders use in their messages. */
  private final Map<String, String> properties = new LinkedHashMap<>();

  /**
   * Begins a group.
   *
   * @param prefix with a dot at the end, such as {@code coatcheck.cookie.}
   */
  Settings(String prefix) {
    this.prefix = prefix;
  }

  /** Passes a value on unless it is null. */
  <T> Settings set(String setting, @Nullable T value, Consumer<T> builder) {
    if (value != null) {
      String property = prefix + kebab(setting);
      properties.put(setting, property);
      try {
        builder.accept(value);
      } catch (IllegalArgumentException e) {
        throw new InvalidSettingException(List.of(property), messageOf(e), e);
      }
    }
    return this;
  }

  /**
   * Passes each value of a list on. One that is null was empty in a list of other things than
   * texts.
   */
  <T> Settings each(String setting, Collection<? extends @Nullable T> values, Consumer<T> builder) {
    for (T value : values) {
      if (value == null) {
        throw new InvalidSettingException(
            prefix + kebab(setting) + " must have no empty element: " + values);
      }
      set(setting, value, builder);
    }
    return this;
  }

  /** Counts a property of another name as one of this group, for the messages of {@link #build}. */
  Settings alias(String setting, @Nullable Object value, String property) {
    if (value != null) {
      properties.put(setting, property);
    }
    return this;
  }

  /** Builds; if the combination is refused, names the properties that the message speaks of. */
  <T> T build(Supplier<T> builder) {
    try {
      return builder.get();
    } catch (IllegalArgumentException e) {
      throw new InvalidSettingException(namedIn(messageOf(e)), messageOf(e), e);
    }
  }

  private List<String> namedIn(String message) {
    List<String> named = new ArrayList<>();
    properties.forEach(
        (setting, property) -> {
          // Not as a part of another name: changeFeed is not meant by changeFeedInterval.
          if (Pattern.compile("\\b" + Pattern.quote(setting) + "\\b").matcher(message).find()) {
            named.add(property);
          }
        });
    if (named.isEmpty()) {
      named.addAll(properties.values());
    }
    if (named.isEmpty()) {
      named.add(prefix + "*");
    }
    return named;
  }

  private static String messageOf(RuntimeException e) {
    return String.valueOf(e.getMessage());
  }

  private static String kebab(String setting) {
    return setting.replaceAll("([a-z0-9])([A-Z])", "$1-$2").toLowerCase(Locale.ROOT);
  }
}

package io.coatcheck.session;

import java.time.Duration;

/**
 * A timeout with the name and origin that error messages show.
 *
 * @param setting its name
 * @param origin where it was set, if not by the caller that gets the message; else {@code ""}
 */
record NamedTimeout(String setting, Duration value, String origin) {

  static NamedTimeout set(String setting, Duration value) {
    return new NamedTimeout(setting, value, "");
  }

  static NamedTimeout byDefault(String setting, Duration value) {
    return new NamedTimeout(setting, value, "default");
  }

  /** Rejects this timeout if it is longer than its limit: it would have no effect. */
  void requireNotLongerThan(NamedTimeout limit) {
    if (value.compareTo(limit.value) > 0) {
      throw new IllegalArgumentException(
          setting + " must not be longer than " + limit.setting + ": " + this + " > " + limit);
    }
  }

  @Override
  public String toString() {
    return origin.isEmpty() ? value.toString() : value + " (" + origin + ")";
  }
}

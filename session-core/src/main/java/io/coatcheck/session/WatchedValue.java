package io.coatcheck.session;

/**
 * An object that was decoded from an attribute's bytes, kept to detect changes in place when the
 * session is saved. Guarded by the lock of the session.
 */
final class WatchedValue {

  private final Object value;
  private boolean isHandedOut;

  WatchedValue(Object value, boolean isHandedOut) {
    this.value = value;
    this.isHandedOut = isHandedOut;
  }

  Object value() {
    return value;
  }

  /** Returns whether the application holds the object and may change it. */
  boolean isHandedOut() {
    return isHandedOut;
  }

  /** Returns the object to the application, which may change it from now on. */
  Object handOut() {
    isHandedOut = true;
    return value;
  }
}

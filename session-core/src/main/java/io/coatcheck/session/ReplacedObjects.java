package io.coatcheck.session;

import io.coatcheck.session.codec.AttributeValue;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The objects that a request has read, and that another request has replaced since: the application
 * holds them, and may set them again. Guarded by the lock of the session.
 */
final class ReplacedObjects {

  private record Replaced(Object value, AttributeValue from) {}

  private final Map<String, Replaced> byName = new HashMap<>();

  /** Records an object, and the stored value that it was decoded from. */
  void add(String name, Object value, AttributeValue from) {
    byName.put(name, new Replaced(value, from));
  }

  /** Returns the stored value that an object was decoded from; null if it is not known here. */
  @Nullable AttributeValue readFrom(String name, @Nullable Object value) {
    Replaced known = byName.get(name);
    return known != null && known.value() == value ? known.from() : null;
  }

  /** Forgets the object of an attribute that the request itself has changed. */
  void forget(String name) {
    byName.remove(name);
  }
}

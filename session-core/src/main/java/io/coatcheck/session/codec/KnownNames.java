package io.coatcheck.session.codec;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The attribute names read most recently, so that equal names share one String: the sessions of an
 * application have the same few names. A copy of a session then does not hold its own strings, and
 * a request that looks for an attribute finds the names in the processor's cache.
 *
 * <p>A table of fixed size, in which a name takes the place of another one with the same hash. It
 * holds only short names in ASCII; others are decoded each time. Thread-safe, without locks.
 */
final class KnownNames {

  private static final int PLACES = 256;
  private static final int MAX_LENGTH = 64;

  private final AtomicReferenceArray<@Nullable String> names = new AtomicReferenceArray<>(PLACES);

  /** Returns the name that is encoded so; null if it is not known. */
  @Nullable String find(byte[] ascii) {
    String known = ascii.length > MAX_LENGTH ? null : names.getAcquire(place(ascii));
    return known != null && isEncodedAs(known, ascii) ? known : null;
  }

  private static boolean isEncodedAs(String name, byte[] ascii) {
    if (name.length() != ascii.length) {
      return false;
    }
    for (int i = 0; i < ascii.length; i++) {
      if (name.charAt(i) != ascii[i]) {
        return false;
      }
    }
    return true;
  }

  /** Remembers a name, if it is one to be found by its encoding. */
  void add(String name, byte[] encoded) {
    if (encoded.length <= MAX_LENGTH && isEncodedAs(name, encoded)) {
      names.setRelease(place(encoded), name);
    }
  }

  private static int place(byte[] encoded) {
    int hash = Arrays.hashCode(encoded);
    return (hash ^ hash >>> 16 ^ hash >>> 8) & (PLACES - 1);
  }
}

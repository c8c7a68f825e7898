package io.coatcheck.examples.customstore;

import io.coatcheck.session.store.StoredSession;
import org.h2.mvstore.MVMap;
import org.jspecify.annotations.Nullable;

/**
 * The sessions of each principal. A key is the principal, U+0000, which no principal contains, and
 * the id.
 */
final class PrincipalKeys {

  private final MVMap<String, String> keys;

  PrincipalKeys(MVMap<String, String> keys) {
    this.keys = keys;
  }

  void add(StoredSession session) {
    session.principal().ifPresent(principal -> keys.put(start(principal) + session.id(), ""));
  }

  void remove(StoredSession session) {
    session.principal().ifPresent(principal -> keys.remove(start(principal) + session.id()));
  }

  /** Returns the id of the principal's next session; null if there is none. */
  @Nullable String next(String principal, String after) {
    String start = start(principal);
    String key = keys.higherKey(start + after);
    return key != null && key.startsWith(start) ? key.substring(start.length()) : null;
  }

  /** Returns the id of the principal's next session up to a last one; null if there is none. */
  @Nullable String next(String principal, String after, String last) {
    String id = next(principal, after);
    return id != null && id.compareTo(last) <= 0 ? id : null;
  }

  /** Returns the id of the principal's last session; null if there is none. */
  @Nullable String last(String principal) {
    String start = start(principal);
    String key = keys.lowerKey(principal + '\1');
    return key != null && key.startsWith(start) ? key.substring(start.length()) : null;
  }

  private static String start(String principal) {
    return principal + '\0';
  }
}

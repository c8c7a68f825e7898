package io.coatcheck.session.servlet;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Values that a container itself keeps in a session, for its own use on this node. When a logged-in
 * user has opened a WebSocket, Tomcat sets a value whose {@code valueUnbound} closes the socket
 * with the session. It does so after the request has ended, the value is useless elsewhere, and no
 * application would allow its class to be read from a store. So such values are never stored.
 *
 * <p>Thread-safe.
 */
final class ContainerValues {

  /** The package of Tomcat's classes, which is how it names its attribute. */
  private static final String TOMCAT_WEBSOCKET = "org.apache.tomcat.websocket.";

  /**
   * This node is not notified of every session that ends on another node; leftovers go after this
   * time.
   */
  private static final Duration LIFE = Duration.ofDays(1);

  private final SessionManager manager;
  private final Cache<SessionId, Map<String, Object>> bySession =
      Caffeine.newBuilder().expireAfterAccess(LIFE).build();

  ContainerValues(SessionManager manager) {
    this.manager = manager;
  }

  /** Returns whether an attribute is a container's own. */
  static boolean owns(String name) {
    return name.startsWith(TOMCAT_WEBSOCKET);
  }

  @Nullable Object get(Session session, String name) {
    Map<String, Object> values = bySession.getIfPresent(session.id());
    return values == null ? null : values.get(name);
  }

  /**
   * Keeps a value until the session ends.
   *
   * @throws IllegalStateException if it has ended by now, even if this request was not notified
   */
  void put(Session session, String name, Object value) {
    bySession
        .asMap()
        .computeIfAbsent(session.id(), id -> new ConcurrentHashMap<>())
        .put(name, value);
    if (session.isEnded() || (session.isStored() && !manager.isStillLive(session))) {
      bySession.invalidate(session.id());
      throw new IllegalStateException("the session has ended: " + session.id());
    }
  }

  @Nullable Object remove(Session session, String name) {
    Map<String, Object> values = bySession.getIfPresent(session.id());
    return values == null ? null : values.remove(name);
  }

  /** Returns, once, the values of a session that has ended. */
  Map<String, Object> removeAll(SessionId id) {
    Map<String, Object> values = bySession.asMap().remove(id);
    return values == null ? Map.of() : values;
  }
}

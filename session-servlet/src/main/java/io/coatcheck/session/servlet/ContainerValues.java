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
 * What a container itself keeps at a session, for its own use on this node: Tomcat, when a
 * logged-in user has opened a WebSocket, puts a value there whose {@code valueUnbound} closes the
 * socket with the session. It does so when the request is over, the value is of use nowhere else,
 * and its class is none that an application would allow to be read from a store: so it is never
 * stored.
 *
 * <p>Thread-safe.
 */
final class ContainerValues {

  /** As Tomcat's classes are called, which is how it names its attribute. */
  private static final String TOMCAT_WEBSOCKET = "org.apache.tomcat.websocket.";

  /** Not every session that ends on another node is heard of here: what is left of it goes then. */
  private static final Duration LIFE = Duration.ofDays(1);

  private final SessionManager manager;
  private final Cache<SessionId, Map<String, Object>> bySession =
      Caffeine.newBuilder().expireAfterAccess(LIFE).build();

  ContainerValues(SessionManager manager) {
    this.manager = manager;
  }

  /** Tells whether an attribute is a container's own. */
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
   * @throws IllegalStateException if it has ended by now, even if nobody has told this request
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

  /** Returns, once, what was kept of a session that has ended. */
  Map<String, Object> removeAll(SessionId id) {
    Map<String, Object> values = bySession.asMap().remove(id);
    return values == null ? Map.of() : values;
  }
}

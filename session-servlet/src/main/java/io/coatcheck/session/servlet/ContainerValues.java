package io.coatcheck.session.servlet;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
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
   * This node is not notified of every session that ends on another node. What is left of those
   * goes this long after the session's absolute deadline, when its end was reported long ago.
   */
  private static final long SLACK_MILLIS = Duration.ofDays(1).toMillis();

  private final SessionManager manager;
  private final Cache<SessionId, Kept> bySession;

  ContainerValues(SessionManager manager) {
    this.manager = manager;
    bySession =
        Caffeine.newBuilder()
            .ticker(() -> TimeUnit.MILLISECONDS.toNanos(manager.clock().millis()))
            .expireAfter(new AfterTheDeadline())
            .build();
  }

  /** The values of one session. */
  private static final class Kept {

    private final Map<String, Object> values = new ConcurrentHashMap<>();

    /** The absolute deadline of the session, as far as this node knows. */
    private final AtomicLong deadlineMillis = new AtomicLong(Long.MIN_VALUE);

    private void prolong(Instant deadline) {
      deadlineMillis.accumulateAndGet(deadline.toEpochMilli(), Math::max);
    }
  }

  private final class AfterTheDeadline implements Expiry<SessionId, Kept> {

    private long nanosLeft(Kept kept) {
      long millis = kept.deadlineMillis.get() + SLACK_MILLIS - manager.clock().millis();
      return TimeUnit.MILLISECONDS.toNanos(Math.max(millis, 0));
    }

    @Override
    public long expireAfterCreate(SessionId id, Kept kept, long now) {
      return nanosLeft(kept);
    }

    @Override
    public long expireAfterUpdate(SessionId id, Kept kept, long now, long left) {
      return nanosLeft(kept);
    }

    @Override
    public long expireAfterRead(SessionId id, Kept kept, long now, long left) {
      return nanosLeft(kept);
    }
  }

  /** Returns whether an attribute is a container's own. */
  static boolean owns(String name) {
    return name.startsWith(TOMCAT_WEBSOCKET);
  }

  @Nullable Object get(Session session, String name) {
    Kept kept = bySession.getIfPresent(session.id());
    return kept == null ? null : kept.values.get(name);
  }

  /**
   * Keeps a value until the session ends.
   *
   * @throws IllegalStateException if it has ended by now, even if this request was not notified
   */
  void put(Session session, String name, Object value) {
    Instant deadline = session.absoluteDeadline();
    bySession
        .asMap()
        .compute(
            session.id(),
            (id, known) -> {
              Kept kept = known == null ? new Kept() : known;
              kept.prolong(deadline);
              kept.values.put(name, value);
              return kept;
            });
    if (session.isEnded() || (session.isStored() && !manager.isStillLive(session))) {
      bySession.invalidate(session.id());
      throw new IllegalStateException("the session has ended: " + session.id());
    }
  }

  @Nullable Object remove(Session session, String name) {
    Kept kept = bySession.getIfPresent(session.id());
    return kept == null ? null : kept.values.remove(name);
  }

  /** Returns, once, the values of a session that has ended. */
  Map<String, Object> removeAll(SessionId id) {
    Kept kept = bySession.asMap().remove(id);
    return kept == null ? Map.of() : kept.values;
  }

  /** Records that a login has given a session another absolute deadline. */
  void loggedIn(StoredSession session) {
    bySession
        .asMap()
        .computeIfPresent(
            session.id(),
            (id, kept) -> {
              kept.prolong(session.absoluteDeadline());
              return kept;
            });
  }
}

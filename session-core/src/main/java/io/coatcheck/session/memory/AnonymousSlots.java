package io.coatcheck.session.memory;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Policy;
import com.github.benmanes.caffeine.cache.RemovalCause;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The slots of anonymous sessions: as many as the authenticated ones leave room for. Caffeine
 * chooses which to evict, by how often and how recently a session was used, so that a flood of
 * sessions that are never used again displaces itself and not the sessions of real visitors.
 *
 * <p>Thread-safe, except for {@link #put}, {@link #bound}, {@link #takeEvicted} and {@link #close},
 * which the table calls under its lock.
 */
final class AnonymousSlots {

  private final Cache<SessionId, Slot> cache;
  private final Policy<SessionId, Slot> policy;
  private final Policy.Eviction<SessionId, Slot> eviction;
  private final Consumer<Slot> afterEviction;

  /** Filled inside Caffeine's locks, by the thread that does its maintenance. */
  private final Queue<StoredSession> evicted = new ConcurrentLinkedQueue<>();

  /** The cache's present maximum; negative once it is closed. */
  private long maximum;

  /**
   * Creates an empty cache.
   *
   * @param afterEviction called inside Caffeine's locks with each slot that was emptied
   */
  AnonymousSlots(long maximum, Consumer<Slot> afterEviction) {
    this.maximum = maximum;
    this.afterEviction = afterEviction;
    cache =
        Caffeine.newBuilder()
            .maximumSize(maximum)
            // The thread that needs room makes it: there is no background thread.
            .executor(Runnable::run)
            .evictionListener(this::evict)
            .build();
    policy = cache.policy();
    eviction = policy.eviction().orElseThrow();
  }

  /** Returns a slot and counts it as used. */
  @Nullable Slot use(SessionId id) {
    return cache.getIfPresent(id);
  }

  /** Returns a slot without affecting eviction. */
  @Nullable Slot peek(SessionId id) {
    return policy.getIfPresentQuietly(id);
  }

  /** Adds a slot, and evicts sessions until at most {@code room} are left. */
  void put(SessionId id, Slot slot, long room) {
    // First, so that the cache does not use a maximum from when there was less room.
    bound(room);
    cache.put(id, slot);
    bound(room);
  }

  void remove(SessionId id, Slot slot) {
    cache.asMap().remove(id, slot);
  }

  /** Evicts sessions until at most {@code room} are left. */
  void bound(long room) {
    if (room != maximum && cache.estimatedSize() >= Math.min(room, maximum)) {
      if (maximum < 0) {
        throw new SessionStoreException("the in-memory store is closed");
      }
      // Only near the bound, because the cache recomputes its regions each time.
      maximum = room;
      eviction.setMaximum(room);
    }
    if (cache.estimatedSize() > room) {
      cache.cleanUp();
    }
  }

  /** Returns the sessions that were evicted since the last call. */
  List<StoredSession> takeEvicted() {
    if (evicted.isEmpty()) {
      return List.of();
    }
    List<StoredSession> taken = new ArrayList<>();
    for (StoredSession one = evicted.poll(); one != null; one = evicted.poll()) {
      taken.add(one);
    }
    return taken;
  }

  long size() {
    return cache.estimatedSize();
  }

  /** Removes all slots; a later {@link #put} or {@link #bound} throws. */
  void close() {
    cache.invalidateAll();
    maximum = -1;
  }

  private void evict(@Nullable SessionId id, @Nullable Slot slot, RemovalCause cause) {
    // A session that is logging in, or has logged in, stays: the table already holds it elsewhere.
    while (slot != null && !slot.isFrozen()) {
      StoredSession stored = slot.read();
      if (stored == null || stored.principal().isPresent()) {
        return;
      }
      StoredSession ended = slot.empty(stored);
      if (ended != null) {
        evicted.add(ended);
        afterEviction.accept(slot);
        return;
      }
    }
  }
}

package io.coatcheck.session.memory;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Policy;
import com.github.benmanes.caffeine.cache.RemovalCause;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The slots of anonymous sessions: as many as there is room for beside the authenticated ones.
 * Caffeine decides who goes, by how often and how recently a session was used, so that a flood of
 * sessions that are never used again displaces itself and not the visitors.
 *
 * <p>Thread-safe, but for {@link #put}, {@link #bound} and {@link #takeEvicted}: the table calls
 * them under its lock.
 */
final class AnonymousSlots {

  private final Cache<SessionId, Slot> cache;
  private final Policy<SessionId, Slot> policy;
  private final Policy.Eviction<SessionId, Slot> eviction;
  private final Consumer<Slot> afterEviction;

  /** Filled inside Caffeine's locks, by whichever thread does its maintenance. */
  private final Queue<StoredSession> evicted = new ConcurrentLinkedQueue<>();

  /** What the cache goes by. */
  private long maximum;

  /**
   * Makes an empty cache.
   *
   * @param afterEviction called inside Caffeine's locks with each slot that was emptied
   */
  AnonymousSlots(long maximum, Consumer<Slot> afterEviction) {
    this.maximum = maximum;
    this.afterEviction = afterEviction;
    cache =
        Caffeine.newBuilder()
            .maximumSize(maximum)
            // Room is made by the thread that needs it: there is no other thread.
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

  /** Returns a slot without any effect on what is evicted. */
  @Nullable Slot peek(SessionId id) {
    return policy.getIfPresentQuietly(id);
  }

  /** Adds a slot, and evicts sessions until there are no more than these. */
  void put(SessionId id, Slot slot, long room) {
    // First, lest the cache goes by a maximum from when there was less room.
    bound(room);
    cache.put(id, slot);
    bound(room);
  }

  void remove(SessionId id, Slot slot) {
    cache.asMap().remove(id, slot);
  }

  /** Evicts sessions until there are no more than these. */
  void bound(long room) {
    if (room != maximum && cache.estimatedSize() >= Math.min(room, maximum)) {
      // Only near the bound, because the cache reconsiders its regions each time.
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

  void clear() {
    cache.invalidateAll();
  }

  private void evict(@Nullable SessionId id, @Nullable Slot slot, RemovalCause cause) {
    // A session that is logging in, or has, stays: the table holds it elsewhere already.
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

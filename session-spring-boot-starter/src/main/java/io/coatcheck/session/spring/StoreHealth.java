package io.coatcheck.session.spring;

import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.token.SessionId;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.Ordered;

/**
 * Checks whether the store answers, by one look-up of a random id. A near cache has no copy of such
 * a session, so the look-up reaches the store itself. It takes as long as the store allows.
 */
final class StoreHealth {

  private static final Logger LOG = LoggerFactory.getLogger(StoreHealth.class);

  private static final int MAX_CAUSES = 20;

  private final SessionStore store;
  private final String storeName;
  private final InstantSource clock;
  private final SecureRandom random = new SecureRandom();

  StoreHealth(SessionStore store, Name name, InstantSource clock) {
    this.store = store;
    this.storeName = name.of(store);
    this.clock = clock;
  }

  /** Returns the name of the store's class. */
  String storeName() {
    return storeName;
  }

  /**
   * Returns the name of the exception's class, or null if the store answers. The message goes only
   * to the log: that of a driver may name hosts and users.
   */
  @Nullable String failure() {
    try {
      boolean isAbsent = store.find(SessionId.generate(clock.instant(), random)).isEmpty();
      return isAbsent ? null : "a session for a random id";
    } catch (RuntimeException e) {
      LOG.warn("The health check of the session store failed", e);
      Throwable root = e;
      // Bounded: causes may form a cycle.
      for (int depth = 0; root.getCause() != null && depth < MAX_CAUSES; depth++) {
        root = root.getCause();
      }
      return root.getClass().getName();
    }
  }

  /** Keeps the name of the store that the starter has built, without what wraps it. */
  static final class Name implements StoreObserver, Ordered {

    private volatile @Nullable String built;

    /** Returns the name of the class of this store, or of the one that it wraps. */
    String of(SessionStore store) {
      String name = built;
      return name == null ? store.getClass().getSimpleName() : name;
    }

    @Override
    public SessionStore remote(SessionStore store, BooleanSupplier isFailingFast) {
      built = store.getClass().getSimpleName();
      return store;
    }

    @Override
    public void nearCache(NearCacheSessionStore store) {
      // The store that it wraps has been seen.
    }

    @Override
    public void memory(InMemorySessionStore store) {
      built = store.getClass().getSimpleName();
    }

    /** Before those that wrap the store. */
    @Override
    public int getOrder() {
      return Ordered.HIGHEST_PRECEDENCE;
    }
  }
}

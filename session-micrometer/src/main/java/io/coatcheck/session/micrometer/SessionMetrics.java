package io.coatcheck.session.micrometer;

import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.event.SessionListener;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.store.SessionStore;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import java.util.function.BooleanSupplier;

/**
 * The meters of a session manager, its store and its near cache:
 *
 * <pre>{@code
 * SessionMetrics metrics = SessionMetrics.create(registry);
 * NearCacheSessionStore store = NearCacheSessionStore.wrap(metrics.meter(jdbcStore));
 * metrics.observe(store);
 * SessionManager manager = SessionManager.builder(store).listener(metrics).build();
 * }</pre>
 *
 * <p>As a listener it counts the events of sessions. {@link #meter} measures the calls of a store,
 * and the methods that observe read what a part counts by itself; all are optional. Every meter is
 * registered at once, with all values of its tags, so that it is zero before the first event.
 *
 * <p>No tag contains a principal, the id of a session, an address or the name of an attribute: each
 * tag has a fixed set of values. Reading the meters calls no store. {@code docs/METRICS.md} lists
 * them.
 *
 * <p>The meters stay in the registry when the manager is closed. Thread-safe.
 *
 * @since 0.1.0
 */
public final class SessionMetrics implements SessionListener {

  private final MeterRegistry registry;
  private final Tags tags;
  private final EventMeters events;

  private SessionMetrics(MeterRegistry registry, Tags tags) {
    this.registry = registry;
    this.tags = tags;
    events = new EventMeters(registry, tags);
  }

  /** Registers the meters of sessions, without tags of the application. */
  public static SessionMetrics create(MeterRegistry registry) {
    return create(registry, Tags.empty());
  }

  /**
   * Registers the meters of sessions.
   *
   * @param tags added to every meter. They distinguish the managers of one registry: with the same
   *     tags, counters are added up, and gauges show the first manager only
   */
  public static SessionMetrics create(MeterRegistry registry, Iterable<Tag> tags) {
    return new SessionMetrics(registry, Tags.of(tags));
  }

  /**
   * Wraps a store so that its calls are measured, and registers the meters of calls and of the
   * clean-up. To be called once, for the store itself: a near cache or another decorator goes
   * around what this returns. Closing it closes the store.
   *
   * <p>Calls of a store that {@linkplain SessionStore#keepsLiveValues() keeps live values} are not
   * measured, except for the clean-up: such a call takes less time than measuring it.
   *
   * @return a store with all capabilities of the given one
   */
  public SessionStore meter(SessionStore store) {
    SessionStore timed =
        store.keepsLiveValues() ? store : new TimedStore(store, new CallTimers(registry, tags));
    return new CleanUpMeteringStore(timed, new CleanUpMeters(registry, tags));
  }

  /** Registers the meters of a near cache, which it holds by a weak reference. */
  public void observe(NearCacheSessionStore nearCache) {
    NearCacheMeters.register(nearCache, registry, tags);
  }

  /**
   * Registers the number of sessions in a store in memory, which it holds by a weak reference.
   * There is no such meter for a database, since each reading would be a query.
   */
  public void observe(InMemorySessionStore memory) {
    Gauge.builder("coatcheck.sessions.live", memory, InMemorySessionStore::size)
        .description("Sessions in memory")
        .tags(tags)
        .register(registry);
  }

  /**
   * Registers whether a store fails at once because its backend does not answer, as {@code
   * JdbcSessionStore::isFailingFast} returns it. The meter is 1 while it does, and otherwise 0.
   *
   * @param isOpen called at each reading of the meter; must return at once
   */
  public void observeBreaker(BooleanSupplier isOpen) {
    Gauge.builder("coatcheck.store.breaker", () -> isOpen.getAsBoolean() ? 1 : 0)
        .description("Whether look-ups fail at once because the store does not answer")
        .tags(tags)
        .register(registry);
  }

  /** Counts the event. */
  @Override
  public void onEvent(SessionEvent event) {
    events.count(event);
  }

  /** Returns false: no meter depends on attributes. */
  @Override
  public boolean needsAttributes() {
    return false;
  }
}

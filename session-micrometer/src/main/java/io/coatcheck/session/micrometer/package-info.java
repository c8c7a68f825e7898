/**
 * Meters of sessions, their store and the near cache.
 *
 * <p>Begin with {@link SessionMetrics}. {@code TimedStore} measures the calls of a store by {@code
 * CallTimers}; {@code CleanUpMeteringStore} and {@code CleanUpMeters} measure the clean-up. {@code
 * EventMeters} counts events by {@code TaggedCounters}, and {@code NearCacheMeters} reads what the
 * near cache counts.
 */
@NullMarked
package io.coatcheck.session.micrometer;

import org.jspecify.annotations.NullMarked;

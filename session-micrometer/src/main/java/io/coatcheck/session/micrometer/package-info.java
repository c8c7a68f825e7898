/**
 * Meters of sessions, their store and the near cache. {@link
 * io.coatcheck.session.micrometer.SessionMetrics} is where to begin.
 */
@NullMarked
package io.coatcheck.session.micrometer;

import org.jspecify.annotations.NullMarked;

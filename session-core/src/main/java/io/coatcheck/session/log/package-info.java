/**
 * How often the same problem is logged, where a client or a flood could repeat it without limit:
 * {@link LogThrottle} admits a line in each interval, {@link LimitedLog} one of each kind, and
 * {@link Milestones} the first few of many. For this library's own modules; not part of the API.
 */
@NullMarked
package io.coatcheck.session.log;

import org.jspecify.annotations.NullMarked;

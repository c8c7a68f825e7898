/**
 * The threads of this library, and what remote stores share. For its own modules; not part of the
 * API.
 *
 * <p>{@link RecurringWork} repeats work on a thread, as {@link PolledChangeFeed} does to read the
 * changes of all nodes, and {@link Outage} decides which of its failures are logged. {@link
 * Breaker} makes look-ups fail at once while a server does not answer. {@link Operation} names an
 * operation of a store in exceptions and logs, and {@link CallAge} counts the time since its call.
 */
@NullMarked
package io.coatcheck.session.background;

import org.jspecify.annotations.NullMarked;

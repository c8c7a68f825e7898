/**
 * Copies of sessions that a remote store keeps.
 *
 * <p>Begin with {@link NearCacheSessionStore}, which finds each session in {@code Copies} or loads
 * it.
 *
 * <ul>
 *   <li><b>Copies</b>: a {@code Copy} knows when it was last current, and the {@code CopyTable}
 *       keeps them by id and decides which may be used. {@code SharedLoads} makes concurrent
 *       look-ups of one session one load, and {@code LookupCounts} counts look-ups.
 *   <li><b>What keeps them current</b>, the {@code Upkeep}: {@code ReportedChanges} discards what
 *       the change feed reports, {@code Revalidator} compares copies in use with the store, and
 *       {@code LocalEnds} detects that loaded data is older than a change. {@code Freshness} says
 *       which of these ways are used.
 *   <li><b>Capabilities of the store</b>: {@code NearPrincipalIndex}, {@code NearLoginLimit} and
 *       {@code NearBatchTouch}; their effects are also shown by the copies.
 *   <li><b>In the background</b>: {@code PendingTouches} wait for the next batch, and {@code
 *       EndNotices} notifies the listener of sessions that ended on other nodes. {@code
 *       RequestClock} estimates the requests' clock from their latest reading.
 * </ul>
 */
@NullMarked
package io.coatcheck.session.nearcache;

import org.jspecify.annotations.NullMarked;

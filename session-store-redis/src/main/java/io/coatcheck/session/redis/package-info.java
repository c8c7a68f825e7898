/**
 * Sessions in Redis or Valkey: one record for each session, one script for each operation.
 *
 * <p>Begin with {@link RedisSessionStore}, which gives each operation to the {@code Bucket} of the
 * session, out of all {@code Buckets}. The bucket makes one call of a {@code Script}; the scripts
 * are files beside the classes, and {@code record.lua} describes a record. {@code SessionRecord}
 * writes and reads records, {@code DamagedRecords} logs those that cannot be read, {@code Keys}
 * names the keys, and a {@code Step} is the result of one script if the work takes several. {@code
 * RedisPrincipalIndex}, {@code RedisLoginLimit}, {@code RedisBatchLookup} and {@code
 * RedisBatchTouch} are the capabilities, and {@code ChangeReader} reads what changed from the
 * {@code ChangeLog} of each bucket: the {@code AnnouncedChangeFeed} has it do so at an interval,
 * and as soon as {@code Announcements} say that a session has ended. {@code Cleaning} is one call
 * of the clean-up, a {@code Revocation} ends a principal's sessions, and both hand {@code
 * EndedRecords} over; a {@code Listing} is a page of a principal's sessions in one bucket. {@code
 * Failures} keep one failure from stopping other work.
 *
 * <p>Every {@code Call} of a script, and every other {@code Command}, goes through a {@code
 * Connection}, which bounds it, on a {@code Link}, which connects again by its {@code Route}: the
 * {@code PrimaryRoute} leads to one server, the {@code SlotRoute} to a node of a cluster. The
 * {@code Client} is the {@code Connector} that opens connections, on which one that was {@code
 * Sent} is never sent again if its answer is lost. {@code Opening} opens those of a store, and
 * {@code Timeouts} bound them. {@code ConfirmedWrites} have connections of their own, on which
 * replicas confirm a login or a logout. A {@code Moment} is the current time, as a script is given
 * it. {@code RedisFailure} turns every error into an exception, {@code OutageLog} logs why a server
 * is unreachable, and {@code ServerCheck} looks at the server when a store is built.
 */
@NullMarked
package io.coatcheck.session.redis;

import org.jspecify.annotations.NullMarked;

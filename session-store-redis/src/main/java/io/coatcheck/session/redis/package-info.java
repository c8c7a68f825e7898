/**
 * Sessions in Redis or Valkey: one record for each session, one script for each operation.
 *
 * <p>Begin with {@link RedisSessionStore}, which turns each operation into one call of a {@code
 * Script}; the scripts are files beside the classes, and {@code record.lua} says what a record
 * looks like. {@code SessionRecord} writes and reads records, {@code Keys} names the keys, and a
 * {@code Step} is what one script did of work in several. {@code RedisPrincipalIndex}, {@code
 * RedisLoginLimit}, {@code RedisBatchLookup} and {@code RedisBatchTouch} are the capabilities, and
 * {@code ChangeReader} reads what changed.
 *
 * <p>All calls go through {@code Connection}, which bounds them, on a {@code Link}, which connects
 * again and never sends a command twice; {@code RedisFailure} makes an exception of every error,
 * {@code Operation} is what exceptions name, and {@code ServerCheck} looks at the server when a
 * store is built.
 */
@NullMarked
package io.coatcheck.session.redis;

import org.jspecify.annotations.NullMarked;

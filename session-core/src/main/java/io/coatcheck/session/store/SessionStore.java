package io.coatcheck.session.store;

import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Keeps sessions. This comment and those of the methods are the specification; {@code
 * SessionStoreContract} in the test kit has a test for every sentence.
 *
 * <p><b>No upsert.</b> Only {@link #insert}, and {@link LoginLimit#admit} for a new session, make a
 * session exist. An update or a touch of a session that is gone returns {@code false} and leaves it
 * gone, so that no request in flight can bring back a session that was logged out.
 *
 * <p><b>Atomic.</b> Each operation happens at one moment between call and return, or, where it
 * throws and does not say otherwise, may or may not have happened. A reader never sees part of a
 * write. What has returned is seen by every operation that begins later, on every node.
 *
 * <p><b>Time.</b> A store has no clock: it is given {@code now}. A session is expired at {@code
 * now} if {@code now} is at or past {@link StoredSession#expiresAt()}; the exact instant is
 * expired. An operation that had to wait, for a connection or a lock, may add the time since its
 * call to {@code now}, so that a session which expired meanwhile counts as expired. It never takes
 * an earlier moment, stores the moments that it was given, and adds nothing to the cutoff of a
 * clean-up. Every moment lies between 1970 and {@link StoredSession#MAX_MOMENT}; an operation that
 * is given another one throws {@link IllegalArgumentException} and does nothing. {@link
 * StoredSession#millisOf} is that check.
 *
 * <p><b>Ownership.</b> {@link StoredSession} is immutable and may be retained. A store that does
 * not keep live objects reads each {@link io.coatcheck.session.codec.AttributeValue} by {@code
 * bytes()} before it returns, and returns encoded values.
 *
 * <p><b>Consumers</b> are called on the calling thread, while the store holds no lock, transaction
 * or connection for it: they may call the store. If one throws, even an {@code Error}, the call
 * continues: the other sessions are handed over, and the first exception is thrown at the end.
 * {@link HandOver} implements that rule.
 *
 * <p><b>Bounded.</b> Methods may block, but not forever: waiting for a connection from a pool, for
 * the connection to open and for the answer to a command each has a timeout. One that passes is a
 * {@link SessionStoreException}, as every other failure of the backend is; no exception of a driver
 * is passed on.
 *
 * <p><b>Interrupts.</b> An operation on an interrupted thread completes or throws {@link
 * SessionStoreException}, as for a failure of the backend. What it answers is what it did: a
 * clean-up that stops early is not complete. The thread stays interrupted, and later operations are
 * not affected; a store whose backend an interrupt can break documents that.
 *
 * <p><b>Sent once.</b> A write whose answer was lost is not sent again, neither by the store nor by
 * its client, and the operation throws: the second {@code update} would return {@code false} for
 * one that was stored, the second {@code delete} would hand the session to no caller, and the
 * second {@code insert} would find its own session. Reads may be sent again.
 *
 * <p><b>Durable.</b> What has returned outlives the process, unless the store says that it keeps
 * sessions in the memory of the process. The store documents whether it outlives the failure of a
 * server of the backend: where replication is asynchronous, a failover may forget a delete that was
 * acknowledged, and a session that was logged out is live again.
 *
 * <p><b>Unreadable sessions.</b> One whose bytes are {@linkplain DamagedSessionException damaged}
 * counts as absent where it would be returned or listed, and the store logs it, so that its user
 * can log in again. One in a format of a newer release is live for that release: {@code find} and
 * lists throw {@link SessionStoreException}. Neither stops a deletion: both are deleted and
 * counted, and handed over only if they can be read. A deletion that depends on what is stored, of
 * one generation or of the oldest, may leave a damaged session, and may throw {@link
 * SessionStoreException} for the other kind and leave it. An update or a touch need not read what
 * is stored.
 *
 * <p>Implementations are thread-safe. A capability is obtained by {@link #principalIndex()} and
 * similar methods, never by a cast: a decorator wraps what the inner store returns, and extends
 * {@link ForwardingSessionStore}.
 *
 * @since 0.1.0
 */
public interface SessionStore extends AutoCloseable {

  /**
   * Stores a new session, as given, its version included. Never overwrites.
   *
   * @throws SessionStoreException if the id exists already, expired or not, and the stored session
   *     is unchanged; or if the store failed or is full
   */
  void insert(StoredSession session);

  /**
   * Returns the session as stored, expired or not: the caller decides. Changes nothing.
   *
   * @return empty if there is no such session, or no longer
   * @throws SessionStoreException if the store cannot answer
   */
  Optional<StoredSession> find(SessionId id);

  /**
   * Replaces a session unless another caller has replaced it: only if it exists, its stored version
   * is {@code session.version()}, and the stored session is unexpired at {@code now}. Then all of
   * {@code session} is stored, except for two parts: the version becomes {@code session.version() +
   * 1}, and the last-seen moment is the later one of the stored and the given. Never creates.
   * {@link StoredSession#replacing} is that rule.
   *
   * @return whether it was stored; on {@code false} nothing changed
   * @throws SessionStoreException if the store failed: the update may have happened or not; or if
   *     it would be stored and its version is {@link Long#MAX_VALUE}: nothing changed
   */
  boolean update(StoredSession session, Instant now);

  /**
   * Moves the last-seen moment of a session forward: only if it exists and is unexpired at {@code
   * now}. A given moment that is not later than the stored one changes nothing and is still a
   * success. Never creates, and changes neither the version nor anything else.
   *
   * @return whether the session exists and is unexpired at {@code now}
   * @throws SessionStoreException if the store failed: the touch may have happened or not
   */
  boolean touch(SessionId id, Instant lastSeenAt, Instant now);

  /**
   * Deletes a session of any kind: live, expired, or one that never expires by idleness. Calling it
   * twice is allowed. A store that waits until a deletion is confirmed, by replicas for instance,
   * waits even if it finds nothing to delete: an earlier call may have deleted the session and
   * thrown.
   *
   * @return what was deleted, as it was at that moment, to exactly one of all callers on all nodes;
   *     empty to all others
   * @throws SessionStoreException if the store failed: it may be gone or not
   */
  Optional<StoredSession> delete(SessionId id);

  /**
   * Deletes a session as {@link #delete(SessionId)} does, but only if its generation is the given
   * one. Each new secret raises the generation, so a logout that was decided on a snapshot does not
   * end a login that was stored after it. A store whose replicas confirm writes waits until all
   * earlier writes are confirmed, even if nothing is deleted. With a negative generation, which no
   * session has, it deletes nothing; a store whose replicas confirm deletions still waits until any
   * earlier deletion is confirmed. The session may never have existed, since any client can cause
   * such calls with made-up tokens. So the store writes nothing that lasts, and may refuse calls if
   * there are too many.
   *
   * <p>The default asks {@link #find} first and is not atomic: a login that is stored between the
   * two calls is ended. A store that can compare and delete in one step overrides it.
   *
   * @return what was deleted; empty if there is no such session, or its generation is another one
   * @throws SessionStoreException if the store failed: it may be gone or not
   */
  default Optional<StoredSession> delete(SessionId id, long generation) {
    return find(id)
        .filter(session -> session.generation() == generation)
        .flatMap(session -> delete(id));
  }

  /**
   * Deletes sessions that are expired at {@code cutoff}, and no others. A session that was touched
   * or updated meanwhile, and so is no longer expired, stays. A store that has to bound the rows
   * that it locks, or the bytes that it holds, works in several steps within the call.
   *
   * <p>A call is bounded: it deletes at most {@code limit} sessions, and a store that comes across
   * sessions in use on its way to the expired ones looks at about as many. Then it returns although
   * there may be more, and reports that. Repeated calls continue from there, whatever is in use,
   * and after finitely many of them one is complete.
   *
   * @param limit the most to delete in this call, at least 1
   * @param deleted called once for each session that this call deleted, after it is gone for every
   *     reader; each is passed to only one caller on all nodes. When it throws, even an {@code
   *     Error}, the call continues, the other sessions are still handed over, and the first
   *     exception is thrown at the end, with some others suppressed in it
   * @return how many were deleted, and whether that is all. It is if every session that was expired
   *     at {@code cutoff} when the call began is gone, except those that other callers were writing
   *     at that moment
   * @throws IllegalArgumentException if {@code limit} is less than 1
   * @throws SessionStoreException if the store failed: the steps before are done and handed over;
   *     of the step that failed, all or none may be gone, without having been handed over
   */
  CleanUp deleteExpired(Instant cutoff, int limit, Consumer<StoredSession> deleted);

  /**
   * Returns the index by principal, the same one each time, or empty if this store has none: then
   * sessions of a principal cannot be listed, revoked together or limited.
   */
  default Optional<PrincipalIndex> principalIndex() {
    return Optional.empty();
  }

  /**
   * Returns the limit of live sessions per principal, the same one each time, or empty if this
   * store cannot hold one: then {@code sessionsPerPrincipal} is refused at startup. A store that
   * has it has a {@link #principalIndex()} too.
   */
  default Optional<LoginLimit> loginLimit() {
    return Optional.empty();
  }

  /**
   * Returns the registration for evictions, the same one each time, or empty if this store never
   * evicts.
   */
  default Optional<Evictions> evictions() {
    return Optional.empty();
  }

  /** Returns the copies on this node, the same each time, or empty if this store keeps none. */
  default Optional<NearCopies> nearCopies() {
    return Optional.empty();
  }

  /**
   * Returns the look-up of many sessions at once, the same each time, or empty if there is none.
   */
  default Optional<BatchLookup> batchLookup() {
    return Optional.empty();
  }

  /** Returns the touch of many sessions at once, the same each time, or empty if there is none. */
  default Optional<BatchTouch> batchTouch() {
    return Optional.empty();
  }

  /** Returns the feed of changes, the same each time, or empty if this store reports none. */
  default Optional<ChangeFeed> changeFeed() {
    return Optional.empty();
  }

  /**
   * Returns the sessions as objects that this process shares, the same each time, or empty if other
   * processes can reach this store.
   */
  default Optional<LiveSessions> liveSessions() {
    return Optional.empty();
  }

  /**
   * Returns whether this store keeps live attribute values as they are, in this process. If not,
   * which is the default, values are encoded when they are set, so that one that cannot be stored
   * fails there.
   */
  default boolean keepsLiveValues() {
    return false;
  }

  /**
   * Returns whether a save fails if a value was changed after it was set or read, and cannot be
   * encoded any more. If not, which is the default, the bytes from before stay, and the listeners
   * are notified. For a store that stands in for another one in tests, where such a change must be
   * found. A decorator returns what the store that it wraps does.
   */
  default boolean failsOnUnencodable() {
    return false;
  }

  /**
   * Returns how far the stored last-seen moment may lag behind the last request before a request
   * writes it; zero means that every request does, which suits a store within the process. Sessions
   * may expire by idleness earlier by up to this much, never later. Default: 1 minute.
   */
  default Duration touchInterval() {
    return Duration.ofMinutes(1);
  }

  /**
   * Returns how long an operation on one session, or {@link BatchTouch}, takes at most from the
   * moment that it takes for {@code now} until it returns, unless it throws; what it waited before,
   * such as for a connection, does not count. A write that takes longer may make a session live
   * again that other requests have seen expire: closer to a deadline than this, an update or a
   * touch is decided on what {@link #find} returns, is undone if it was late, and is in no batch.
   * Default: 10 seconds.
   */
  default Duration longestCall() {
    return Duration.ofSeconds(10);
  }

  /**
   * Releases what the store opened itself: threads, caches and, for a decorator, the store that it
   * wraps. What the store was given, such as a {@code DataSource}, stays open. Operations that
   * begin later throw {@link SessionStoreException}. Calling it twice is allowed.
   */
  @Override
  void close();
}

package io.coatcheck.session;

import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Undoes writes that reached the store only after the session had expired. Such a write makes the
 * session live again, although another request may have been refused in between.
 *
 * <p>A snapshot may not show recent activity. A near-cache copy lacks activity on other nodes; a
 * long request's snapshot lacks everything since the request began. Without a second look, a
 * session that was live all along could seem to have been revived. Close to the deadline of the
 * snapshot, the store is therefore read before the write.
 *
 * <p>Another request may use the session between that read and this write. If that request was the
 * earlier one, this write hides its use. Requests of this node are known: a write that returns in
 * time is noted in the other writes of its session that are in progress. Use on another node is
 * known only if the store has a later moment.
 */
final class LateWrites {

  private final EngineContext engine;

  /** Longer than a call of the store takes, unless it fails; in milliseconds. */
  private final long longestCall;

  /** The writes in progress that are close to a deadline. */
  private final ConcurrentHashMap<SessionId, List<Write>> underWay = new ConcurrentHashMap<>();

  LateWrites(EngineContext engine) {
    this.engine = engine;
    longestCall = engine.longestCall().toMillis();
  }

  /**
   * A write of this node that returned before the deadline.
   *
   * @param seen the last-seen moment that it stored
   * @param answered when it returned
   */
  private record InTime(long seen, long answered) {}

  /** A write close to a deadline, until it is closed. */
  final class Write implements AutoCloseable {

    private final SessionId id;

    /** The other writes of the session that returned during this one. */
    private final Queue<InTime> others = new ConcurrentLinkedQueue<>();

    private Write(SessionId id) {
      this.id = id;
    }

    /** Returns whether the session lives by what another write stored in time. */
    private boolean isUsedInTime(StoredSession before, long now) {
      // One that returned after the deadline may have found the session revived by this write.
      return others.stream()
          .anyMatch(
              other ->
                  other.answered < before.expiresAtMillis()
                      && before.expiresAtMillis(other.seen) > now);
    }

    @Override
    public void close() {
      underWay.computeIfPresent(
          id,
          (key, known) -> {
            List<Write> left = known.stream().filter(write -> write != this).toList();
            return left.isEmpty() ? null : left;
          });
    }
  }

  /**
   * Returns whether a session may expire before a write of it is done.
   *
   * @param now when the write begins, in milliseconds since the epoch
   */
  boolean mayBeLate(long expiresAt, long now) {
    return expiresAt - now <= longestCall;
  }

  /**
   * Begins a write that is decided on a snapshot.
   *
   * @param now the moment of this call
   * @return null if it will surely have returned before the deadline of the snapshot
   */
  @Nullable Write begin(StoredSession snapshot, Instant now) {
    if (!mayBeLate(snapshot.expiresAtMillis(), now.toEpochMilli())) {
      return null;
    }
    Write write = new Write(snapshot.id());
    underWay.merge(
        write.id,
        List.of(write),
        (known, one) -> Stream.concat(known.stream(), one.stream()).toList());
    return write;
  }

  /**
   * Returns the session to decide a write on: the snapshot, or what the store has if the write is
   * close to the deadline.
   *
   * @return empty if the store was read and the session has ended
   */
  Optional<StoredSession> before(StoredSession snapshot, @Nullable Write write) {
    return write == null ? Optional.of(snapshot) : engine.store().find(snapshot.id());
  }

  /**
   * Ends a session that a write has revived: its deadline passed between {@code now} and this call,
   * and no other request is known to have used it in time.
   *
   * @param before the session when the write was decided, as {@link #before} returned it
   * @param now the time just before the write
   * @param written what was written
   * @return whether the session has ended
   */
  boolean undo(@Nullable Write write, StoredSession before, Instant now, StoredSession written) {
    return undo(write, before, now, written.lastSeenMillis(), written.generation());
  }

  /**
   * Ends a session that a touch has revived, as {@link #undo(Write, StoredSession, Instant,
   * StoredSession)} does for other writes.
   *
   * @param seen the last-seen moment that was written, in milliseconds since the epoch
   */
  boolean undo(
      @Nullable Write write, StoredSession before, Instant now, long seen, long generation) {
    Instant answered = engine.now();
    if (!before.isExpiredAt(answered)) {
      note(before.id(), seen, answered);
      return false;
    }
    if (before.isExpiredAt(now)
        || (write != null && write.isUsedInTime(before, answered.toEpochMilli()))) {
      return false;
    }
    boolean isUsedByOthers =
        engine
            .store()
            .find(before.id())
            .map(StoredSession::lastSeenMillis)
            .filter(last -> last > seen && last < before.expiresAtMillis())
            .isPresent();
    if (isUsedByOthers) {
      return false;
    }
    engine
        .store()
        .delete(before.id(), generation)
        .ifPresent(ended -> engine.events().expired(before));
    return true;
  }

  /** Notes a write that returned in time in the other writes of its session. */
  private void note(SessionId id, long seen, Instant answered) {
    List<Write> others = underWay.get(id);
    if (others != null) {
      InTime known = new InTime(seen, answered.toEpochMilli());
      others.forEach(write -> write.others.add(known));
    }
  }
}

package io.coatcheck.session;

import io.coatcheck.session.store.LiveSessions;
import io.coatcheck.session.store.LiveSessions.LiveSession;
import io.coatcheck.session.token.SessionId;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * The part of a working copy that the requests of a session share, if the store keeps live
 * sessions: the live session, and the attachment in it. Without one, the copy holds the attachment
 * itself. A superclass and not a field, so that a request creates one object.
 *
 * <p>Thread-safe.
 */
abstract sealed class SharedState permits WorkingCopy {

  private static final VarHandle LIVE = field("live", LiveSession.class);
  private static final VarHandle ATTACHMENT = field("attachment", Object.class);

  private static VarHandle field(String name, Class<?> type) {
    return FieldHandles.of(MethodHandles.lookup(), name, type);
  }

  /** The object that the requests of this session share; null until it is looked up. */
  private volatile @Nullable LiveSession live;

  /** The attachment until the session is stored. */
  private volatile @Nullable Object attachment;

  /**
   * Creates the state of a new copy.
   *
   * @param live the session in the store; null to look it up when it is needed
   */
  SharedState(@Nullable LiveSession live) {
    if (live != null) {
      LIVE.set(this, live);
    }
  }

  /** Returns the live sessions; null if the store keeps none or this one is not stored. */
  abstract @Nullable LiveSessions liveSessionsIfStored();

  /** See {@link Session#id}. */
  abstract SessionId currentId();

  /** See {@link Session#attachment}. */
  final @Nullable Object attached() {
    LiveSession shared = liveIfStored();
    return shared == null ? attachment : shared.attachment();
  }

  /** See {@link Session#replaceAttachment}. */
  final boolean replaceAttached(@Nullable Object expected, @Nullable Object next) {
    LiveSession shared = liveIfStored();
    return shared == null
        ? ATTACHMENT.compareAndSet(this, expected, next)
        : shared.replaceAttachment(expected, next);
  }

  /** Moves the attachment into the live session, once the session is stored. */
  final void shareAttachment() {
    Object own = attachment;
    LiveSession shared = own == null || live != null ? null : liveIfStored();
    if (shared != null) {
      shared.replaceAttachment(null, own);
      attachment = null;
    }
  }

  /** Drops what belongs to the current id, before the copy gets another. */
  final void detach() {
    live = null;
    attachment = null;
  }

  /** Returns what requests share; null if they share nothing or the session is not stored. */
  final @Nullable LiveSession liveIfStored() {
    LiveSessions all = liveSessionsIfStored();
    if (all == null) {
      return null;
    }
    LiveSession known = live;
    return known == null ? lookUp(all) : known;
  }

  private @Nullable LiveSession lookUp(LiveSessions all) {
    LiveSession known = all.get(currentId());
    LIVE.setRelease(this, known);
    return known;
  }
}

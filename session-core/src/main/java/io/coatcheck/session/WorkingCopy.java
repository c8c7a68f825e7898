package io.coatcheck.session;

import io.coatcheck.session.store.LiveSessions;
import io.coatcheck.session.store.LiveSessions.LiveSession;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.session.token.SessionToken;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The state of a {@link Session} and its transitions, as the engine makes them: found or begun,
 * saved, renewed, logged in, ended. What the application sees is in the subclass, and what requests
 * share in the superclass. The three are one object, since one is made for each request.
 *
 * <p>{@link SessionStatus} has the status that each transition leads to.
 *
 * <p>Thread-safe. Transitions hold the lock of this.
 */
abstract sealed class WorkingCopy extends SharedState permits Session {

  // A volatile write costs a fence. Constructors need none: an object is published after them.
  private static final VarHandle ID = field("id", SessionId.class);
  private static final VarHandle SNAPSHOT = field("snapshot", StoredSession.class);
  private static final VarHandle STATUS = field("status", SessionStatus.class);
  private static final VarHandle RENEWAL = field("renewal", Renewal.class);

  private static VarHandle field(String name, Class<?> type) {
    return FieldHandles.of(MethodHandles.lookup(), name, type);
  }

  /** When the request came, in milliseconds since the epoch. */
  private final long requestedAt;

  /** Whether the request counts as use of the session. */
  private final boolean isActivity;

  private final AttributeChanges attributes;

  // Written under the lock of this. Volatile fields are read without it, one at a time: most
  // requests only read.

  /** When the session was last used before this request, or begun by it, in milliseconds. */
  private long seenBefore;

  /**
   * The id of the snapshot; in nearly all requests, the object that was parsed from the client's
   * token: the snapshot's equal id is another object, which would have to be loaded from memory.
   */
  private volatile SessionId id;

  private volatile StoredSession snapshot;
  private volatile SessionStatus status;

  /** See {@link RequestLogin}; null if the snapshot has that moment. */
  private volatile @Nullable Instant ownLogin;

  private boolean begunHere;
  private boolean kept;
  private volatile boolean touchDue;
  private volatile Renewal renewal;
  private volatile @Nullable SessionToken unsentToken;
  private volatile boolean changedHere;
  private volatile Pending.@Nullable IdleTimeoutChange idleTimeoutChange;

  /** Creates the copy of a session that a token was resolved to. */
  WorkingCopy(
      EngineContext engine,
      SessionId id,
      StoredSession snapshot,
      Instant requestedAt,
      boolean isActivity,
      boolean touchDue,
      Renewal renewal) {
    this(
        engine,
        id,
        snapshot,
        requestedAt.toEpochMilli(),
        snapshot.lastSeenMillis(),
        isActivity,
        renewal,
        SessionStatus.STORED,
        null);
    if (touchDue) {
      this.touchDue = true;
    }
  }

  /** Creates the copy of a session that this request uses in place. */
  WorkingCopy(
      EngineContext engine,
      SessionId id,
      StoredSession snapshot,
      LiveSession live,
      long requestedAt,
      long seenBefore,
      Renewal renewal) {
    this(engine, id, snapshot, requestedAt, seenBefore, true, renewal, SessionStatus.STORED, live);
  }

  /** Creates the copy of a session that this request begins. */
  WorkingCopy(EngineContext engine, StoredSession draft, SessionToken token, SessionStatus status) {
    this(
        engine,
        draft.id(),
        draft,
        draft.createdAt().toEpochMilli(),
        draft.lastSeenMillis(),
        true,
        Renewal.NONE,
        status,
        null);
    unsentToken = token;
    begunHere = true;
  }

  @SuppressWarnings("NullAway.Init") // Set by the handles.
  private WorkingCopy(
      EngineContext engine,
      SessionId id,
      StoredSession snapshot,
      long requestedAt,
      long seenBefore,
      boolean isActivity,
      Renewal renewal,
      SessionStatus status,
      @Nullable LiveSession live) {
    super(live);
    this.attributes = new AttributeChanges(this, engine);
    this.seenBefore = seenBefore;
    this.requestedAt = requestedAt;
    this.isActivity = isActivity;
    ID.set(this, id);
    SNAPSHOT.set(this, snapshot);
    RENEWAL.set(this, renewal);
    STATUS.set(this, status);
  }

  /** Returns the snapshot, unless the session has ended. */
  StoredSession live() {
    if (status == SessionStatus.ENDED) {
      throw new IllegalStateException("the session has ended: " + id);
    }
    return snapshot;
  }

  StoredSession snapshot() {
    return snapshot;
  }

  @Override
  SessionId currentId() {
    return id;
  }

  SessionStatus status() {
    return status;
  }

  Instant requestedAt() {
    return Instant.ofEpochMilli(requestedAt);
  }

  /** Returns when the session was last used: at {@code moment} if this request counts as use. */
  long seenMillis(Instant moment) {
    return isActivity ? moment.toEpochMilli() : snapshot.lastSeenMillis();
  }

  AttributeChanges attributeChanges() {
    return attributes;
  }

  /** Returns when the session was last used before this request; the caller holds the lock. */
  Instant seenBefore() {
    return Instant.ofEpochMilli(seenBefore);
  }

  /** Returns whether this request began the session; the caller holds the lock. */
  boolean isBegunHere() {
    return begunHere;
  }

  Pending.@Nullable IdleTimeoutChange idleTimeoutChange() {
    return idleTimeoutChange;
  }

  /** Records a change of the idle timeout, to be saved; the caller holds the lock. */
  void record(Pending.IdleTimeoutChange change) {
    idleTimeoutChange = change;
    kept = true;
  }

  /** Records that the application relies on the session, so that it is stored. */
  synchronized void relyOn() {
    kept = true;
  }

  synchronized boolean isNewAndReliedOn() {
    return status == SessionStatus.NEW && kept;
  }

  synchronized void makeStorable() {
    if (status == SessionStatus.EPHEMERAL) {
      status = SessionStatus.NEW;
    }
  }

  @Nullable SessionToken heldToken() {
    return unsentToken;
  }

  synchronized void discardToken() {
    unsentToken = null;
  }

  Renewal renewal() {
    return renewal;
  }

  synchronized void clearRenewal() {
    renewal = Renewal.NONE;
  }

  /**
   * Returns whether there is nothing left to do: see {@link Session#isSettled}. Needs no lock: what
   * happened before this call is seen.
   */
  boolean isAtRest() {
    return status == SessionStatus.STORED
        && renewal == Renewal.NONE
        && !touchDue
        && unsentToken == null
        && !changedHere
        && !Pending.mayExistIn(this);
  }

  /** Returns whether a touch is due that has not been taken. */
  boolean isTouchDue() {
    return touchDue;
  }

  /** Returns whether a touch is due; true at most once. */
  boolean takeTouchDue() {
    if (!touchDue) {
      return false;
    }
    synchronized (this) {
      boolean due = touchDue;
      touchDue = false;
      return due;
    }
  }

  /**
   * Returns the session as this request last stored it, once, if an older copy may exist on any
   * node; null otherwise.
   */
  @Nullable StoredSession takeChanged() {
    if (!changedHere) {
      return null;
    }
    synchronized (this) {
      boolean changed = changedHere && status == SessionStatus.STORED;
      changedHere = false;
      return changed ? snapshot : null;
    }
  }

  /**
   * Records that the changes are stored, and that the session is now {@code stored}.
   *
   * @return {@code false} if another thread of the request has ended it: then it stays ended
   */
  synchronized boolean onSaved(StoredSession stored, Pending pending) {
    if (status == SessionStatus.ENDED) {
      return false;
    }
    StoredSession before = snapshot;
    if (!stored.id().equals(before.id())) {
      detach();
      id = stored.id();
    }
    ownLogin = RequestLogin.kept(ownLogin, before, stored);
    snapshot = stored;
    attributes.onSaved(pending.attributes(), before, stored);
    if (Objects.equals(idleTimeoutChange, pending.idleTimeout())) {
      idleTimeoutChange = null;
    }
    status = SessionStatus.STORED;
    shareAttachment();
    touchDue = false;
    changedHere |= stored.version() > 0;
    return true;
  }

  /**
   * Moves to a snapshot if it is newer and of the same login: a session that was re-keyed since
   * belongs to another one, which this request must not see. What this request changed is still to
   * be saved.
   *
   * @return whether it moved
   */
  synchronized boolean refresh(StoredSession newest) {
    if (status != SessionStatus.STORED
        || !newest.id().equals(snapshot.id())
        || newest.version() <= snapshot.version()
        || !RequestLogin.hasSameFence(newest, snapshot)) {
      return false;
    }
    if (newest.generation() != snapshot.generation()) {
      // The renewal state was about the secret that this request presented.
      renewal = Renewal.NONE;
      ownLogin = RequestLogin.kept(ownLogin, snapshot, newest);
    }
    attributes.onSaved(AttributeDelta.NONE, snapshot, newest);
    snapshot = newest;
    return true;
  }

  /** Like {@link #onSaved}, and the client is to get a new token. */
  synchronized boolean onRenewed(StoredSession stored, Pending pending, SessionToken token) {
    if (!onSaved(stored, pending)) {
      return false;
    }
    unsentToken = token;
    renewal = Renewal.NONE;
    return true;
  }

  /** Like {@link #onRenewed}, for a login, which may replace a session that has ended. */
  synchronized void onLoggedIn(StoredSession stored, Pending pending, SessionToken token) {
    if (!stored.id().equals(snapshot.id())) {
      begunHere = true;
      seenBefore = stored.lastSeenMillis();
    }
    // If another thread has ended the session, that was the one before this login.
    status = SessionStatus.STORED;
    onRenewed(stored, pending, token);
    attributes.decoded().forgetReplaced();
    ownLogin = null;
  }

  /** See {@link RequestLogin}. */
  @Nullable Instant ownLogin() {
    return ownLogin;
  }

  /** Replaces the draft of a session that is renewed before it is stored. */
  synchronized void redraft(StoredSession draft, SessionToken token) {
    id = draft.id();
    snapshot = draft;
    unsentToken = token;
  }

  synchronized void end() {
    status = SessionStatus.ENDED;
    unsentToken = null;
    attributes.clear();
    idleTimeoutChange = null;
  }

  /**
   * Ends this copy, unless a login on another thread has replaced the session that turned out to
   * have ended.
   *
   * @return whether this copy still belongs to that session
   */
  synchronized boolean endIfStill(SessionId ended) {
    boolean isStill = snapshot.id().equals(ended);
    if (isStill) {
      end();
    }
    return isStill;
  }

  @Override
  @Nullable LiveSessions liveSessionsIfStored() {
    LiveSessions all = attributes.engine().liveSessions();
    return all == null || status != SessionStatus.STORED ? null : all;
  }

  /** Moves to the newest snapshot where requests share the session. */
  void catchUp() {
    LiveSession shared = liveIfStored();
    if (shared != null) {
      StoredSession newest = shared.newerThan(snapshot.version());
      if (newest != null) {
        refresh(newest);
      }
    }
  }
}

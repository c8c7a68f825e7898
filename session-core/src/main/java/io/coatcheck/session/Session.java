package io.coatcheck.session;

import io.coatcheck.session.codec.AttributeCodecException;
import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.store.LiveSessions;
import io.coatcheck.session.store.LiveSessions.LiveSession;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.StoredSessionBuilder;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.session.token.SessionToken;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A request's working copy of a session. It reads the snapshot that the token was resolved to, and
 * records what the request changes, attribute by attribute; {@link SessionManager#save} applies the
 * changes to the session as it is then.
 *
 * <p>Created by a {@link SessionManager} for one request. Thread-safe: an asynchronous request may
 * use it from several threads. Nothing here waits for a store; changes are stored by {@code save}
 * and not before. Once the session has ended within this request, reading or changing it throws
 * {@link IllegalStateException}, except for {@link #id()}, {@link #principal()}, {@link
 * #idleTimeout()} and the methods that begin with {@code is}.
 *
 * @since 0.1.0
 */
public final class Session {

  /** The longest name of an attribute, in characters. */
  public static final int MAX_ATTRIBUTE_NAME_LENGTH = 255;

  /** The state of a working copy's session. */
  enum Status {
    /** Begun by this request; stored by the next save if the application relies on it. */
    NEW,
    /** Begun by this request; never stored or sent. */
    EPHEMERAL,
    /** In the store, as far as this request knows. */
    STORED,
    /** Ended, by this request or found to have ended. */
    ENDED
  }

  /** What periodic renewal requires of this request. */
  enum Renewal {
    /** Nothing. */
    NONE,
    /** The secret is old enough to be replaced, if the response can still carry the new one. */
    DUE,
    /**
     * The response with the new secret was lost: the client still has the old one, and gets
     * another.
     */
    LOST,
    /** The client has presented its new secret for the first time: the old one may be retired. */
    CONFIRM;

    boolean replacesSecret() {
      return this == DUE || this == LOST;
    }
  }

  // A volatile write costs a fence. Constructors need none: an object is published after them.
  private static final VarHandle SNAPSHOT;
  private static final VarHandle STATUS;
  private static final VarHandle RENEWAL;
  private static final VarHandle LIVE;
  private static final VarHandle ATTACHMENT;

  static {
    try {
      MethodHandles.Lookup fields = MethodHandles.lookup();
      SNAPSHOT = fields.findVarHandle(Session.class, "snapshot", StoredSession.class);
      STATUS = fields.findVarHandle(Session.class, "status", Status.class);
      RENEWAL = fields.findVarHandle(Session.class, "renewal", Renewal.class);
      LIVE = fields.findVarHandle(Session.class, "live", LiveSession.class);
      ATTACHMENT = fields.findVarHandle(Session.class, "attachment", Object.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final Instant requestedAt;

  /** Whether the request counts as use of the session. */
  private final boolean isActivity;

  private final AttributeChanges attributes;

  // Written under the lock of this. Volatile fields are read without it, one at a time: most
  // requests only read.

  /** The snapshot that this request found or began. */
  private StoredSession initial;

  private volatile StoredSession snapshot;
  private volatile Status status;
  private boolean begunHere;
  private boolean kept;
  private volatile boolean touchDue;
  private volatile Renewal renewal;
  private volatile @Nullable SessionToken unsentToken;
  private volatile boolean changedHere;
  private volatile Pending.@Nullable IdleTimeoutChange idleTimeoutChange;

  /** The sessions that requests share; null if the store is not confined to this process. */
  private final @Nullable LiveSessions liveSessions;

  /** What the requests of this session share; null until it is looked up. */
  private volatile @Nullable LiveSession live;

  /** The attachment until the session is stored. */
  private volatile @Nullable Object attachment;

  /** A session that a token was resolved to. */
  @SuppressWarnings("NullAway.Init") // By the handles.
  Session(
      EngineContext engine,
      StoredSession snapshot,
      Instant requestedAt,
      boolean isActivity,
      boolean touchDue,
      Renewal renewal) {
    this.attributes = new AttributeChanges(this, engine);
    this.liveSessions = engine.liveSessions();
    this.initial = snapshot;
    SNAPSHOT.set(this, snapshot);
    this.requestedAt = requestedAt;
    this.isActivity = isActivity;
    if (touchDue) {
      this.touchDue = true;
    }
    RENEWAL.set(this, renewal);
    STATUS.set(this, Status.STORED);
  }

  /** A session that this request begins. */
  @SuppressWarnings("NullAway.Init") // By the handles.
  Session(EngineContext engine, StoredSession draft, SessionToken token, Status status) {
    this.attributes = new AttributeChanges(this, engine);
    this.liveSessions = engine.liveSessions();
    this.initial = draft;
    SNAPSHOT.set(this, draft);
    this.requestedAt = draft.createdAt();
    isActivity = true;
    this.unsentToken = token;
    RENEWAL.set(this, Renewal.NONE);
    STATUS.set(this, status);
    begunHere = true;
  }

  /** Returns the public id. Reading it does not cause a new session to be stored. */
  public SessionId id() {
    return snapshot.id();
  }

  /** Returns how many times the secret has been changed. */
  public long generation() {
    return snapshot.generation();
  }

  /**
   * Returns the principal that is logged in; empty for an anonymous session and for one that has
   * ended.
   */
  public Optional<String> principal() {
    return status == Status.ENDED ? Optional.empty() : snapshot.principal();
  }

  /** Returns when the principal last authenticated; present if and only if there is a principal. */
  public Optional<Instant> authenticatedAt() {
    return status == Status.ENDED ? Optional.empty() : snapshot.authenticatedAt();
  }

  /** Returns when the session was created. */
  public Instant createdAt() {
    return live().createdAt();
  }

  /**
   * Returns when the session was last used before this request, up to the touch interval late; for
   * a session that this request began, when it was created.
   */
  public synchronized Instant lastSeenAt() {
    live();
    return initial.lastSeenAt();
  }

  /** Returns when the session will expire if no request after this one uses it. */
  public synchronized Instant expiresAt() {
    StoredSession current = live();
    StoredSessionBuilder builder =
        current.toBuilder().lastSeenAt(later(current.lastSeenAt(), seenAt(requestedAt)));
    if (idleTimeoutChange != null) {
      builder.idleTimeout(idleTimeoutChange.timeout());
    }
    return builder.build().expiresAt();
  }

  /**
   * Returns when the session expires regardless of activity, unless its principal logs in again.
   */
  public Instant absoluteDeadline() {
    return live().absoluteDeadline();
  }

  /**
   * Returns the idle timeout; empty if only the absolute deadline ends the session. For a session
   * that has ended, returns the value last stored.
   */
  public Optional<Duration> idleTimeout() {
    Pending.IdleTimeoutChange change = idleTimeoutChange;
    return change == null ? snapshot.idleTimeout() : Optional.ofNullable(change.timeout());
  }

  /**
   * Changes the idle timeout of this session, until the next login. The absolute deadline stays.
   *
   * @param timeout at least 1 millisecond; null for no limit except the absolute deadline
   * @throws IllegalArgumentException if it is out of range
   */
  public synchronized void setIdleTimeout(@Nullable Duration timeout) {
    StoredSessionBuilder checked = live().toBuilder().idleTimeout(timeout);
    idleTimeoutChange = new Pending.IdleTimeoutChange(checked.build().idleTimeout().orElse(null));
    kept = true;
  }

  /** Returns whether the login was remembered: the client keeps the cookie across a restart. */
  public boolean isRemembered() {
    return snapshot.remembered();
  }

  /** Returns the address of the client as recorded at login. */
  public Optional<String> clientAddress() {
    return snapshot.clientAddress();
  }

  /** Returns the user agent of the client as recorded at login. Sent by the client: untrusted. */
  public Optional<String> userAgent() {
    return snapshot.userAgent();
  }

  /** Returns whether this request began the session. */
  public synchronized boolean isNew() {
    return begunHere;
  }

  /** Returns whether the session has ended, as far as this request knows. */
  public boolean isEnded() {
    return status == Status.ENDED;
  }

  /** Returns whether the session is in the store, as far as this request knows. */
  public boolean isStored() {
    return status == Status.STORED;
  }

  /**
   * Returns whether the session will never be stored or sent: see {@link SessionAdapter#create}.
   */
  public boolean isEphemeral() {
    return status == Status.EPHEMERAL;
  }

  /**
   * Turns an {@linkplain #isEphemeral() ephemeral} session, with its attributes, into one that is
   * stored and sent like any other. For a login that the manager does not see. Has no effect on
   * other sessions.
   */
  public synchronized void promote() {
    if (status == Status.EPHEMERAL) {
      status = Status.NEW;
    }
  }

  /** Returns whether the next save will create the session in the store. */
  public synchronized boolean isAwaitingCreation() {
    return status == Status.NEW && kept;
  }

  /** Requests that the next save stores a new session even if it holds nothing. */
  public synchronized void keep() {
    live();
    kept = true;
  }

  /**
   * Returns the value of an attribute: the one that this request set, or that of the snapshot.
   * Where {@linkplain SessionAdapter#sharesSessions() requests share the session}, that is the
   * newest snapshot, unless another principal has logged in or the session has been re-keyed since.
   * A value whose bytes no longer decode is absent, and the listeners are notified once.
   *
   * @return the value; null if there is none. A change in place is saved without another {@link
   *     #setAttribute}
   */
  public @Nullable Object attribute(String name) {
    catchUp();
    return attributes.get(name);
  }

  /**
   * Returns the names of the attributes, sorted; a copy that the caller owns. A name is listed if
   * and only if {@link #attribute(String)} returns its value; to find out, each value is decoded
   * once.
   */
  public Set<String> attributeNames() {
    catchUp();
    return attributes.names();
  }

  /**
   * Sets an attribute.
   *
   * @param name 1 to 255 characters
   * @param value retained; null removes the attribute, as {@link #removeAttribute} does
   * @throws AttributeCodecException if the store needs bytes and the value cannot be encoded;
   *     nothing was changed
   * @throws IllegalArgumentException if the name is empty or too long, or the session would hold
   *     more than its limits allow; nothing was changed
   */
  public void setAttribute(String name, @Nullable Object value) {
    if (value == null) {
      removeAttribute(name);
      return;
    }
    live();
    checkName(name);
    attributes.set(name, value);
    synchronized (this) {
      kept = true;
    }
  }

  /**
   * Removes an attribute, even if another request set it and this one does not know it. Has no
   * effect if there is none.
   *
   * @param name 1 to 255 characters
   * @throws IllegalArgumentException if the name is empty or too long
   */
  public void removeAttribute(String name) {
    live();
    checkName(name);
    attributes.remove(name);
  }

  /**
   * Returns the token that is still to be sent to the client: of a session that was created, or got
   * a new secret, in this request. It stays available until {@link #tokenSent()}.
   *
   * @return empty if there is none, or the session is not stored
   */
  public Optional<SessionToken> unsentToken() {
    return status == Status.STORED ? Optional.ofNullable(unsentToken) : Optional.empty();
  }

  /** Records that the token has been sent to the client. */
  public synchronized void tokenSent() {
    unsentToken = null;
  }

  /** Returns the id, the generation and the status; no attribute and no principal. */
  @Override
  public synchronized String toString() {
    return "Session[" + snapshot.id() + "~" + snapshot.generation() + ", " + status + "]";
  }

  /**
   * Returns the object that a layer above has attached to the session in this process; null if
   * there is none. All requests of a stored session see the same object where {@linkplain
   * SessionAdapter#sharesSessions() they share it}. It stays attached when the secret or the
   * principal changes, and is never stored.
   */
  public @Nullable Object attachment() {
    LiveSession shared = liveIfStored();
    return shared == null ? attachment : shared.attachment();
  }

  /**
   * Replaces the attached object atomically.
   *
   * @param expected the object that must be attached now, compared by identity; null for none
   * @param next the object to attach; null for none
   * @return whether {@code next} was attached; {@code false} if another object than {@code
   *     expected} was
   */
  public boolean replaceAttachment(@Nullable Object expected, @Nullable Object next) {
    LiveSession shared = liveIfStored();
    return shared == null
        ? ATTACHMENT.compareAndSet(this, expected, next)
        : shared.replaceAttachment(expected, next);
  }

  /**
   * Returns the state that requests share; null if they share none or the session is not stored.
   */
  private @Nullable LiveSession liveIfStored() {
    LiveSessions all = liveSessions;
    if (all == null || status != Status.STORED) {
      return null;
    }
    LiveSession known = live;
    return known == null ? lookUp(all) : known;
  }

  private @Nullable LiveSession lookUp(LiveSessions all) {
    LiveSession known = all.get(snapshot.id());
    LIVE.setRelease(this, known);
    return known;
  }

  /** Moves to the newest snapshot where requests share the session. */
  private void catchUp() {
    LiveSession shared = liveIfStored();
    if (shared != null) {
      StoredSession newest = shared.newerThan(snapshot.version());
      if (newest != null) {
        catchUp(newest);
      }
    }
  }

  private synchronized void catchUp(StoredSession newest) {
    // A session that was re-keyed since belongs to another login; this request must not see it.
    if (newest.fence() <= snapshot.generation() && newest.id().equals(snapshot.id())) {
      refreshed(newest);
    }
  }

  // The methods below are for the engine.

  static void checkName(String name) {
    if (name.isEmpty() || name.length() > MAX_ATTRIBUTE_NAME_LENGTH) {
      throw new IllegalArgumentException(
          "the name of an attribute must have 1 to "
              + MAX_ATTRIBUTE_NAME_LENGTH
              + " characters: "
              + name.length());
    }
  }

  /** Returns the snapshot, unless the session has ended. */
  StoredSession live() {
    if (status == Status.ENDED) {
      throw new IllegalStateException("the session has ended: " + snapshot.id());
    }
    return snapshot;
  }

  StoredSession snapshot() {
    return snapshot;
  }

  Status status() {
    return status;
  }

  Instant requestedAt() {
    return requestedAt;
  }

  /**
   * Returns when the session was last used, from this request's point of view.
   *
   * @param moment when the request uses it, if the request counts as use
   */
  Instant seenAt(Instant moment) {
    return isActivity ? moment : snapshot.lastSeenAt();
  }

  /**
   * Collects what is to be saved. Runs code of the values, so not to be called in the save queue.
   */
  Pending pending() {
    return new Pending(attributes.collect(), idleTimeoutChange);
  }

  /** Returns the part still to be saved of what was collected before the save entered its queue. */
  Pending stillPending(Pending collected) {
    Pending.IdleTimeoutChange timeout = idleTimeoutChange == null ? null : collected.idleTimeout();
    boolean isSameTimeout = timeout != null || collected.idleTimeout() == null;
    return isSameTimeout && attributes.areAllPending(collected.attributes())
        ? collected
        : new Pending(attributes.stillPending(collected.attributes()), timeout);
  }

  /** Discards changes that turned out to change nothing. */
  synchronized void forget(Pending pending) {
    attributes.saved(pending.attributes(), snapshot, snapshot);
  }

  Renewal renewal() {
    return renewal;
  }

  synchronized void renewalDone() {
    renewal = Renewal.NONE;
  }

  /** Returns whether there may be changes; without any, there is no need to collect them. */
  boolean mayHaveChanges() {
    return idleTimeoutChange != null || attributes.mayHaveChanges();
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
      boolean changed = changedHere && status == Status.STORED;
      changedHere = false;
      return changed ? snapshot : null;
    }
  }

  /**
   * Records that the changes are stored, and that the session is now {@code stored}.
   *
   * @return {@code false} if another thread of the request has ended it meanwhile: then it stays
   *     ended
   */
  synchronized boolean saved(StoredSession stored, Pending pending) {
    if (status == Status.ENDED) {
      return false;
    }
    StoredSession before = snapshot;
    if (!stored.id().equals(before.id())) {
      live = null;
      attachment = null;
    }
    snapshot = stored;
    attributes.saved(pending.attributes(), before, stored);
    if (Objects.equals(idleTimeoutChange, pending.idleTimeout())) {
      idleTimeoutChange = null;
    }
    status = Status.STORED;
    if (attachment != null && live == null) {
      shareAttachment();
    }
    touchDue = false;
    changedHere |= stored.version() > 0;
    return true;
  }

  /** Keeps the attachment of a session that is stored from now on. */
  private void shareAttachment() {
    Object own = attachment;
    LiveSession shared = own == null ? null : liveIfStored();
    if (own != null && shared != null) {
      shared.replaceAttachment(null, own);
      attachment = null;
    }
  }

  /** As {@link AttributeChanges#replaceUnstored}; the session is relied on if it holds a value. */
  boolean replaceUnstored(String name, @Nullable Object expected, @Nullable Object value) {
    boolean isReplaced = attributes.replaceUnstored(name, expected, value);
    if (isReplaced && value != null) {
      synchronized (this) {
        kept = true;
      }
    }
    return isReplaced;
  }

  /** As {@link AttributeChanges#read}. */
  @Nullable Object read(
      StoredSession newest, String name, AttributeValue value, Pending collected, boolean isOwn) {
    return attributes.read(newest, name, value, collected, isOwn);
  }

  /** As {@link AttributeChanges#looked}. */
  @Nullable Object looked(AttributeStep step, @Nullable Object given) {
    return attributes.looked(step, given);
  }

  /** As {@link #saved}, with a step on one attribute. */
  synchronized void stepped(StoredSession stored, Pending others, AttributeStep step) {
    if (saved(stored, others)) {
      attributes.stepped(step);
    }
  }

  /**
   * Moves to a snapshot if it is newer. What this request changed is still to be saved.
   *
   * @return whether it is newer
   */
  synchronized boolean refreshed(StoredSession newest) {
    if (status != Status.STORED
        || !newest.id().equals(snapshot.id())
        || newest.version() <= snapshot.version()) {
      return false;
    }
    if (newest.generation() != snapshot.generation()) {
      // The renewal state was about the secret that this request presented.
      renewal = Renewal.NONE;
    }
    attributes.saved(AttributeDelta.NONE, snapshot, newest);
    snapshot = newest;
    return true;
  }

  /** Like {@link #saved}, and the client is to get a new token. */
  synchronized boolean renewed(StoredSession stored, Pending pending, SessionToken token) {
    if (!saved(stored, pending)) {
      return false;
    }
    unsentToken = token;
    renewal = Renewal.NONE;
    return true;
  }

  /** Like {@link #renewed}, for a login, which may replace a session that has ended. */
  synchronized void loggedIn(StoredSession stored, Pending pending, SessionToken token) {
    if (!stored.id().equals(snapshot.id())) {
      begunHere = true;
      initial = stored;
    }
    // If another thread has ended the session meanwhile, that was the one before this login.
    status = Status.STORED;
    renewed(stored, pending, token);
  }

  /**
   * Replaces the draft of a session that is not stored yet, for a renewal before the first save.
   */
  synchronized void redraft(StoredSession draft, SessionToken token) {
    snapshot = draft;
    unsentToken = token;
  }

  synchronized void forgetChanges() {
    attributes.clear();
    idleTimeoutChange = null;
  }

  synchronized void end() {
    status = Status.ENDED;
    unsentToken = null;
    forgetChanges();
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

  static Instant later(Instant one, Instant other) {
    return one.isAfter(other) ? one : other;
  }
}

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
 * changes to whatever the session is by then.
 *
 * <p>Made by a {@link SessionManager}, used within one request, and thread-safe: a request that
 * goes on asynchronously may use it from several threads. Nothing here waits for a store; what is
 * changed is stored by {@code save} and not before. Once the session has ended within this request,
 * reading or changing it throws {@link IllegalStateException}, but for {@link #id()}, {@link
 * #principal()}, {@link #idleTimeout()} and the questions that begin with {@code is}.
 *
 * @since 0.1.0
 */
public final class Session {

  /** The longest name of an attribute, in characters. */
  public static final int MAX_ATTRIBUTE_NAME_LENGTH = 255;

  /** What a working copy stands for. */
  enum Status {
    /** Begun by this request, and stored by the next save if it is relied on. */
    NEW,
    /** Begun by this request, and never stored or sent. */
    EPHEMERAL,
    /** In the store, as far as this request knows. */
    STORED,
    /** Ended, by this request or as it found out. */
    ENDED
  }

  /** What periodic renewal asks of this request. */
  enum Renewal {
    /** Nothing. */
    NONE,
    /** The secret is old enough to be replaced, if the response can still carry the new one. */
    DUE,
    /**
     * The answer with the new secret was lost: the client still has the old one, and gets another.
     */
    LOST,
    /** The client has presented its new secret for the first time: the old one may go. */
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

  // Written under the lock of this. What is volatile is read without it, one at a time: most
  // requests only read.

  /** As this request found or began it. */
  private StoredSession initial;

  private volatile StoredSession snapshot;
  private volatile Status status;
  private boolean begunHere;
  private boolean kept;
  private volatile boolean touchDue;
  private boolean deleted;
  private volatile Renewal renewal;
  private volatile @Nullable SessionToken unsentToken;
  private volatile boolean changedHere;
  private volatile Pending.@Nullable IdleTimeoutChange idleTimeoutChange;

  /** The sessions that requests share; null if the store is none of this process alone. */
  private final @Nullable LiveSessions liveSessions;

  /** What the requests of this session share; null until it is looked up. */
  private volatile @Nullable LiveSession live;

  /** What was attached before the session is stored. */
  private volatile @Nullable Object attachment;

  /** A session that a token was resolved to. */
  @SuppressWarnings("NullAway.Init") // By the handles.
  Session(
      Engine engine,
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
  Session(Engine engine, StoredSession draft, SessionToken token, Status status) {
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

  /** Returns the public handle. Reading it does not make a new session be stored. */
  public SessionId id() {
    return snapshot.id();
  }

  /** Returns how many times the secret was changed. */
  public long generation() {
    return snapshot.generation();
  }

  /** Returns who is logged in; empty for an anonymous session, and for one that has ended. */
  public Optional<String> principal() {
    return status == Status.ENDED ? Optional.empty() : snapshot.principal();
  }

  /** Returns when the principal last authenticated; present exactly if there is a principal. */
  public Optional<Instant> authenticatedAt() {
    return status == Status.ENDED ? Optional.empty() : snapshot.authenticatedAt();
  }

  /** Returns when the session was created. */
  public Instant createdAt() {
    return live().createdAt();
  }

  /**
   * Returns when the session was last used before this request, up to the touch interval late; for
   * a session that this request began, its creation.
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

  /** Returns when the session expires whatever happens, unless its principal logs in again. */
  public Instant absoluteDeadline() {
    return live().absoluteDeadline();
  }

  /**
   * Returns after how much idle time it expires; empty if only the absolute deadline ends it. Can
   * be asked for when it has ended, as it is stored then.
   */
  public Optional<Duration> idleTimeout() {
    Pending.IdleTimeoutChange change = idleTimeoutChange;
    return change == null ? snapshot.idleTimeout() : Optional.ofNullable(change.timeout());
  }

  /**
   * Changes the idle timeout of this session, until the next login. The absolute deadline stays.
   *
   * @param timeout at least 1 millisecond; null for no limit but the absolute deadline
   * @throws IllegalArgumentException if it is out of range
   */
  public synchronized void idleTimeout(@Nullable Duration timeout) {
    StoredSessionBuilder checked = live().toBuilder().idleTimeout(timeout);
    idleTimeoutChange = new Pending.IdleTimeoutChange(checked.build().idleTimeout().orElse(null));
    kept = true;
  }

  /** Tells whether the login was remembered: the client keeps the cookie over a restart. */
  public boolean isRemembered() {
    return snapshot.remembered();
  }

  /** Returns the address of the client as recorded at login. */
  public Optional<String> clientAddress() {
    return snapshot.clientAddress();
  }

  /** Returns the user agent of the client as recorded at login; written by the client. */
  public Optional<String> userAgent() {
    return snapshot.userAgent();
  }

  /** Tells whether this request began the session. */
  public synchronized boolean isNew() {
    return begunHere;
  }

  /** Tells whether the session has ended, as far as this request knows. */
  public boolean isEnded() {
    return status == Status.ENDED;
  }

  /** Tells whether the session is in the store, as far as this request knows. */
  public boolean isStored() {
    return status == Status.STORED;
  }

  /** Tells whether the session will never be stored or sent: see {@link SessionManager#create}. */
  public boolean isEphemeral() {
    return status == Status.EPHEMERAL;
  }

  /**
   * Makes a session that {@linkplain #isEphemeral() lasts for its request alone} one that is stored
   * and sent as any other, with what it holds. For a login that the manager does not see. Without
   * effect on other sessions.
   */
  public synchronized void promote() {
    if (status == Status.EPHEMERAL) {
      status = Status.NEW;
    }
  }

  /** Tells whether the next save will create the session in the store. */
  public synchronized boolean isAwaitingCreation() {
    return status == Status.NEW && kept;
  }

  /** Asks for a new session to be stored by the next save even if it holds nothing. */
  public synchronized void keep() {
    live();
    kept = true;
  }

  /**
   * Returns the value of an attribute: what this request set, or what the snapshot holds. Where
   * {@linkplain SessionManager#sharesSessions() requests share the session}, that is the newest
   * snapshot, unless another principal has logged in or the session was re-keyed since. A value
   * whose bytes do not decode any more is absent, and told to the listeners once.
   *
   * @return the application's to change: a change in place is saved without another {@code set}
   */
  public @Nullable Object attribute(String name) {
    catchUp();
    return attributes.get(name);
  }

  /**
   * Returns the names of the attributes, sorted; a copy that the caller owns. A name is listed if
   * and only if {@link #attribute(String)} returns its value; to know that, each value is decoded,
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
   * @param value retained; null removes the attribute, also if another request set it and this one
   *     does not know of it
   * @throws AttributeCodecException if the store needs bytes and the value cannot be encoded;
   *     nothing was changed
   * @throws IllegalArgumentException if the name is empty or too long, or the session would hold
   *     more than its limits allow; nothing was changed
   */
  public void attribute(String name, @Nullable Object value) {
    live();
    checkName(name);
    if (value == null) {
      attributes.remove(name);
    } else {
      attributes.set(name, value);
      synchronized (this) {
        kept = true;
      }
    }
  }

  /**
   * Returns the token that the client does not have yet: of a session that was created, or got a
   * new secret, in this request. It stays here until {@link #tokenSent()}.
   *
   * @return empty if there is none, or the session is not stored
   */
  public Optional<SessionToken> unsentToken() {
    return status == Status.STORED ? Optional.ofNullable(unsentToken) : Optional.empty();
  }

  /** Forgets the token: it is on its way to the client. */
  public synchronized void tokenSent() {
    unsentToken = null;
  }

  /** Tells the id, the generation and the status; no attribute and no principal. */
  @Override
  public synchronized String toString() {
    return "Session[" + snapshot.id() + "~" + snapshot.generation() + ", " + status + "]";
  }

  /**
   * Returns what is attached to the session in this process, for a layer above; null if nothing is.
   * All requests of a stored session have the same where {@linkplain
   * SessionManager#sharesSessions() they share it}. It stays attached when the secret or the
   * principal changes, and is not part of what is stored.
   */
  public @Nullable Object attachment() {
    LiveSession shared = liveIfStored();
    return shared == null ? attachment : shared.attachment();
  }

  /**
   * Attaches another object in one atomic step.
   *
   * @param expected what is to be attached by now, by identity; null for nothing
   * @param next null to attach nothing
   * @return whether {@code next} is attached; {@code false} if something else was than {@code
   *     expected}
   */
  public boolean replaceAttachment(@Nullable Object expected, @Nullable Object next) {
    LiveSession shared = liveIfStored();
    return shared == null
        ? ATTACHMENT.compareAndSet(this, expected, next)
        : shared.replaceAttachment(expected, next);
  }

  /** Returns what the requests share; null if they share nothing, or the session is not stored. */
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

  /** Goes on with the newest snapshot where the requests share the session. */
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
    // What was re-keyed since is another's, and is none of this request's business.
    if (newest.fence() <= snapshot.generation() && newest.id().equals(snapshot.id())) {
      refreshed(newest);
    }
  }

  // What follows is for the engine.

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
   * Returns when the session was last used, as far as this request is concerned.
   *
   * @param moment when the request uses it, if that counts
   */
  Instant seenAt(Instant moment) {
    return isActivity ? moment : snapshot.lastSeenAt();
  }

  /** Collects what there is to save, which runs code of the values: not in the queue of saves. */
  Pending pending() {
    return new Pending(attributes.collect(), idleTimeoutChange);
  }

  /** Returns what is still to be saved of what was collected before the save queued. */
  Pending stillPending(Pending collected) {
    Pending.IdleTimeoutChange timeout = idleTimeoutChange == null ? null : collected.idleTimeout();
    boolean isSameTimeout = timeout != null || collected.idleTimeout() == null;
    return isSameTimeout && attributes.areAllPending(collected.attributes())
        ? collected
        : new Pending(attributes.stillPending(collected.attributes()), timeout);
  }

  /** Forgets changes that turned out to change nothing. */
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

  /** Tells whether a touch is due, once. */
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
   * Returns the session as this request last stored it, if an older copy of it may be anywhere and
   * that was not asked for before; null otherwise.
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
   * @return {@code false} if another thread of the request has ended it meanwhile: then it stays so
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

  /** Keeps what was attached to a session that is stored from now on. */
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
   * Goes on with a newer snapshot, if it is one. What this request changed is still to be saved.
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
      // What was to be confirmed or replaced is the secret that this request came with.
      renewal = Renewal.NONE;
    }
    attributes.saved(AttributeDelta.NONE, snapshot, newest);
    snapshot = newest;
    return true;
  }

  /** As {@link #saved}, and the client is to get a new token. */
  synchronized boolean renewed(StoredSession stored, Pending pending, SessionToken token) {
    if (!saved(stored, pending)) {
      return false;
    }
    unsentToken = token;
    renewal = Renewal.NONE;
    return true;
  }

  /** As {@link #renewed}, for a login, which begins anew what has ended. */
  synchronized void loggedIn(StoredSession stored, Pending pending, SessionToken token) {
    if (!stored.id().equals(snapshot.id())) {
      begunHere = true;
      initial = stored;
    }
    // Whatever another thread has ended meanwhile was the session from before.
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

  /** Takes note that the store has deleted the session, which is still to be ended here. */
  synchronized void deleted() {
    deleted = true;
  }

  synchronized boolean isDeleted() {
    return deleted;
  }

  synchronized void end() {
    status = Status.ENDED;
    unsentToken = null;
    forgetChanges();
  }

  /**
   * Ends this, unless a login of another thread has put another session in place of the one that
   * turned out to have ended.
   *
   * @return whether this stands for that session
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

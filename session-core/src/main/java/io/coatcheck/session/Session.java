package io.coatcheck.session;

import io.coatcheck.session.codec.AttributeCodecException;
import io.coatcheck.session.store.LiveSessions.LiveSession;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.StoredSessionBuilder;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.session.token.SessionToken;
import java.time.Duration;
import java.time.Instant;
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
 * and not before. Once the session has ended within this request, changing it throws {@link
 * IllegalStateException}, and so does reading its attributes, {@link #createdAt()}, {@link
 * #lastSeenAt()}, {@link #expiresAt()} and {@link #absoluteDeadline()}.
 *
 * @since 0.1.0
 */
public final class Session extends WorkingCopy {

  /** The longest name of an attribute, in characters. */
  public static final int MAX_ATTRIBUTE_NAME_LENGTH = 255;

  /** Creates the copy of a session that a token was resolved to. */
  Session(
      EngineContext engine,
      SessionId id,
      StoredSession snapshot,
      Instant requestedAt,
      boolean isActivity,
      boolean touchDue,
      Renewal renewal) {
    super(engine, id, snapshot, requestedAt, isActivity, touchDue, renewal);
  }

  /** Creates the copy of a session that this request uses in place. */
  Session(
      EngineContext engine,
      SessionId id,
      StoredSession snapshot,
      LiveSession live,
      long requestedAt,
      long seenBefore,
      Renewal renewal) {
    super(engine, id, snapshot, live, requestedAt, seenBefore, renewal);
  }

  /** Creates the copy of a session that this request begins. */
  Session(EngineContext engine, StoredSession draft, SessionToken token, SessionStatus status) {
    super(engine, draft, token, status);
  }

  /** Returns the public id. Reading it does not cause a new session to be stored. */
  public SessionId id() {
    return currentId();
  }

  /** Returns how many times the secret has been changed. */
  public long generation() {
    return snapshot().generation();
  }

  /**
   * Returns the generation since which no other principal has logged in and the secret has not been
   * renewed explicitly, as far as this request knows. Does not change when the session ends.
   */
  public long fence() {
    return snapshot().fence();
  }

  /**
   * Returns the principal that is logged in; empty for an anonymous session and for one that has
   * ended.
   */
  public Optional<String> principal() {
    return status() == SessionStatus.ENDED ? Optional.empty() : snapshot().principal();
  }

  /**
   * Returns when the principal authenticated, by the login that this request came with, or that it
   * made: a login by another request since does not count for this one. Present if and only if
   * there is a principal.
   */
  public Optional<Instant> authenticatedAt() {
    return status() == SessionStatus.ENDED ? Optional.empty() : RequestLogin.at(this);
  }

  /**
   * Returns {@link #authenticatedAt} in milliseconds since the epoch; negative if there is no
   * principal. Does not change when the session ends.
   */
  public long loginMillis() {
    return RequestLogin.millisOf(this);
  }

  /** Returns when the session was created. */
  public Instant createdAt() {
    return live().createdAt();
  }

  /**
   * Returns when the session was last used before this request, which may lag by up to the touch
   * interval; for a session that this request began, when it was created.
   */
  public synchronized Instant lastSeenAt() {
    live();
    return seenBefore();
  }

  /** Returns when the session will expire if no request after this one uses it. */
  public synchronized Instant expiresAt() {
    StoredSession current = live();
    StoredSessionBuilder builder =
        current.toBuilder()
            .lastSeenMillis(Math.max(current.lastSeenMillis(), seenMillis(requestedAt())));
    Pending.IdleTimeoutChange change = idleTimeoutChange();
    if (change != null) {
      builder.idleTimeout(change.timeout());
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
    Pending.IdleTimeoutChange change = idleTimeoutChange();
    return change == null ? snapshot().idleTimeout() : Optional.ofNullable(change.timeout());
  }

  /**
   * Changes the idle timeout of this session, until the next login. The absolute deadline stays.
   *
   * @param timeout at least 1 millisecond; null for no limit except the absolute deadline
   * @throws IllegalArgumentException if it is out of range
   */
  public synchronized void setIdleTimeout(@Nullable Duration timeout) {
    StoredSessionBuilder checked = live().toBuilder().idleTimeout(timeout);
    record(new Pending.IdleTimeoutChange(checked.build().idleTimeout().orElse(null)));
  }

  /** Returns whether the login was remembered: the client keeps the cookie across a restart. */
  public boolean isRemembered() {
    return snapshot().remembered();
  }

  /** Returns the address of the client as recorded at login. */
  public Optional<String> clientAddress() {
    return snapshot().clientAddress();
  }

  /** Returns the user agent of the client as recorded at login. Sent by the client: untrusted. */
  public Optional<String> userAgent() {
    return snapshot().userAgent();
  }

  /** Returns whether this request began the session. */
  public synchronized boolean isNew() {
    return isBegunHere();
  }

  /** Returns whether the session has ended, as far as this request knows. */
  public boolean isEnded() {
    return status() == SessionStatus.ENDED;
  }

  /** Returns whether the session is in the store, as far as this request knows. */
  public boolean isStored() {
    return status() == SessionStatus.STORED;
  }

  /**
   * Returns whether the session will never be stored or sent: see {@link SessionAdapter#create}.
   */
  public boolean isEphemeral() {
    return status() == SessionStatus.EPHEMERAL;
  }

  /**
   * Turns an {@linkplain #isEphemeral() ephemeral} session, with its attributes, into one that is
   * stored and sent like any other. Used for a login that the manager does not see. Has no effect
   * on other sessions.
   */
  public void promote() {
    makeStorable();
  }

  /** Returns whether the next save will create the session in the store. */
  public boolean isAwaitingCreation() {
    return isNewAndReliedOn();
  }

  /** Requests that the next save stores a new session even if it holds nothing. */
  public synchronized void keep() {
    live();
    relyOn();
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
    return attributeChanges().get(name);
  }

  /**
   * Returns the names of the attributes, sorted; a copy that the caller owns. A name is listed if
   * and only if {@link #attribute(String)} returns its value; to find out, each value is decoded
   * once.
   */
  public Set<String> attributeNames() {
    catchUp();
    return attributeChanges().names();
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
    change(name, value, null);
  }

  /**
   * Removes an attribute, even if another request set it and this one does not know it. Has no
   * effect if there is none.
   *
   * @param name 1 to 255 characters
   * @throws IllegalArgumentException if the name is empty or too long
   */
  public void removeAttribute(String name) {
    change(name, null, null);
  }

  /** Sets or removes an attribute; {@code replacing} gets the value that it had. */
  void change(String name, @Nullable Object value, @Nullable Replacing replacing) {
    live();
    AttributeName.check(name);
    if (value == null) {
      attributeChanges().remove(name, replacing);
    } else {
      attributeChanges().set(name, value, replacing);
      relyOn();
    }
  }

  /**
   * Returns the token that this request must still send, because it created the session or changed
   * its secret. The token stays available until {@link #markTokenSent()}.
   *
   * @return empty if there is none, or the session is not stored
   */
  public Optional<SessionToken> unsentToken() {
    return status() == SessionStatus.STORED ? Optional.ofNullable(heldToken()) : Optional.empty();
  }

  /**
   * Returns whether there is nothing to do for the session at the end of this request, as in most
   * requests: it is stored, a {@linkplain SessionManager#save save} would store nothing, its secret
   * is not to be renewed, and the client is to be sent neither a token nor a {@linkplain
   * VersionHints hint}. Cheap, and takes no lock.
   */
  public boolean isSettled() {
    return isAtRest();
  }

  /** Records that the token has been sent to the client. */
  public void markTokenSent() {
    discardToken();
  }

  /** Returns the id, the generation and the status; no attribute and no principal. */
  @Override
  public synchronized String toString() {
    return "Session[" + id() + "~" + snapshot().generation() + ", " + status() + "]";
  }

  /**
   * Returns the object that a layer above has attached to the session in this process; null if
   * there is none. All requests of a stored session see the same object where {@linkplain
   * SessionAdapter#sharesSessions() they share it}. It stays attached when the secret or the
   * principal changes, and is never stored.
   */
  public @Nullable Object attachment() {
    return attached();
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
    return replaceAttached(expected, next);
  }
}

package io.coatcheck.session.store;

import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.token.SecretHash;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A persisted snapshot of a session: what a store keeps and returns. It holds nothing that could be
 * presented as a credential.
 *
 * <p>Moments and durations are kept to the millisecond; finer parts are cut off. They lie between
 * 1970 and the end of the year 9999. Two snapshots are equal if all their parts are.
 *
 * <p>Immutable and thread-safe, apart from live attribute values that are mutable themselves.
 *
 * @since 0.1.0
 */
public final class StoredSession {

  /** The longest principal, in code points. */
  public static final int MAX_PRINCIPAL_LENGTH = 255;

  /** The longest client address, in characters. */
  public static final int MAX_CLIENT_ADDRESS_LENGTH = 45;

  /** The longest user agent, in characters. */
  public static final int MAX_USER_AGENT_LENGTH = 128;

  /** The latest moment that is accepted: the end of the year 9999. */
  public static final Instant MAX_MOMENT = Instant.parse("9999-12-31T23:59:59.999Z");

  static final long MAX_MILLIS = MAX_MOMENT.toEpochMilli();
  static final long ABSENT = Long.MIN_VALUE;

  final SessionId id;
  final SecretHash secretHash;
  final @Nullable Rotations rotations;
  final LoginParts login;
  final long createdAt;
  final long lastSeenAt;
  final long idleTimeout;
  final long absoluteDeadline;
  final long version;

  /**
   * The result of {@link AttributeMap#contentOf}: a map would be one more object for each session,
   * to keep and to fetch.
   */
  private final Object attributes;

  StoredSession(StoredSessionBuilder builder) {
    id = builder.id;
    secretHash = required(builder.secretHash, "secretHash");
    login = builder.login;
    createdAt = required(builder.createdAt, "createdAt");
    lastSeenAt = builder.lastSeenAt == ABSENT ? createdAt : builder.lastSeenAt;
    idleTimeout = builder.idleTimeout;
    absoluteDeadline = required(builder.absoluteDeadline, "absoluteDeadline");
    version = builder.version;
    attributes = AttributeMap.contentOf(builder.attributes);
    if ((login.principal() == null) != (login.authenticatedAt() == ABSENT)) {
      throw new IllegalArgumentException(
          "principal and authenticatedAt must both be present or both be absent: session " + id);
    }
    rotations = Rotations.of(builder, createdAt);
  }

  private StoredSession(StoredSession session, long lastSeenAt, long version) {
    id = session.id;
    secretHash = session.secretHash;
    rotations = session.rotations;
    login = session.login;
    createdAt = session.createdAt;
    this.lastSeenAt = lastSeenAt;
    idleTimeout = session.idleTimeout;
    absoluteDeadline = session.absoluteDeadline;
    this.version = version;
    attributes = session.attributes;
  }

  /** Begins a snapshot of version 0 and generation 0. Required: secret hash, creation, deadline. */
  public static StoredSessionBuilder builder(SessionId id) {
    return new StoredSessionBuilder(id);
  }

  /** Begins a snapshot with the parts of this one. */
  public StoredSessionBuilder toBuilder() {
    return new StoredSessionBuilder(this);
  }

  /**
   * Returns the snapshot with the later of its own last-seen moment and the given one. Cheap, since
   * a store that is exact about activity calls it for each request.
   *
   * @throws IllegalArgumentException if the moment is out of range
   */
  public StoredSession seenAt(Instant moment) {
    return seenAtMillis(millisOf(moment, "lastSeenAt"));
  }

  /**
   * Returns the snapshot that {@link #seenAt} does, for a store that keeps the moment as a number.
   *
   * @param millis since the epoch, not after {@link #MAX_MOMENT}
   */
  public StoredSession seenAtMillis(long millis) {
    if (millis <= lastSeenAt) {
      return this;
    }
    if (millis > MAX_MILLIS) {
      throw new IllegalArgumentException("lastSeenAt must not be after " + MAX_MOMENT);
    }
    return new StoredSession(this, millis, version);
  }

  /**
   * Returns what {@link SessionStore#update} stores over another snapshot when it is given this
   * one: this one with the next version and the later last-seen moment of the two. For a store that
   * compares and swaps whole sessions; one that does it in a statement follows the same rule.
   *
   * @param stored what is stored now, of the same id
   * @param now the moment that {@code update} was given
   * @return empty if {@code update} must return {@code false}: {@code stored} has another version
   *     or is expired at {@code now}
   * @throws IllegalArgumentException if the ids differ
   * @throws SessionStoreException if {@code update} must throw, since there is no version after
   *     this one
   */
  public Optional<StoredSession> replacing(StoredSession stored, Instant now) {
    return replacing(stored, stored.lastSeenAt, now);
  }

  /**
   * Returns what {@link #replacing(StoredSession, Instant)} does, for a store that keeps the
   * last-seen moment as a number.
   *
   * @param seen when {@code stored} was last seen, in milliseconds since the epoch; its own moment
   *     applies if that is later
   */
  public Optional<StoredSession> replacing(StoredSession stored, long seen, Instant now) {
    if (!id.equals(stored.id)) {
      throw new IllegalArgumentException(
          "a session cannot replace another one: " + id + " and " + stored.id);
    }
    if (version != stored.version || now.toEpochMilli() >= stored.expiresAtMillis(seen)) {
      return Optional.empty();
    }
    if (version == Long.MAX_VALUE) {
      throw new SessionStoreException("update: session " + id + " has the last possible version");
    }
    return Optional.of(
        new StoredSession(
            this, Math.max(lastSeenAt, Math.max(stored.lastSeenAt, seen)), version + 1));
  }

  /**
   * Returns this snapshot as it is stored after {@link SessionStore#update} was given it and
   * returned true: with the next version, and otherwise the same.
   *
   * @throws IllegalStateException if there is no version after this one
   */
  public StoredSession withNextVersion() {
    if (version == Long.MAX_VALUE) {
      throw new IllegalStateException("session " + id + " has the last possible version");
    }
    return new StoredSession(this, lastSeenAt, version + 1);
  }

  /** Returns the public handle, which is the same for the whole life of the session. */
  public SessionId id() {
    return id;
  }

  /** Returns the hash of the current secret. */
  public SecretHash secretHash() {
    return secretHash;
  }

  /** Returns the hash of the secret before the last rotation; empty before the first rotation. */
  public Optional<SecretHash> previousSecretHash() {
    return rotations == null
        ? Optional.empty()
        : Optional.ofNullable(rotations.previousSecretHash());
  }

  /**
   * Returns until when, exclusively, the previous secret may still read; empty if it may not, as
   * after every login.
   */
  public Optional<Instant> previousReadableUntil() {
    return rotations == null ? Optional.empty() : optionalMoment(rotations.previousReadableUntil());
  }

  /** Returns the principal that is logged in; empty for an anonymous session. */
  public Optional<String> principal() {
    return login.principal() == null ? Optional.empty() : Optional.of(login.principal());
  }

  /** Returns when the session was created. */
  public Instant createdAt() {
    return Instant.ofEpochMilli(createdAt);
  }

  /** Returns when the principal last authenticated; present if and only if there is a principal. */
  public Optional<Instant> authenticatedAt() {
    return optionalMoment(login.authenticatedAt());
  }

  /** Returns {@link #authenticatedAt} in milliseconds since the epoch; negative if it is empty. */
  public long authenticatedAtMillis() {
    return login.authenticatedAt();
  }

  /** Returns when a request last used the session; may lag by up to the store's touch interval. */
  public Instant lastSeenAt() {
    return Instant.ofEpochMilli(lastSeenAt);
  }

  /** Returns {@link #lastSeenAt()} in milliseconds since the epoch. */
  public long lastSeenMillis() {
    return lastSeenAt;
  }

  /** Returns the idle time after which the session expires; empty if idleness does not end it. */
  public Optional<Duration> idleTimeout() {
    return idleTimeout == ABSENT ? Optional.empty() : Optional.of(Duration.ofMillis(idleTimeout));
  }

  /**
   * Returns when the session expires regardless of activity, unless its principal logs in again.
   */
  public Instant absoluteDeadline() {
    return Instant.ofEpochMilli(absoluteDeadline);
  }

  /** Returns when the secret was last changed; at first, the creation. */
  public Instant rotatedAt() {
    return Instant.ofEpochMilli(rotatedAtMillis());
  }

  long rotatedAtMillis() {
    return rotations == null ? createdAt : rotations.rotatedAt();
  }

  /** Returns how many times the secret was changed. */
  public long generation() {
    return rotations == null ? 0 : rotations.generation();
  }

  /**
   * Returns the generation of the last login of another principal or explicit renewal. What
   * requests from before it changed is dropped. Logging in again as the same principal and a
   * periodic renewal leave it as it is. Compare two fences for equality only, since an imported
   * session begins with a random one.
   */
  public long fence() {
    return rotations == null ? 0 : rotations.fence();
  }

  /** Returns the optimistic guard: it grows with every update, and not with a touch. */
  public long version() {
    return version;
  }

  /** Returns whether the login was remembered: the client keeps the cookie across a restart. */
  public boolean remembered() {
    return login.remembered();
  }

  /** Returns the address of the client as recorded at login. */
  public Optional<String> clientAddress() {
    return Optional.ofNullable(login.clientAddress());
  }

  /** Returns the user agent of the client as recorded at login. */
  public Optional<String> userAgent() {
    return Optional.ofNullable(login.userAgent());
  }

  /** Returns the attributes by name, immutable. */
  public Map<String, AttributeValue> attributes() {
    return AttributeMap.of(attributes);
  }

  /** Returns one of {@link #attributes()}, without the map; null if there is none of that name. */
  public @Nullable AttributeValue attribute(String name) {
    return AttributeMap.get(attributes, name);
  }

  /**
   * Returns when the session expires: the earlier of last-seen plus idle timeout and the absolute
   * deadline. At that exact instant it is expired.
   */
  public Instant expiresAt() {
    return Instant.ofEpochMilli(expiresAtMillis());
  }

  /** Returns whether the session is expired at a moment: at or past {@link #expiresAt()}. */
  public boolean isExpiredAt(Instant now) {
    return now.toEpochMilli() >= expiresAtMillis();
  }

  /** Returns {@link #expiresAt()} in milliseconds since the epoch, for an index by expiry. */
  public long expiresAtMillis() {
    return expiresAtMillis(lastSeenAt);
  }

  /**
   * Returns {@link #expiresAtMillis()} of {@link #seenAtMillis}, without that snapshot.
   *
   * @param seen milliseconds since the epoch, not after {@link #MAX_MOMENT}
   */
  public long expiresAtMillis(long seen) {
    long last = Math.max(seen, lastSeenAt);
    // Both are non-negative and bounded by MAX_MILLIS and Long.MAX_VALUE; the sum may overflow.
    return idleTimeout == ABSENT || idleTimeout >= absoluteDeadline - last
        ? absoluteDeadline
        : last + idleTimeout;
  }

  /**
   * Returns a moment in milliseconds since the epoch; finer parts are cut off. A store checks each
   * moment that it is given with this method.
   *
   * @param name what the message calls it
   * @throws IllegalArgumentException if it is before 1970 or after the year 9999
   */
  public static long millisOf(Instant moment, String name) {
    long seconds = moment.getEpochSecond();
    if (seconds < 0 || seconds > MAX_MILLIS / 1_000) {
      throw new IllegalArgumentException(
          name + " must lie between 1970 and the end of the year 9999: " + moment);
    }
    return moment.toEpochMilli();
  }

  private static Optional<Instant> optionalMoment(long millis) {
    return millis == ABSENT ? Optional.empty() : Optional.of(Instant.ofEpochMilli(millis));
  }

  private static <T> T required(@Nullable T value, String name) {
    if (value == null) {
      throw new IllegalArgumentException(name + " must be set");
    }
    return value;
  }

  private static long required(long millis, String name) {
    if (millis == ABSENT) {
      throw new IllegalArgumentException(name + " must be set");
    }
    return millis;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof StoredSession that
        && id.equals(that.id)
        && version == that.version
        && lastSeenAt == that.lastSeenAt
        && secretHash.equals(that.secretHash)
        && Objects.equals(rotations, that.rotations)
        && login.equals(that.login)
        && createdAt == that.createdAt
        && idleTimeout == that.idleTimeout
        && absoluteDeadline == that.absoluteDeadline
        && attributes().equals(that.attributes());
  }

  @Override
  public int hashCode() {
    return 31 * id.hashCode() + Long.hashCode(version);
  }

  /** Returns what is safe to log: no hash, no client, and only the number of attributes. */
  @Override
  public String toString() {
    return "StoredSession["
        + id
        + ", generation "
        + generation()
        + ", version "
        + version
        + (login.principal() == null ? ", anonymous" : ", authenticated")
        + ", lastSeenAt "
        + lastSeenAt()
        + ", expiresAt "
        + expiresAt()
        + ", "
        + attributes().size()
        + " attributes]";
  }
}

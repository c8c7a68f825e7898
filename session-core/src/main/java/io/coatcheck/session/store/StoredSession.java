package io.coatcheck.session.store;

import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.token.SecretHash;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A persisted snapshot of a session: what a store keeps and returns. It holds nothing that could be
 * presented as a credential.
 *
 * <p>Moments and durations are kept to the millisecond; what is finer is cut off. They lie between
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

  private static final long MAX_MILLIS = MAX_MOMENT.toEpochMilli();
  private static final long ABSENT = Long.MIN_VALUE;

  private final SessionId id;
  private final SecretHash secretHash;
  private final @Nullable Previous previous;
  private final Login login;
  private final long createdAt;
  private final long lastSeenAt;
  private final long idleTimeout;
  private final long absoluteDeadline;
  private final long rotatedAt;
  private final long generation;
  private final long fence;
  private final long version;

  /** Of {@link AttributeMap#contentOf}: a map would be one more object a session, and to fetch. */
  private final Object attributes;

  private StoredSession(Builder builder) {
    id = builder.id;
    secretHash = required(builder.secretHash, "secretHash");
    previous =
        builder.previousSecretHash == null
            ? null
            : new Previous(builder.previousSecretHash, builder.previousReadableUntil);
    login = builder.login;
    createdAt = required(builder.createdAt, "createdAt");
    lastSeenAt = builder.lastSeenAt == ABSENT ? createdAt : builder.lastSeenAt;
    idleTimeout = builder.idleTimeout;
    absoluteDeadline = required(builder.absoluteDeadline, "absoluteDeadline");
    rotatedAt = builder.rotatedAt == ABSENT ? createdAt : builder.rotatedAt;
    generation = builder.generation;
    fence = builder.fence;
    version = builder.version;
    attributes = AttributeMap.contentOf(builder.attributes);
    if ((login.principal == null) != (login.authenticatedAt == ABSENT)) {
      throw new IllegalArgumentException(
          "principal and authenticatedAt must both be present or both be absent: session " + id);
    }
    if (previous == null && builder.previousReadableUntil != ABSENT) {
      throw new IllegalArgumentException(
          "previousReadableUntil needs a previousSecretHash: session " + id);
    }
    if (fence > generation) {
      throw new IllegalArgumentException(
          "fence must not be above generation: " + fence + " > " + generation);
    }
  }

  private StoredSession(StoredSession session, long lastSeenAt) {
    id = session.id;
    secretHash = session.secretHash;
    previous = session.previous;
    login = session.login;
    createdAt = session.createdAt;
    this.lastSeenAt = lastSeenAt;
    idleTimeout = session.idleTimeout;
    absoluteDeadline = session.absoluteDeadline;
    rotatedAt = session.rotatedAt;
    generation = session.generation;
    fence = session.fence;
    version = session.version;
    attributes = session.attributes;
  }

  /** Begins a snapshot of version 0 and generation 0. Required: secret hash, creation, deadline. */
  public static Builder builder(SessionId id) {
    return new Builder(id);
  }

  /** Begins a snapshot that differs from this one in what is then set. */
  public Builder toBuilder() {
    return new Builder(this);
  }

  /**
   * Returns the snapshot with a last-seen moment that is the later one of its own and this. As
   * cheap as can be, since a store that is exact about activity does it for each request.
   *
   * @throws IllegalArgumentException if the moment is out of range
   */
  public StoredSession seenAt(Instant moment) {
    return seenAtMillis(Builder.millis(moment, "lastSeenAt"));
  }

  /**
   * As {@link #seenAt}, for those who keep the moment as a number.
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
    return new StoredSession(this, millis);
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
    return previous == null ? Optional.empty() : Optional.of(previous.secretHash());
  }

  /**
   * Returns until when, exclusively, the previous secret may still read; empty if it may not, as
   * after every login.
   */
  public Optional<Instant> previousReadableUntil() {
    return previous == null ? Optional.empty() : optionalMoment(previous.readableUntil());
  }

  /** Returns who is logged in; empty for an anonymous session. */
  public Optional<String> principal() {
    return login.principal == null ? Optional.empty() : Optional.of(login.principal);
  }

  /** Returns when the session was created. */
  public Instant createdAt() {
    return Instant.ofEpochMilli(createdAt);
  }

  /** Returns when the principal last authenticated; present exactly if there is a principal. */
  public Optional<Instant> authenticatedAt() {
    return optionalMoment(login.authenticatedAt);
  }

  /** Returns when a request last used the session, up to the store's touch interval late. */
  public Instant lastSeenAt() {
    return Instant.ofEpochMilli(lastSeenAt);
  }

  /** Returns {@link #lastSeenAt()} in milliseconds since the epoch. */
  public long lastSeenMillis() {
    return lastSeenAt;
  }

  /** Returns after how much idle time the session expires; empty if idleness does not end it. */
  public Optional<Duration> idleTimeout() {
    return idleTimeout == ABSENT ? Optional.empty() : Optional.of(Duration.ofMillis(idleTimeout));
  }

  /** Returns when the session expires whatever happens, unless its principal logs in again. */
  public Instant absoluteDeadline() {
    return Instant.ofEpochMilli(absoluteDeadline);
  }

  /** Returns when the secret was last changed; at first, the creation. */
  public Instant rotatedAt() {
    return Instant.ofEpochMilli(rotatedAt);
  }

  /** Returns how many times the secret was changed. */
  public long generation() {
    return generation;
  }

  /**
   * Returns the lowest generation whose requests may still save. A login of another principal and
   * an explicit renewal raise it to the new generation, so that what requests from before them
   * changed is dropped; logging in again as the same principal and a periodic renewal do not.
   */
  public long fence() {
    return fence;
  }

  /** Returns the optimistic guard: it grows with every update, and not with a touch. */
  public long version() {
    return version;
  }

  /** Tells whether the login was remembered: the client keeps the cookie over a restart. */
  public boolean remembered() {
    return login.remembered;
  }

  /** Returns the address of the client as recorded at login. */
  public Optional<String> clientAddress() {
    return Optional.ofNullable(login.clientAddress);
  }

  /** Returns the user agent of the client as recorded at login. */
  public Optional<String> userAgent() {
    return Optional.ofNullable(login.userAgent);
  }

  /** Returns the attributes by name, immutable. */
  public Map<String, AttributeValue> attributes() {
    return AttributeMap.of(attributes);
  }

  /**
   * Returns when the session expires: the earlier one of last-seen plus idle timeout and the
   * absolute deadline. At that exact instant it is expired.
   */
  public Instant expiresAt() {
    return Instant.ofEpochMilli(expiresAtMillis());
  }

  /** Tells whether the session is expired at a moment: at or past {@link #expiresAt()}. */
  public boolean isExpiredAt(Instant now) {
    return now.toEpochMilli() >= expiresAtMillis();
  }

  private long expiresAtMillis() {
    // Both are non-negative and bounded by MAX_MILLIS and Long.MAX_VALUE; the sum may overflow.
    return idleTimeout == ABSENT || idleTimeout >= absoluteDeadline - lastSeenAt
        ? absoluteDeadline
        : lastSeenAt + idleTimeout;
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
        && Objects.equals(previous, that.previous)
        && login.equals(that.login)
        && createdAt == that.createdAt
        && idleTimeout == that.idleTimeout
        && absoluteDeadline == that.absoluteDeadline
        && rotatedAt == that.rotatedAt
        && generation == that.generation
        && fence == that.fence
        && attributes().equals(that.attributes());
  }

  @Override
  public int hashCode() {
    return 31 * id.hashCode() + Long.hashCode(version);
  }

  /** Tells what is safe to log: no hash, no client, and of the attributes only how many. */
  @Override
  public String toString() {
    return "StoredSession["
        + id
        + ", generation "
        + generation
        + ", version "
        + version
        + (login.principal == null ? ", anonymous" : ", authenticated")
        + ", lastSeenAt "
        + lastSeenAt()
        + ", expiresAt "
        + expiresAt()
        + ", "
        + attributes().size()
        + " attributes]";
  }

  /** The secret before the last rotation, apart from the rest: most sessions had none. */
  private record Previous(SecretHash secretHash, long readableUntil) {}

  /**
   * What only a login brings, apart from the rest: an anonymous session does without it, and the
   * snapshots of one login share it.
   */
  private record Login(
      @Nullable String principal,
      long authenticatedAt,
      boolean remembered,
      @Nullable String clientAddress,
      @Nullable String userAgent) {

    static final Login NONE = new Login(null, ABSENT, false, null, null);

    Login withPrincipal(@Nullable String name) {
      return new Login(name, authenticatedAt, remembered, clientAddress, userAgent);
    }

    Login withAuthenticatedAt(long moment) {
      return new Login(principal, moment, remembered, clientAddress, userAgent);
    }

    Login withRemembered(boolean value) {
      return new Login(principal, authenticatedAt, value, clientAddress, userAgent);
    }

    Login withClient(@Nullable String address, @Nullable String agent) {
      return new Login(principal, authenticatedAt, remembered, address, agent);
    }
  }

  /**
   * Builds a snapshot. Each method checks its range and throws {@link IllegalArgumentException}
   * with a message that names the part and the rule. Not thread-safe.
   */
  public static final class Builder {

    private final SessionId id;
    private @Nullable SecretHash secretHash;
    private @Nullable SecretHash previousSecretHash;
    private long previousReadableUntil = ABSENT;
    private Login login = Login.NONE;
    private long createdAt = ABSENT;
    private long lastSeenAt = ABSENT;
    private long idleTimeout = ABSENT;
    private long absoluteDeadline = ABSENT;
    private long rotatedAt = ABSENT;
    private long generation;
    private long fence;
    private long version;
    private Map<String, AttributeValue> attributes = Map.of();

    private Builder(SessionId id) {
      this.id = id;
    }

    private Builder(StoredSession session) {
      id = session.id;
      secretHash = session.secretHash;
      if (session.previous != null) {
        previousSecretHash = session.previous.secretHash();
        previousReadableUntil = session.previous.readableUntil();
      }
      login = session.login;
      createdAt = session.createdAt;
      lastSeenAt = session.lastSeenAt;
      idleTimeout = session.idleTimeout;
      absoluteDeadline = session.absoluteDeadline;
      rotatedAt = session.rotatedAt;
      generation = session.generation;
      fence = session.fence;
      version = session.version;
      attributes = session.attributes();
    }

    /** Sets the hash of the current secret. Required. */
    public Builder secretHash(SecretHash hash) {
      secretHash = hash;
      return this;
    }

    /** Sets the hash of the secret before the last rotation. Default: none. */
    public Builder previousSecretHash(@Nullable SecretHash hash) {
      previousSecretHash = hash;
      return this;
    }

    /** Sets until when, exclusively, the previous secret may still read. Default: it may not. */
    public Builder previousReadableUntil(@Nullable Instant moment) {
      previousReadableUntil = optionalMillis(moment, "previousReadableUntil");
      return this;
    }

    /**
     * Sets who is logged in: 1 to 255 code points, without U+0000 and lone surrogates. Default:
     * nobody.
     */
    public Builder principal(@Nullable String name) {
      login = login.withPrincipal(name == null ? null : checkPrincipal(name));
      return this;
    }

    /** Sets when the session was created. Required. */
    public Builder createdAt(Instant moment) {
      createdAt = millis(moment, "createdAt");
      return this;
    }

    /** Sets when the principal authenticated. Required exactly if there is a principal. */
    public Builder authenticatedAt(@Nullable Instant moment) {
      login = login.withAuthenticatedAt(optionalMillis(moment, "authenticatedAt"));
      return this;
    }

    /** Sets when a request last used the session. Default: its creation. */
    public Builder lastSeenAt(Instant moment) {
      lastSeenAt = millis(moment, "lastSeenAt");
      return this;
    }

    /** Sets after how much idle time it expires, at least 1 millisecond. Default: null, never. */
    public Builder idleTimeout(@Nullable Duration timeout) {
      idleTimeout = timeout == null ? ABSENT : positiveMillis(timeout);
      return this;
    }

    /** Sets when the session expires whatever happens. Required. */
    public Builder absoluteDeadline(Instant moment) {
      absoluteDeadline = millis(moment, "absoluteDeadline");
      return this;
    }

    /** Sets when the secret was last changed. Default: the creation. */
    public Builder rotatedAt(Instant moment) {
      rotatedAt = millis(moment, "rotatedAt");
      return this;
    }

    /** Sets how many times the secret was changed. Default: 0. */
    public Builder generation(long number) {
      generation = notNegative(number, "generation");
      return this;
    }

    /** Sets the lowest generation whose requests may still save. Default: 0. */
    public Builder fence(long lowestGeneration) {
      fence = notNegative(lowestGeneration, "fence");
      return this;
    }

    /** Sets the optimistic guard. Default: 0. */
    public Builder version(long number) {
      version = notNegative(number, "version");
      return this;
    }

    /** Sets whether the client keeps the cookie over a restart. Default: false. */
    public Builder remembered(boolean value) {
      login = login.withRemembered(value);
      return this;
    }

    /**
     * Sets the address of the client: at most 45 characters, without U+0000 and lone surrogates.
     * Default: none.
     */
    public Builder clientAddress(@Nullable String address) {
      String checked = checkText(address, MAX_CLIENT_ADDRESS_LENGTH, "clientAddress");
      login = login.withClient(checked, login.userAgent);
      return this;
    }

    /**
     * Sets the user agent of the client: at most 128 characters, without U+0000 and lone
     * surrogates. Default: none.
     */
    public Builder userAgent(@Nullable String agent) {
      String checked = checkText(agent, MAX_USER_AGENT_LENGTH, "userAgent");
      login = login.withClient(login.clientAddress, checked);
      return this;
    }

    /** Sets all attributes. The map is copied. Default: none. */
    public Builder attributes(Map<String, AttributeValue> values) {
      attributes = AttributeMap.copyOf(values);
      return this;
    }

    /** Sets one attribute and keeps the others. */
    public Builder attribute(String name, AttributeValue value) {
      Map<String, AttributeValue> changed = new HashMap<>(attributes);
      changed.put(name, value);
      return attributes(changed);
    }

    /**
     * Makes the snapshot.
     *
     * @throws IllegalArgumentException if a required part is missing, or two parts contradict each
     *     other
     */
    public StoredSession build() {
      return new StoredSession(this);
    }

    private static long millis(Instant moment, String name) {
      if (moment.isBefore(Instant.EPOCH) || moment.isAfter(MAX_MOMENT)) {
        throw new IllegalArgumentException(
            name + " must lie between 1970 and the end of the year 9999: " + moment);
      }
      return moment.toEpochMilli();
    }

    private static long optionalMillis(@Nullable Instant moment, String name) {
      return moment == null ? ABSENT : millis(moment, name);
    }

    private static long positiveMillis(Duration timeout) {
      if (timeout.compareTo(Duration.ofMillis(1)) < 0) {
        throw new IllegalArgumentException(
            "idleTimeout must be at least 1 millisecond: " + timeout);
      }
      // Longer than any deadline is as good as this.
      return timeout.compareTo(Duration.ofMillis(MAX_MILLIS)) > 0 ? MAX_MILLIS : timeout.toMillis();
    }

    private static long notNegative(long number, String name) {
      if (number < 0) {
        throw new IllegalArgumentException(name + " must not be negative: " + number);
      }
      return number;
    }

    private static @Nullable String checkText(@Nullable String text, int length, String name) {
      if (text != null) {
        if (text.length() > length) {
          throw new IllegalArgumentException(
              name + " must have at most " + length + " characters: " + text.length());
        }
        countCodePoints(text, name);
      }
      return text;
    }

    private static String checkPrincipal(String name) {
      int length = countCodePoints(name, "principal");
      if (length < 1 || length > MAX_PRINCIPAL_LENGTH) {
        throw new IllegalArgumentException(
            "principal must have 1 to " + MAX_PRINCIPAL_LENGTH + " code points: " + length);
      }
      return name;
    }

    /** Refuses what some databases cannot store. */
    private static int countCodePoints(String text, String name) {
      int length = 0;
      for (int i = 0; i < text.length(); length++) {
        int codePoint = text.codePointAt(i);
        if (codePoint == 0) {
          throw new IllegalArgumentException(name + " must not contain U+0000, at index " + i);
        }
        if (Character.getType(codePoint) == Character.SURROGATE) {
          throw new IllegalArgumentException(
              name + " must not contain a lone surrogate, at index " + i);
        }
        i += Character.charCount(codePoint);
      }
      return length;
    }
  }
}

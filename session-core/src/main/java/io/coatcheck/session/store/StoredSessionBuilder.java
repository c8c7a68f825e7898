package io.coatcheck.session.store;

import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.token.SecretHash;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Builds a {@link StoredSession}. Each method checks its range and throws {@link
 * IllegalArgumentException} with a message that names the part and the rule. Not thread-safe.
 *
 * @since 0.1.0
 */
public final class StoredSessionBuilder {

  final SessionId id;
  @Nullable SecretHash secretHash;
  @Nullable SecretHash previousSecretHash;
  long previousReadableUntil = StoredSession.ABSENT;
  LoginParts login = LoginParts.NONE;
  long createdAt = StoredSession.ABSENT;
  long lastSeenAt = StoredSession.ABSENT;
  long idleTimeout = StoredSession.ABSENT;
  long absoluteDeadline = StoredSession.ABSENT;
  long rotatedAt = StoredSession.ABSENT;
  long generation;
  long fence;
  long version;
  Map<String, AttributeValue> attributes = Map.of();

  /**
   * The rotations of the snapshot that this was begun from; the next one shares them if they stay
   * the same.
   */
  @Nullable Rotations known;

  StoredSessionBuilder(SessionId id) {
    this.id = id;
  }

  StoredSessionBuilder(StoredSession session) {
    id = session.id;
    secretHash = session.secretHash;
    known = session.rotations;
    if (known != null) {
      previousSecretHash = known.previousSecretHash();
      previousReadableUntil = known.previousReadableUntil();
    }
    login = session.login;
    createdAt = session.createdAt;
    lastSeenAt = session.lastSeenAt;
    idleTimeout = session.idleTimeout;
    absoluteDeadline = session.absoluteDeadline;
    rotatedAt = session.rotatedAtMillis();
    generation = session.generation();
    fence = session.fence();
    version = session.version;
    attributes = session.attributes();
  }

  /** Sets the hash of the current secret. Required. */
  public StoredSessionBuilder secretHash(SecretHash hash) {
    secretHash = hash;
    return this;
  }

  /** Sets the hash of the secret before the last rotation. Default: none. */
  public StoredSessionBuilder previousSecretHash(@Nullable SecretHash hash) {
    previousSecretHash = hash;
    return this;
  }

  /** Sets until when, exclusively, the previous secret may still read. Default: it may not. */
  public StoredSessionBuilder previousReadableUntil(@Nullable Instant moment) {
    previousReadableUntil = optionalMillis(moment, "previousReadableUntil");
    return this;
  }

  /**
   * Sets the principal that is logged in: 1 to 255 code points, without U+0000 and lone surrogates.
   * Default: none, which is an anonymous session.
   */
  public StoredSessionBuilder principal(@Nullable String name) {
    login = login.withPrincipal(name == null ? null : checkPrincipal(name));
    return this;
  }

  /** Sets when the session was created. Required. */
  public StoredSessionBuilder createdAt(Instant moment) {
    createdAt = StoredSession.millisOf(moment, "createdAt");
    return this;
  }

  /** Sets when the principal authenticated. Required if and only if there is a principal. */
  public StoredSessionBuilder authenticatedAt(@Nullable Instant moment) {
    login = login.withAuthenticatedAt(optionalMillis(moment, "authenticatedAt"));
    return this;
  }

  /** Sets when a request last used the session. Default: its creation. */
  public StoredSessionBuilder lastSeenAt(Instant moment) {
    lastSeenAt = StoredSession.millisOf(moment, "lastSeenAt");
    return this;
  }

  /** Sets {@link #lastSeenAt} in milliseconds since the epoch. */
  public StoredSessionBuilder lastSeenMillis(long millis) {
    if (millis < 0 || millis > StoredSession.MAX_MILLIS) {
      throw new IllegalArgumentException(
          "lastSeenAt must lie between 1970 and the end of the year 9999: " + millis);
    }
    lastSeenAt = millis;
    return this;
  }

  /**
   * Sets the idle time after which it expires, at least 1 millisecond. Default: null; idleness does
   * not end it.
   */
  public StoredSessionBuilder idleTimeout(@Nullable Duration timeout) {
    idleTimeout = timeout == null ? StoredSession.ABSENT : positiveMillis(timeout);
    return this;
  }

  /** Sets when the session expires regardless of activity. Required. */
  public StoredSessionBuilder absoluteDeadline(Instant moment) {
    absoluteDeadline = StoredSession.millisOf(moment, "absoluteDeadline");
    return this;
  }

  /** Sets when the secret was last changed. Default: the creation. */
  public StoredSessionBuilder rotatedAt(Instant moment) {
    rotatedAt = StoredSession.millisOf(moment, "rotatedAt");
    return this;
  }

  /** Sets how many times the secret was changed. Default: 0. */
  public StoredSessionBuilder generation(long number) {
    generation = notNegative(number, "generation");
    return this;
  }

  /** Sets the generation of the last login of another principal or explicit renewal. Default: 0. */
  public StoredSessionBuilder fence(long number) {
    fence = notNegative(number, "fence");
    return this;
  }

  /** Sets the optimistic guard. Default: 0. */
  public StoredSessionBuilder version(long number) {
    version = notNegative(number, "version");
    return this;
  }

  /** Sets whether the client keeps the cookie across a restart. Default: false. */
  public StoredSessionBuilder remembered(boolean value) {
    login = login.withRemembered(value);
    return this;
  }

  /**
   * Sets the address of the client: at most 45 characters, without U+0000 and lone surrogates.
   * Default: none.
   */
  public StoredSessionBuilder clientAddress(@Nullable String address) {
    String checked = checkText(address, StoredSession.MAX_CLIENT_ADDRESS_LENGTH, "clientAddress");
    login = login.withClient(checked, login.userAgent());
    return this;
  }

  /**
   * Sets the user agent of the client: at most 128 characters, without U+0000 and lone surrogates.
   * Default: none.
   */
  public StoredSessionBuilder userAgent(@Nullable String agent) {
    String checked = checkText(agent, StoredSession.MAX_USER_AGENT_LENGTH, "userAgent");
    login = login.withClient(login.clientAddress(), checked);
    return this;
  }

  /** Sets all attributes. The map is copied. Default: none. */
  public StoredSessionBuilder attributes(Map<String, AttributeValue> values) {
    attributes = AttributeMap.copyOf(values);
    return this;
  }

  /** Sets one attribute and keeps the others. */
  public StoredSessionBuilder attribute(String name, AttributeValue value) {
    attributes = AttributeMap.with(attributes, name, value);
    return this;
  }

  /** Removes one attribute, if it is there, and keeps the others. */
  public StoredSessionBuilder removeAttribute(String name) {
    attributes = AttributeMap.without(attributes, name);
    return this;
  }

  /**
   * Creates the snapshot.
   *
   * @throws IllegalArgumentException if a required part is missing, or two parts contradict each
   *     other
   */
  public StoredSession build() {
    return new StoredSession(this);
  }

  private static long optionalMillis(@Nullable Instant moment, String name) {
    return moment == null ? StoredSession.ABSENT : StoredSession.millisOf(moment, name);
  }

  private static long positiveMillis(Duration timeout) {
    if (timeout.compareTo(Duration.ofMillis(1)) < 0) {
      throw new IllegalArgumentException("idleTimeout must be at least 1 millisecond: " + timeout);
    }
    // Longer than any deadline is as good as this.
    return timeout.compareTo(Duration.ofMillis(StoredSession.MAX_MILLIS)) > 0
        ? StoredSession.MAX_MILLIS
        : timeout.toMillis();
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
    if (length < 1 || length > StoredSession.MAX_PRINCIPAL_LENGTH) {
      throw new IllegalArgumentException(
          "principal must have 1 to "
              + StoredSession.MAX_PRINCIPAL_LENGTH
              + " code points: "
              + length);
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
      if (codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE) {
        throw new IllegalArgumentException(
            name + " must not contain a lone surrogate, at index " + i);
      }
      i += Character.charCount(codePoint);
    }
    return length;
  }
}

package io.coatcheck.session;

import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.codec.AttributeEncryption;
import io.coatcheck.session.codec.JavaSerializationCodec;
import io.coatcheck.session.event.SessionListener;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.WhenFull;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Builds a manager; {@link #build()} checks the combination. Not thread-safe.
 *
 * @since 0.1.0
 */
public final class SessionManagerBuilder {

  final SessionStore store;
  SessionPolicy policy = SessionPolicy.defaults();
  AttributeCodec codec = JavaSerializationCodec.builder().build();
  @Nullable AttributeEncryption encryption;
  InstantSource clock = InstantSource.system();
  @Nullable SecureRandom random;
  final List<SessionListener> listeners = new ArrayList<>();
  @Nullable Duration touchInterval;
  Duration cleanUpInterval = Duration.ofMinutes(1);
  Duration storeTimeout = Duration.ofSeconds(5);
  Authenticator.@Nullable Limit limit;
  boolean dropAttributesAtLogin;
  Duration renewInterval = Duration.ZERO;
  boolean endOnReuse;
  AttributeLimits limits = AttributeLimits.DEFAULTS;
  private boolean setsAttributeBytes;
  private boolean setsSessionBytes;

  SessionManagerBuilder(SessionStore store) {
    this.store = store;
  }

  /** Sets how long sessions live. Default: {@link SessionPolicy#defaults()}. */
  public SessionManagerBuilder policy(SessionPolicy sessionPolicy) {
    policy = sessionPolicy;
    return this;
  }

  /**
   * Sets how attribute values become bytes, for stores that need them. Default: {@link
   * JavaSerializationCodec} with the value and collection types of the JDK only; its builder can
   * allow classes of the application.
   */
  public SessionManagerBuilder codec(AttributeCodec attributeCodec) {
    codec = attributeCodec;
    return this;
  }

  /**
   * Sets how the bytes of attribute values are encrypted before the store gets them. A store that
   * keeps the values as live objects, such as the one in memory, has no bytes to encrypt. Default:
   * none; they are stored as the codec returns them.
   */
  public SessionManagerBuilder encryption(AttributeEncryption attributeEncryption) {
    encryption = attributeEncryption;
    return this;
  }

  /** Sets the clock. Default: the system clock. */
  public SessionManagerBuilder clock(InstantSource source) {
    clock = source;
    return this;
  }

  /**
   * Sets the source of secrets and ids. If it throws, no session begins: there is no fallback.
   * Default: {@code new SecureRandom()}.
   */
  public SessionManagerBuilder random(SecureRandom source) {
    random = source;
    return this;
  }

  /** Adds a listener. Default: none. */
  public SessionManagerBuilder listener(SessionListener listener) {
    listeners.add(listener);
    return this;
  }

  /**
   * Sets how far the stored last-seen time may lag before a read-only request writes it; zero means
   * that each request does. Idle sessions may expire early by up to this much, never late. Each
   * session's own lag is never more than a tenth of its idle timeout. Default: what the store
   * prefers, 1 minute for a database and zero in memory.
   *
   * @param interval zero to 1 hour
   * @throws IllegalArgumentException if it is out of range
   */
  public SessionManagerBuilder touchInterval(Duration interval) {
    touchInterval =
        Durations.between("touchInterval", interval, Duration.ZERO, Duration.ofHours(1));
    return this;
  }

  /**
   * Sets how often expired sessions are deleted, give or take a quarter. Zero starts no thread;
   * then the application must call {@link SessionManager#cleanUp}. Default: 1 minute.
   *
   * @param interval zero to 1 day
   * @throws IllegalArgumentException if it is out of range
   */
  public SessionManagerBuilder cleanUpInterval(Duration interval) {
    cleanUpInterval =
        Durations.between("cleanUpInterval", interval, Duration.ZERO, Duration.ofDays(1));
    return this;
  }

  /**
   * Sets how long a save keeps trying while other requests are always first, and how long it waits
   * in the queue of its session. The store itself must bound the time of a single call. Default: 5
   * seconds.
   *
   * @param timeout 10 milliseconds to 1 minute
   * @throws IllegalArgumentException if it is out of range
   */
  public SessionManagerBuilder storeTimeout(Duration timeout) {
    storeTimeout =
        Durations.between("storeTimeout", timeout, Duration.ofMillis(10), Duration.ofMinutes(1));
    return this;
  }

  /**
   * Limits the number of live sessions of a principal, on all nodes together. Default: no limit.
   *
   * @param limit at least 1
   * @param whenFull whether the oldest session is ended or the new login is refused
   * @throws IllegalArgumentException if the limit is less than 1
   */
  public SessionManagerBuilder sessionsPerPrincipal(int limit, WhenFull whenFull) {
    if (limit < 1) {
      throw new IllegalArgumentException("sessionsPerPrincipal must be at least 1: " + limit);
    }
    this.limit = new Authenticator.Limit(limit, whenFull);
    return this;
  }

  /**
   * Sets whether a login drops the attributes that the session held before. Default: false; they
   * are kept.
   */
  public SessionManagerBuilder dropAttributesAtLogin(boolean drop) {
    dropAttributesAtLogin = drop;
    return this;
  }

  /**
   * Sets the age at which a secret is renewed periodically; zero renews only at logins. Default:
   * zero. See {@link SessionAdapter#renewIfDue}.
   *
   * @param interval zero, or 2 minutes to 30 days, and shorter than one of the policy's absolute
   *     timeouts
   * @throws IllegalArgumentException if it is neither zero nor 2 minutes to 30 days; {@link
   *     #build()} compares it with the policy
   */
  public SessionManagerBuilder renewInterval(Duration interval) {
    if (!interval.isZero()) {
      Durations.between("renewInterval", interval, Duration.ofMinutes(2), Duration.ofDays(30));
    }
    renewInterval = interval;
    return this;
  }

  /**
   * Sets whether a session ends when the secret from before a renewal is presented again more than
   * a minute after it, which only happens with a stolen or copied cookie. A secret that a login
   * replaced never ends a session: an attacker may have planted it. Nor does one whose successor
   * was never presented: a client whose response was lost presents it. Default: false; it is only
   * refused and reported to the listeners.
   */
  public SessionManagerBuilder endOnReuse(boolean end) {
    endOnReuse = end;
    return this;
  }

  /**
   * Limits the encoded size of one attribute, in stores that need bytes. Default: 1 MiB.
   *
   * @param bytes at least 64, at most {@link #maxSessionBytes}
   * @throws IllegalArgumentException if it is less than 64; {@link #build()} checks the rest
   */
  public SessionManagerBuilder maxAttributeBytes(int bytes) {
    limits =
        new AttributeLimits(
            limits.attributes(), atLeast("maxAttributeBytes", bytes, 64), limits.sessionBytes());
    setsAttributeBytes = true;
    return this;
  }

  /**
   * Limits the encoded size of all attributes of a session together, in stores that need bytes.
   * {@link Session#setAttribute} rejects what exceeds it. A change that does not fit together with
   * what a concurrent request has stored is dropped when it is saved, and the listeners are
   * notified. A session that already exceeds the limit may be changed to hold less. Default: 4 MiB.
   *
   * @param bytes at least 64 and {@link #maxAttributeBytes}
   * @throws IllegalArgumentException if it is less than 64; {@link #build()} checks the rest
   */
  public SessionManagerBuilder maxSessionBytes(int bytes) {
    limits =
        new AttributeLimits(
            limits.attributes(), limits.attributeBytes(), atLeast("maxSessionBytes", bytes, 64));
    setsSessionBytes = true;
    return this;
  }

  /**
   * Limits the number of attributes of a session, at least 1, in the same way as {@link
   * #maxSessionBytes} limits their size. Default: 1,000.
   *
   * @throws IllegalArgumentException if it is less than 1
   */
  public SessionManagerBuilder maxAttributes(int number) {
    limits =
        new AttributeLimits(
            atLeast("maxAttributes", number, 1), limits.attributeBytes(), limits.sessionBytes());
    return this;
  }

  private static int atLeast(String setting, int value, int least) {
    if (value < least) {
      throw new IllegalArgumentException(setting + " must be at least " + least + ": " + value);
    }
    return value;
  }

  /**
   * Builds the manager and starts its sweeper.
   *
   * @throws IllegalArgumentException if a limit per principal is set and the store has no {@link
   *     SessionStore#loginLimit()} or no {@link SessionStore#principalIndex()}; the touch interval
   *     is more than a tenth of an idle timeout of the policy; the renew interval is not shorter
   *     than the absolute timeout of any session, or one attribute may have more bytes than all
   *     together: such a setting would have no effect
   */
  public SessionManager build() {
    if (limit != null) {
      requireCapability(store.loginLimit(), "LoginLimit");
      requireCapability(store.principalIndex(), "PrincipalIndex");
    }
    Duration shortest = policy.anonymousIdleTimeout();
    if (touchInterval != null && touchInterval.compareTo(shortest.dividedBy(10)) > 0) {
      throw new IllegalArgumentException(
          "touchInterval must not be more than a tenth of the shortest idle timeout: "
              + touchInterval
              + " > "
              + shortest
              + " / 10");
    }
    requireSessionsThatReach(renewInterval);
    if (limits.attributeBytes() > limits.sessionBytes()) {
      throw new IllegalArgumentException(
          "maxAttributeBytes must not be above maxSessionBytes: "
              + limits.attributeBytes()
              + (setsAttributeBytes ? "" : " (default)")
              + " > "
              + limits.sessionBytes()
              + (setsSessionBytes ? "" : " (default)"));
    }
    return new SessionManager(this);
  }

  private void requireCapability(Optional<?> capability, String name) {
    if (capability.isEmpty()) {
      throw new IllegalArgumentException(
          "sessionsPerPrincipal needs a store with a "
              + name
              + ", which this one does not have: "
              + store.getClass().getName());
    }
  }

  /** A session that ends before its secret is due is never renewed. */
  private void requireSessionsThatReach(Duration interval) {
    Duration absolute = policy.absoluteTimeout();
    Duration remembered = policy.rememberedAbsoluteTimeout();
    Duration longest = absolute.compareTo(remembered) < 0 ? remembered : absolute;
    if (interval.compareTo(longest) >= 0) {
      throw new IllegalArgumentException(
          "renewInterval must be shorter than the longest absolute timeout of the policy: "
              + interval
              + " >= "
              + longest);
    }
  }
}

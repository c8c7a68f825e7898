package io.coatcheck.session;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How long sessions live. Immutable; made by {@link #builder()} or one of the presets.
 *
 * <p>A session expires at the earlier one of two moments: when nobody used it for its idle timeout,
 * and at its absolute deadline, which is set when it is created and again at each login, and which
 * neither activity nor renewal moves (ASVS 5.0, 7.3.1 and 7.3.2).
 *
 * @param idleTimeout for authenticated sessions
 * @param absoluteTimeout from creation, and again from each login
 * @param anonymousIdleTimeout for sessions without a login
 * @param rememberedIdleTimeout for remembered logins
 * @param rememberedAbsoluteTimeout from each remembered login
 * @since 0.1.0
 */
public record SessionPolicy(
    Duration idleTimeout,
    Duration absoluteTimeout,
    Duration anonymousIdleTimeout,
    Duration rememberedIdleTimeout,
    Duration rememberedAbsoluteTimeout) {

  private static final Duration DEFAULT_ANONYMOUS_IDLE = Duration.ofMinutes(15);

  /**
   * Checks each part and their combination.
   *
   * @throws IllegalArgumentException if a duration is shorter than 1 second or longer than 3,650
   *     days, or an idle timeout is longer than its absolute timeout; the message names both
   */
  public SessionPolicy {
    check("idleTimeout", idleTimeout);
    check("absoluteTimeout", absoluteTimeout);
    check("anonymousIdleTimeout", anonymousIdleTimeout);
    check("rememberedIdleTimeout", rememberedIdleTimeout);
    check("rememberedAbsoluteTimeout", rememberedAbsoluteTimeout);
    notAbove("idleTimeout", idleTimeout, "absoluteTimeout", absoluteTimeout);
    notAbove("anonymousIdleTimeout", anonymousIdleTimeout, "idleTimeout", idleTimeout);
    notAbove(
        "rememberedIdleTimeout",
        rememberedIdleTimeout,
        "rememberedAbsoluteTimeout",
        rememberedAbsoluteTimeout);
  }

  /** Returns the defaults: 30 minutes idle, 12 hours in all, 15 minutes idle while anonymous. */
  public static SessionPolicy defaults() {
    return builder().build();
  }

  /**
   * Returns the limits of NIST SP 800-63B-4, 2.1.3, for authentication assurance level 1: 30 days
   * in all, and no shorter idle limit, which that level leaves open.
   */
  public static SessionPolicy aal1() {
    return preset(Duration.ofDays(30), Duration.ofDays(30));
  }

  /** Returns the limits of NIST SP 800-63B-4, 2.2.3, for level 2: 1 hour idle, 24 hours in all. */
  public static SessionPolicy aal2() {
    return preset(Duration.ofHours(1), Duration.ofHours(24));
  }

  /**
   * Returns the limits of NIST SP 800-63B-4, 2.3.3, for level 3: 15 minutes idle, 12 hours in all.
   */
  public static SessionPolicy aal3() {
    return preset(Duration.ofMinutes(15), Duration.ofHours(12));
  }

  /** A remembered login is within the same limits: the level does not know of any others. */
  private static SessionPolicy preset(Duration idle, Duration absolute) {
    return builder()
        .idleTimeout(idle)
        .absoluteTimeout(absolute)
        .rememberedIdleTimeout(idle)
        .rememberedAbsoluteTimeout(absolute)
        .build();
  }

  /** Begins a policy with the defaults. */
  public static Builder builder() {
    return new Builder();
  }

  private static void check(String name, Duration value) {
    Durations.between(name, value, Duration.ofSeconds(1), Duration.ofDays(3650));
  }

  private static void notAbove(String name, Duration value, String limitName, Duration limit) {
    if (value.compareTo(limit) > 0) {
      throw new IllegalArgumentException(
          name + " must not be longer than " + limitName + ": " + value + " > " + limit);
    }
  }

  /** Builds a policy; the checks are made by {@link #build()}. Not thread-safe. */
  public static final class Builder {

    private Duration idleTimeout = Duration.ofMinutes(30);
    private Duration absoluteTimeout = Duration.ofHours(12);
    private @Nullable Duration anonymousIdleTimeout;
    private Duration rememberedIdleTimeout = Duration.ofDays(14);
    private Duration rememberedAbsoluteTimeout = Duration.ofDays(30);

    private Builder() {}

    /** Sets how long an authenticated session may go unused. Default: 30 minutes. */
    public Builder idleTimeout(Duration timeout) {
      idleTimeout = timeout;
      return this;
    }

    /**
     * Sets how long a session may live after its creation, or its last login. Default: 12 hours.
     */
    public Builder absoluteTimeout(Duration timeout) {
      absoluteTimeout = timeout;
      return this;
    }

    /**
     * Sets how long an anonymous session may go unused; at most the idle timeout. Default: 15
     * minutes, or the idle timeout if that is shorter.
     */
    public Builder anonymousIdleTimeout(Duration timeout) {
      anonymousIdleTimeout = timeout;
      return this;
    }

    /** Sets how long a remembered login may go unused. Default: 14 days. */
    public Builder rememberedIdleTimeout(Duration timeout) {
      rememberedIdleTimeout = timeout;
      return this;
    }

    /** Sets how long a remembered login lives in all. Default: 30 days. */
    public Builder rememberedAbsoluteTimeout(Duration timeout) {
      rememberedAbsoluteTimeout = timeout;
      return this;
    }

    /**
     * Makes the policy.
     *
     * @throws IllegalArgumentException as the constructor of {@link SessionPolicy} says
     */
    public SessionPolicy build() {
      Duration anonymous = anonymousIdleTimeout;
      if (anonymous == null) {
        anonymous =
            idleTimeout.compareTo(DEFAULT_ANONYMOUS_IDLE) < 0
                ? idleTimeout
                : DEFAULT_ANONYMOUS_IDLE;
      }
      return new SessionPolicy(
          idleTimeout,
          absoluteTimeout,
          anonymous,
          rememberedIdleTimeout,
          rememberedAbsoluteTimeout);
    }
  }
}

package io.coatcheck.session;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How long sessions live. Immutable; created by {@link #builder()} or one of the presets.
 *
 * <p>A session expires when it has not been used for its idle timeout, or at its absolute deadline,
 * whichever comes first. The deadline is set when the session is created and again at each login;
 * neither activity nor renewal moves it (ASVS 5.0, 7.3.1 and 7.3.2).
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
    check(
        NamedTimeout.set("idleTimeout", idleTimeout),
        NamedTimeout.set("absoluteTimeout", absoluteTimeout),
        NamedTimeout.set("anonymousIdleTimeout", anonymousIdleTimeout),
        NamedTimeout.set("rememberedIdleTimeout", rememberedIdleTimeout),
        NamedTimeout.set("rememberedAbsoluteTimeout", rememberedAbsoluteTimeout));
  }

  /** Returns the defaults: 30 minutes idle, 12 hours in all, 15 minutes idle while anonymous. */
  public static SessionPolicy defaults() {
    return builder().build();
  }

  /**
   * Returns the limits of NIST SP 800-63B-4, 2.1.3, for authentication assurance level 1: 30 days
   * in all, and no shorter idle limit, which that level leaves optional.
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

  /** A remembered login has the same limits: the level defines no others. */
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

  private static void check(
      NamedTimeout idle,
      NamedTimeout absolute,
      NamedTimeout anonymousIdle,
      NamedTimeout rememberedIdle,
      NamedTimeout rememberedAbsolute) {
    for (NamedTimeout each :
        List.of(idle, absolute, anonymousIdle, rememberedIdle, rememberedAbsolute)) {
      Durations.between(each.setting(), each.value(), Duration.ofSeconds(1), Duration.ofDays(3650));
    }
    idle.requireNotLongerThan(absolute);
    anonymousIdle.requireNotLongerThan(idle);
    rememberedIdle.requireNotLongerThan(rememberedAbsolute);
  }

  /** Builds a policy; the checks are made by {@link #build()}. Not thread-safe. */
  public static final class Builder {

    private NamedTimeout idle = NamedTimeout.byDefault("idleTimeout", Duration.ofMinutes(30));
    private NamedTimeout absolute = NamedTimeout.byDefault("absoluteTimeout", Duration.ofHours(12));
    private @Nullable NamedTimeout anonymousIdle;
    private NamedTimeout rememberedIdle =
        NamedTimeout.byDefault("rememberedIdleTimeout", Duration.ofDays(14));
    private NamedTimeout rememberedAbsolute =
        NamedTimeout.byDefault("rememberedAbsoluteTimeout", Duration.ofDays(30));

    private Builder() {}

    /** Sets how long an authenticated session may go unused. Default: 30 minutes. */
    public Builder idleTimeout(Duration timeout) {
      idle = NamedTimeout.set("idleTimeout", timeout);
      return this;
    }

    /** Sets how long a session lives after its creation or its last login. Default: 12 hours. */
    public Builder absoluteTimeout(Duration timeout) {
      absolute = NamedTimeout.set("absoluteTimeout", timeout);
      return this;
    }

    /**
     * Sets how long an anonymous session may go unused; at most the idle timeout. Default: 15
     * minutes, or the idle timeout if that is shorter.
     */
    public Builder anonymousIdleTimeout(Duration timeout) {
      anonymousIdle = NamedTimeout.set("anonymousIdleTimeout", timeout);
      return this;
    }

    /** Sets how long a remembered login may go unused. Default: 14 days. */
    public Builder rememberedIdleTimeout(Duration timeout) {
      rememberedIdle = NamedTimeout.set("rememberedIdleTimeout", timeout);
      return this;
    }

    /** Sets how long a remembered login lives in all. Default: 30 days. */
    public Builder rememberedAbsoluteTimeout(Duration timeout) {
      rememberedAbsolute = NamedTimeout.set("rememberedAbsoluteTimeout", timeout);
      return this;
    }

    /**
     * Builds the policy.
     *
     * @throws IllegalArgumentException as for the constructor of {@link SessionPolicy}; the message
     *     also says which of the two is a default
     */
    public SessionPolicy build() {
      NamedTimeout anonymous = anonymousIdle == null ? anonymousDefault() : anonymousIdle;
      check(idle, absolute, anonymous, rememberedIdle, rememberedAbsolute);
      return new SessionPolicy(
          idle.value(),
          absolute.value(),
          anonymous.value(),
          rememberedIdle.value(),
          rememberedAbsolute.value());
    }

    private NamedTimeout anonymousDefault() {
      boolean isShorter = idle.value().compareTo(DEFAULT_ANONYMOUS_IDLE) < 0;
      return NamedTimeout.byDefault(
          "anonymousIdleTimeout", isShorter ? idle.value() : DEFAULT_ANONYMOUS_IDLE);
    }
  }
}

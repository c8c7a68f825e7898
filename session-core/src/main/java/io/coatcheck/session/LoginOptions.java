package io.coatcheck.session;

import io.coatcheck.session.store.StoredSession;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The options of a login. Immutable; {@link #defaults()} sets none of them.
 *
 * @since 0.1.0
 */
public final class LoginOptions {

  private static final LoginOptions DEFAULTS = builder().build();

  private final boolean remembered;
  private final @Nullable Duration idleTimeout;
  private final @Nullable Duration absoluteTimeout;
  private final @Nullable Instant authenticatedAt;
  private final @Nullable String clientAddress;
  private final @Nullable String userAgent;
  private final BooleanSupplier validIf;

  private LoginOptions(Builder builder) {
    remembered = builder.remembered;
    idleTimeout = builder.idleTimeout;
    absoluteTimeout = builder.absoluteTimeout;
    authenticatedAt = builder.authenticatedAt;
    clientAddress = builder.clientAddress;
    userAgent = builder.userAgent;
    validIf = builder.validIf;
  }

  /** Returns the default options. */
  public static LoginOptions defaults() {
    return DEFAULTS;
  }

  /** Returns options for a remembered login, with the policy's limits for such logins. */
  public static LoginOptions remember() {
    return builder().remembered(true).build();
  }

  /** Begins with the default options. */
  public static Builder builder() {
    return new Builder();
  }

  /** Begins with these options. */
  public Builder toBuilder() {
    Builder builder = new Builder();
    builder.remembered = remembered;
    builder.idleTimeout = idleTimeout;
    builder.absoluteTimeout = absoluteTimeout;
    builder.authenticatedAt = authenticatedAt;
    builder.clientAddress = clientAddress;
    builder.userAgent = userAgent;
    builder.validIf = validIf;
    return builder;
  }

  /** Returns whether the client should keep the cookie across a restart. */
  public boolean remembered() {
    return remembered;
  }

  /** Returns the address of the client to record. */
  public Optional<String> clientAddress() {
    return Optional.ofNullable(clientAddress);
  }

  /** Returns the user agent of the client to record. */
  public Optional<String> userAgent() {
    return Optional.ofNullable(userAgent);
  }

  /** Returns the idle timeout that was set; empty for the policy's. */
  public Optional<Duration> idleTimeout() {
    return Optional.ofNullable(idleTimeout);
  }

  /** Returns the moment that was set; empty for that of the login. */
  public Optional<Instant> authenticatedAt() {
    return Optional.ofNullable(authenticatedAt);
  }

  Duration idleTimeout(SessionPolicy policy) {
    return idle(policy).value();
  }

  Duration absoluteTimeout(SessionPolicy policy) {
    return absolute(policy).value();
  }

  /** Rejects a timeout that conflicts with the policy's value for the one that is not set. */
  void requireFitting(SessionPolicy policy) {
    if (idleTimeout != null || absoluteTimeout != null) {
      idle(policy).requireNotLongerThan(absolute(policy));
    }
  }

  private NamedTimeout idle(SessionPolicy policy) {
    if (idleTimeout != null) {
      return NamedTimeout.set("idleTimeout", idleTimeout);
    }
    return remembered
        ? new NamedTimeout(
            "idleTimeout", policy.rememberedIdleTimeout(), "rememberedIdleTimeout of the policy")
        : new NamedTimeout("idleTimeout", policy.idleTimeout(), "idleTimeout of the policy");
  }

  private NamedTimeout absolute(SessionPolicy policy) {
    if (absoluteTimeout != null) {
      return NamedTimeout.set("absoluteTimeout", absoluteTimeout);
    }
    return remembered
        ? new NamedTimeout(
            "absoluteTimeout",
            policy.rememberedAbsoluteTimeout(),
            "rememberedAbsoluteTimeout of the policy")
        : new NamedTimeout(
            "absoluteTimeout", policy.absoluteTimeout(), "absoluteTimeout of the policy");
  }

  boolean stillValid() {
    return validIf.getAsBoolean();
  }

  /** Builds options. Not thread-safe. */
  public static final class Builder {

    private boolean remembered;
    private @Nullable Duration idleTimeout;
    private @Nullable Duration absoluteTimeout;
    private @Nullable Instant authenticatedAt;
    private @Nullable String clientAddress;
    private @Nullable String userAgent;
    private BooleanSupplier validIf = () -> true;

    private Builder() {}

    /**
     * Sets whether the client should keep the cookie across a restart of the browser, until the
     * absolute deadline. Default: false.
     */
    public Builder remembered(boolean value) {
      remembered = value;
      return this;
    }

    /**
     * Sets the idle timeout of this session, 1 second to 3,650 days. Default: the policy's.
     *
     * @throws IllegalArgumentException if it is out of range
     */
    public Builder idleTimeout(Duration timeout) {
      idleTimeout =
          Durations.between("idleTimeout", timeout, Duration.ofSeconds(1), Duration.ofDays(3650));
      return this;
    }

    /**
     * Sets the absolute timeout of this session, 1 second to 3,650 days. Default: the policy's.
     *
     * @throws IllegalArgumentException if it is out of range
     */
    public Builder absoluteTimeout(Duration timeout) {
      absoluteTimeout =
          Durations.between(
              "absoluteTimeout", timeout, Duration.ofSeconds(1), Duration.ofDays(3650));
      return this;
    }

    /**
     * Sets when the principal proved who they are, if that was before this login: for one that
     * another framework remembers, or whose provider asked for no password again. Checks for a
     * fresh login are measured from it. If the moment is not known, set {@link Instant#EPOCH},
     * which is never recent. One after the login counts as the login, so that the clock of a
     * provider may be ahead; one before an earlier login of the same session counts as that. The
     * time limits of the session begin with the login in any case. Where a limit ends the session
     * with the oldest login, this moment counts. Default: the moment of the login.
     *
     * @throws IllegalArgumentException if it is before 1970 or after the year 9999
     */
    public Builder authenticatedAt(Instant moment) {
      authenticatedAt = Instant.ofEpochMilli(StoredSession.millisOf(moment, "authenticatedAt"));
      return this;
    }

    /**
     * Sets what the list of devices shows about the client. Neither value is trusted: control
     * characters and lone surrogates become U+FFFD, and anything longer than 45 characters (the
     * address) or 128 (the user agent) is cut off. Default: nothing is recorded.
     */
    public Builder client(@Nullable String address, @Nullable String agent) {
      clientAddress = displayable(address, StoredSession.MAX_CLIENT_ADDRESS_LENGTH);
      userAgent = displayable(agent, StoredSession.MAX_USER_AGENT_LENGTH);
      return this;
    }

    /**
     * Sets a condition that is checked again after the login was stored. If it no longer holds, the
     * new session is ended at once. So a login with the old password cannot slip past a change of
     * the password that revokes all sessions at the same time. If the login would end other
     * sessions, the oldest one under a limit or that of another principal, the condition is also
     * checked before that; if it does not hold, nothing is done. The condition must read the
     * credential again. If it throws, the session is ended too. Default: always true.
     */
    public Builder validIf(BooleanSupplier condition) {
      validIf = condition;
      return this;
    }

    /**
     * Builds the options.
     *
     * @throws IllegalArgumentException if both timeouts are set and the idle one is longer. If only
     *     one is set, the login compares it with the policy's value for the other, and throws
     */
    public LoginOptions build() {
      if (idleTimeout != null && absoluteTimeout != null) {
        NamedTimeout.set("idleTimeout", idleTimeout)
            .requireNotLongerThan(NamedTimeout.set("absoluteTimeout", absoluteTimeout));
      }
      return new LoginOptions(this);
    }

    /** Returns whether a text needs no change, as is nearly always so. */
    private static boolean isDisplayable(String text, int length) {
      if (text.length() > length) {
        return false;
      }
      for (int i = 0; i < text.length(); i++) {
        char character = text.charAt(i);
        // Beyond ASCII, each code point is checked for control characters and surrogates.
        if (character < ' ' || character > '~') {
          return false;
        }
      }
      return true;
    }

    private static @Nullable String displayable(@Nullable String text, int length) {
      if (text == null || isDisplayable(text, length)) {
        return text;
      }
      StringBuilder cleaned = new StringBuilder(Math.min(text.length(), length));
      for (int i = 0; i < text.length(); ) {
        int codePoint = text.codePointAt(i);
        i += Character.charCount(codePoint);
        boolean unprintable =
            Character.isISOControl(codePoint)
                || Character.getType(codePoint) == Character.SURROGATE;
        int shown = unprintable ? 0xFFFD : codePoint;
        if (cleaned.length() + Character.charCount(shown) > length) {
          break;
        }
        cleaned.appendCodePoint(shown);
      }
      return cleaned.toString();
    }
  }
}

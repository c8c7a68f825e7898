package io.coatcheck.session.servlet;

import static io.coatcheck.session.servlet.FilterLog.LOG;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.Session;
import io.coatcheck.session.SessionPolicy;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The timeout that an application has set by {@code setMaxInactiveInterval}. It is kept in the
 * session, for every node, so that a login without timeouts in its options does not extend it.
 */
final class AskedTimeout {

  /** The attribute with the seconds. */
  private static final String ATTRIBUTE =
      AskedTimeout.class.getPackageName() + ".maxInactiveInterval";

  private static final int NO_LIMIT = -1;

  private AskedTimeout() {}

  /** Returns a timeout as {@code getMaxInactiveInterval} does. */
  static int seconds(Optional<Duration> idleTimeout) {
    return idleTimeout.isEmpty()
        ? NO_LIMIT
        : (int) Math.min(Math.max(idleTimeout.get().toSeconds(), 1), Integer.MAX_VALUE);
  }

  /** Returns whether an attribute belongs to this class and not to the application. */
  static boolean owns(String attribute) {
    return attribute.equals(ATTRIBUTE);
  }

  /**
   * Records the timeout that the application sets.
   *
   * @param seconds zero or less for no idle timeout, which is not recorded
   */
  static void keep(Session session, int seconds) {
    try {
      session.setAttribute(ATTRIBUTE, seconds > 0 ? seconds : null);
    } catch (IllegalArgumentException e) {
      LOG.debug("The session is full, so a login will not know of its timeout", e);
    }
  }

  private static Optional<Duration> of(@Nullable Session session) {
    try {
      return session != null && session.attribute(ATTRIBUTE) instanceof Integer seconds
          ? Optional.of(Duration.ofSeconds(seconds))
          : Optional.empty();
    } catch (IllegalStateException e) {
      // It has ended, and a login begins a new session.
      return Optional.empty();
    }
  }

  /** Returns whether a login leaves the timeout to the policy. */
  private static boolean isOpen(LoginOptions options) {
    return options.idleTimeout().isEmpty() && !options.remembered();
  }

  /**
   * Returns login options that keep a shorter timeout.
   *
   * @param before the session that is logged in to; null if there is none
   */
  static LoginOptions within(
      LoginOptions options, @Nullable Session before, String principal, SessionPolicy policy) {
    if (!isOpen(options)
        || before == null
        || before.principal().filter(other -> !other.equals(principal)).isPresent()) {
      return options;
    }
    return of(before)
        .filter(asked -> asked.compareTo(policy.idleTimeout()) < 0)
        .map(asked -> options.toBuilder().idleTimeout(asked).build())
        .orElse(options);
  }

  /**
   * Checks again after the login is stored: another request may have set a timeout by then, and the
   * login may have dropped all attributes.
   *
   * @param asked the options as the application gave them
   * @param used what {@link #within} made of them
   */
  static void settle(Session loggedIn, LoginOptions asked, LoginOptions used) {
    if (!isOpen(asked)) {
      return;
    }
    Optional<Duration> kept = of(loggedIn);
    Optional<Duration> now = loggedIn.idleTimeout();
    try {
      if (kept.isEmpty()) {
        used.idleTimeout().ifPresent(timeout -> keep(loggedIn, (int) timeout.toSeconds()));
      } else if (now.isPresent() && kept.get().compareTo(now.get()) < 0) {
        loggedIn.setIdleTimeout(kept.get());
      }
    } catch (IllegalStateException e) {
      LOG.debug("The session has ended right after its login", e);
    }
  }
}

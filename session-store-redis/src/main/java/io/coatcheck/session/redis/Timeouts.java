package io.coatcheck.session.redis;

import java.time.Duration;

/**
 * How long the servers may take.
 *
 * @param command for the answer to a command
 * @param connect for opening a connection
 * @param confirmation for replicas to have a write, in addition to the answer to its command
 */
record Timeouts(Duration command, Duration connect, Duration confirmation) {

  private static final Duration MIN = Duration.ofMillis(10);
  private static final Duration MAX = Duration.ofMinutes(1);

  /** With shorter timeouts too, a thread of this process may be held up. */
  private static final Duration LEAST_LONGEST_CALL = Duration.ofSeconds(10);

  /**
   * Returns a timeout that was given as a setting.
   *
   * @throws IllegalArgumentException if it is out of range
   */
  static Duration checked(String setting, Duration timeout) {
    if (timeout.compareTo(MIN) < 0 || timeout.compareTo(MAX) > 0) {
      throw new IllegalArgumentException(
          setting + " must be from 10 milliseconds to 1 minute: " + timeout);
    }
    return timeout;
  }

  /** Returns how long the answer to a command may take at most. */
  Duration patience() {
    return command.plus(confirmation);
  }

  /**
   * Returns how long a call of the store takes at most: see {@link RedisSessionStore#longestCall}.
   */
  Duration longestCall() {
    Duration twoCommands = command.multipliedBy(2).plus(confirmation);
    return twoCommands.compareTo(LEAST_LONGEST_CALL) < 0 ? LEAST_LONGEST_CALL : twoCommands;
  }
}

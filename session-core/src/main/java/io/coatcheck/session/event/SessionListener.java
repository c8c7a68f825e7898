package io.coatcheck.session.event;

/**
 * Is told what happens to sessions.
 *
 * <p>Called after the fact, on the thread that caused it, outside of every lock; several threads
 * may call at once. It should return soon: a request waits for it. What it throws is logged and
 * breaks neither the request nor the other listeners.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface SessionListener {

  /** Receives an event. */
  void onEvent(SessionEvent event);

  /**
   * Returns whether the listener looks at the attributes of sessions that end. If no listener does,
   * the sessions that end by principal ("sign out everywhere", a limit that was lowered) are told
   * without them, so that the store need not read them. Asked often; always the same answer.
   * Default: {@code true}.
   */
  default boolean needsAttributes() {
    return true;
  }
}

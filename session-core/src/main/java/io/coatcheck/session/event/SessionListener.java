package io.coatcheck.session.event;

/**
 * Is notified of what happens to sessions.
 *
 * <p>Called after the fact, on the thread that caused it, outside of every lock and queue; several
 * threads may call at once. It should return soon: a request waits for it. What it throws is logged
 * and breaks neither the request nor the other listeners. An interrupt that it leaves set on a
 * thread of this library is ignored.
 *
 * <p>Events that one thread causes come in the order in which they happened, but for what a
 * listener itself causes: that is reported within its call, before what is still to be reported.
 * Between threads there is no order: what another thread does to a session as soon as it is stored
 * may be reported first, so that {@code Ended}, by an eviction or a revocation for instance, may
 * come before {@code Created} of the same session. A listener that keeps a register of sessions has
 * to allow for that, or ask the store.
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

package io.coatcheck.session.event;

/**
 * Is notified of the events of sessions.
 *
 * <p>Called after the event, on the thread that caused it, outside every lock and queue; several
 * threads may call at once. It should return quickly: a request waits for it. Exceptions are logged
 * and affect neither the request nor the other listeners. An interrupt that it leaves set on a
 * thread of this library is ignored.
 *
 * <p>Events that one thread causes are reported in the order in which they happened, except those
 * that a listener itself causes: they are reported within its call, before earlier events that are
 * still to be reported. Between threads there is no order: what another thread does to a session as
 * soon as it is stored may be reported first. So {@code Ended}, by an eviction or a revocation for
 * instance, may come before {@code Created} of the same session. A listener that keeps a register
 * of sessions must allow for that, or read the store.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface SessionListener {

  /** Receives an event. */
  void onEvent(SessionEvent event);

  /**
   * Returns whether the listener reads the attributes of sessions that end. If no listener does,
   * sessions that end by principal ("sign out everywhere", a lowered limit) are reported without
   * them, so that the store need not read them. Called often; must always return the same value.
   * Default: {@code true}.
   */
  default boolean needsAttributes() {
    return true;
  }
}

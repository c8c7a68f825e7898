/**
 * The events of sessions, their listeners, and the listener that writes the audit log.
 *
 * <p>Begin with {@link io.coatcheck.session.event.SessionEvent}, whose records are all the kinds of
 * events. A {@code SessionListener} is added to the manager or its builder and is notified after
 * each event. {@code EndReason}, {@code RefusalReason} and {@code DropReason} say why, {@code
 * CredentialKind} and {@code CredentialOutcome} what a bridge was given and did. {@code
 * AuditListener} writes one line for each event; {@code RateLimit} bounds the lines that a client
 * can cause.
 *
 * <p>To add an event: a record in {@code SessionEvent}, a method of the engine's {@code Events}
 * that creates it, a line in {@code AuditListener}, and a row in the table of events of the
 * operating guide.
 */
@NullMarked
package io.coatcheck.session.event;

import org.jspecify.annotations.NullMarked;

/**
 * A store that keeps sessions in the memory of this process.
 *
 * <p>Begin with {@link InMemorySessionStore}. Its {@code SessionTable} holds a {@code Slot} for
 * each session: {@code AnonymousSlots} those without a login, {@code SlotsByPrincipal} those of
 * each principal, and {@code SlotTable} finds one by its id. {@code ExpiryCalendar} finds the slots
 * that have expired. A {@code Step} changes several slots at once, and {@code PrincipalSessions}
 * lists and ends the sessions of one principal, a page at a time.
 */
@NullMarked
package io.coatcheck.session.memory;

import org.jspecify.annotations.NullMarked;

/**
 * The types that a store author implements. None of them knows the engine.
 *
 * <ul>
 *   <li><b>The contract</b>: begin with {@link SessionStore}, whose comments are the specification.
 *       {@link CleanUp} is what one step of the clean-up did, {@link SessionStoreException} reports
 *       a failure, and {@link DamagedSessionException} a session that cannot be read.
 *   <li><b>A session</b>: {@link StoredSession}, built by {@link StoredSessionBuilder}, with its
 *       {@code AttributeMap}, {@code LoginParts} and {@code Rotations}. {@link StoredSessionCodec}
 *       encodes it for stores that keep values under keys.
 *   <li><b>Optional capabilities</b>: {@link PrincipalIndex} lists and ends the sessions of a
 *       principal, and passes them to a {@link DeletedSessions}; {@link LoginLimit} keeps their
 *       number within a limit, with {@link Admission} and {@link WhenFull}. {@link BatchLookup} and
 *       {@link BatchTouch} work on many sessions at a time. {@link ChangeFeed} reports changes,
 *       {@link Evictions} bounds a store, {@link LiveSessions} shares objects in one process, and
 *       {@link NearCopies} are copies on a node.
 *   <li><b>To build with</b>: {@link ForwardingSessionStore}, {@link ForwardingNearCopies} and
 *       {@link InterceptingSessionStore} for decorators, with {@link StoreOperation}; {@link
 *       HandOver} for deleted sessions, and {@link ChangeListeners} for a feed.
 * </ul>
 */
@NullMarked
package io.coatcheck.session.store;

import org.jspecify.annotations.NullMarked;

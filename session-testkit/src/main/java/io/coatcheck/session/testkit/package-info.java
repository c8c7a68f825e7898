/**
 * The contract of a session store, and tools for tests of stores and applications.
 *
 * <p>The author of a store extends {@link io.coatcheck.session.testkit.SessionStoreContract}, which
 * tests each capability that the store has.
 */
@NullMarked
package io.coatcheck.session.testkit;

import org.jspecify.annotations.NullMarked;

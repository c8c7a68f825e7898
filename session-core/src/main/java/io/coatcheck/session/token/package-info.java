/**
 * Identifiers and credentials of sessions: the public id, the secret token, and the hash that the
 * store keeps.
 *
 * <p>The client holds a {@link io.coatcheck.session.token.SessionToken}, which is an id and a
 * secret. The id, {@code SessionId}, stays the same for the life of the session and may be logged.
 * The secret is replaced at each login; the store keeps only its {@code SecretHash}.
 */
@NullMarked
package io.coatcheck.session.token;

import org.jspecify.annotations.NullMarked;

/**
 * Identifiers and credentials of sessions: the public id, the secret token, and the hash that the
 * store keeps.
 */
@NullMarked
package io.coatcheck.session.token;

import org.jspecify.annotations.NullMarked;

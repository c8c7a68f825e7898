/**
 * Hashes passwords with bcrypt, and checks them in a time that reveals nothing.
 *
 * <p>Begin with {@link io.coatcheck.session.password.PasswordHasher}. {@code HashingGate} bounds
 * the number of threads that hash at a time, and refuses others with a {@code
 * PasswordHasherBusyException}; {@code StoredHash} reads what an application has stored; {@code
 * Bcrypt} is the function itself.
 */
@NullMarked
package io.coatcheck.session.password;

import org.jspecify.annotations.NullMarked;

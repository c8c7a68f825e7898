/** Passwords as they are stored: hashed by bcrypt, and checked in a time that tells nothing. */
@NullMarked
package io.coatcheck.session.password;

import org.jspecify.annotations.NullMarked;

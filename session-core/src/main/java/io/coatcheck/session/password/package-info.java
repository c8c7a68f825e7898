/** Hashes passwords with bcrypt, and checks them in a time that reveals nothing. */
@NullMarked
package io.coatcheck.session.password;

import org.jspecify.annotations.NullMarked;

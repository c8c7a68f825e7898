package io.coatcheck.session.spring;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Which users a bridge may move, where the session keeps only their names: those whom the next
 * request will find. Any other would be logged in, lose the session at once, and have used up the
 * old credential.
 */
interface MovedUsers {

  /** Returns whether the user is known, and has an account that may be used. */
  boolean isKnown(String principal);

  /**
   * Returns the user whom an old session has logged in.
   *
   * @param context the security context of that session
   * @return empty if there is none, or if the login withholds what the name alone would give from
   *     now on: a right, as before a second factor, or that the user is fully authenticated, as
   *     after a remember-me cookie
   */
  Optional<String> loggedInBy(@Nullable Object context);
}

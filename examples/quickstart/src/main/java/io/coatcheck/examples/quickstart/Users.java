package io.coatcheck.examples.quickstart;

import io.coatcheck.session.password.PasswordHasher;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The users and the bcrypt hashes of their passwords. A real site keeps them in its database. */
public final class Users {

  /** Of {@code wonderland-1} and {@code builder-1}. */
  private static final Map<String, String> HASHES =
      Map.of(
          "alice",
          "$2a$12$2Wz4LIxwzGEs67/QbegjsuAXc7EqUzz9YhrBHGpzzo9aD9QJ8Na7y",
          "bob",
          "$2a$12$iqEuO5U3oApWSwjxHNEAjudy1Gsnh5QQP9Y1Ud1lTNpbbWUkMhoLm");

  private final PasswordHasher passwords = PasswordHasher.builder().build();

  /**
   * Returns whether a password is that of a user. Takes as long for an unknown user as for a wrong
   * password.
   *
   * @throws io.coatcheck.session.password.PasswordHasherBusyException if too many are being checked
   */
  public boolean isPassword(@Nullable String name, @Nullable String password) {
    return name != null
        && password != null
        && passwords.verify(password, Optional.ofNullable(HASHES.get(name)));
  }
}

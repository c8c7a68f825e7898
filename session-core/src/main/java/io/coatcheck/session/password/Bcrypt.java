package io.coatcheck.session.password;

import at.favre.lib.crypto.bcrypt.BCrypt;
import java.nio.charset.StandardCharsets;

/** The bcrypt function. Tests replace it to count its calls. */
interface Bcrypt {

  /** The maximum size of a password for bcrypt, in bytes. */
  int MAX_BYTES = 72;

  Bcrypt LIBRARY =
      new Bcrypt() {
        @Override
        public String hash(int cost, byte[] secret) {
          return new String(BCrypt.withDefaults().hash(cost, secret), StandardCharsets.US_ASCII);
        }

        @Override
        public boolean matches(byte[] secret, String hash) {
          return BCrypt.verifyer()
              .verify(secret, hash.getBytes(StandardCharsets.US_ASCII))
              .verified;
        }
      };

  /**
   * Hashes with a new random salt.
   *
   * @param secret 1 to {@link #MAX_BYTES} bytes
   */
  String hash(int cost, byte[] secret);

  /**
   * Hashes with the salt and the cost of a well-formed hash, and compares.
   *
   * @param secret 1 to {@link #MAX_BYTES} bytes
   */
  boolean matches(byte[] secret, String hash);
}

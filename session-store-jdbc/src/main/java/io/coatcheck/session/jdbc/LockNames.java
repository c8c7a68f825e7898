package io.coatcheck.session.jdbc;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * What the lock of a principal is called: a digest, because databases bound the length. The table
 * is added by the database, which alone knows which table a name leads to.
 */
final class LockNames {

  private LockNames() {}

  /** Two principals with one digest wait for each other, and that is all. */
  static byte[] digest(String principal) {
    try {
      return MessageDigest.getInstance("SHA-256")
          .digest(principal.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform must provide SHA-256", e);
    }
  }
}

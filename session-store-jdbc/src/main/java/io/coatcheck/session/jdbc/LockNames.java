package io.coatcheck.session.jdbc;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * The name of a principal's lock: a digest, because databases limit the length. The database adds
 * the table, since only it knows which table a name resolves to.
 */
final class LockNames {

  private LockNames() {}

  /** Two principals with the same digest wait for each other; that has no other effect. */
  static byte[] digest(String principal) {
    try {
      return MessageDigest.getInstance("SHA-256")
          .digest(principal.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform must provide SHA-256", e);
    }
  }
}

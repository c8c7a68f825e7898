package io.coatcheck.session.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.coatcheck.session.token.SessionId;
import java.nio.ByteBuffer;

/**
 * The names of the keys. All begin with one prefix in braces, so that a Redis Cluster keeps them in
 * one slot and a script may use several.
 */
final class Keys {

  private final byte[] records;
  private final byte[] principals;
  private final byte[] expiry;
  private final byte[] changes;
  private final byte[] confirmation;
  private final byte[] buckets;

  Keys(String prefix) {
    records = ("{" + prefix + "}:s:").getBytes(UTF_8);
    principals = ("{" + prefix + "}:p:").getBytes(UTF_8);
    expiry = ("{" + prefix + "}:x").getBytes(UTF_8);
    changes = ("{" + prefix + "}:c").getBytes(UTF_8);
    confirmation = ("{" + prefix + "}:w").getBytes(UTF_8);
    buckets = ("{" + prefix + "}:b").getBytes(UTF_8);
  }

  /**
   * Returns the prefix of one of several buckets. No application can choose it as its own prefix,
   * which has no slash.
   */
  static String prefixOfBucket(String prefix, int number) {
    return prefix + "/" + number;
  }

  /** Returns the key of a session's record: 16 bytes of id after {@link #records()}. */
  byte[] record(SessionId id) {
    return concat(records, bytes(id));
  }

  /** Returns the key of a principal's index. */
  byte[] principal(String principal) {
    return concat(principals, principal.getBytes(UTF_8));
  }

  /** Returns the beginning of the keys of records. */
  byte[] records() {
    return records.clone();
  }

  /** Returns the beginning of the keys of the index by principal. */
  byte[] principals() {
    return principals.clone();
  }

  /** Returns the key of the index by expiry. */
  byte[] expiry() {
    return expiry.clone();
  }

  /** Returns the key of the log of changes. */
  byte[] changes() {
    return changes.clone();
  }

  /** Returns the key that is written only so that replicas can confirm it. */
  byte[] confirmation() {
    return confirmation.clone();
  }

  /** Returns the key, in the first bucket, that holds the number of buckets. */
  byte[] buckets() {
    return buckets.clone();
  }

  /** Returns a key that never exists: that of a record whose id no session has. */
  byte[] nothing() {
    return record(SessionId.of(0, 0));
  }

  /** Returns an id as the 16 bytes that the indexes hold; their order is that of the ids. */
  static byte[] bytes(SessionId id) {
    return ByteBuffer.allocate(2 * Long.BYTES)
        .putLong(id.mostSignificantBits())
        .putLong(id.leastSignificantBits())
        .array();
  }

  /** Returns the id of 16 bytes. */
  static SessionId id(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    return SessionId.of(in.getLong(), in.getLong());
  }

  static byte[] concat(byte[] first, byte[] second) {
    byte[] both = new byte[first.length + second.length];
    System.arraycopy(first, 0, both, 0, first.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return both;
  }
}

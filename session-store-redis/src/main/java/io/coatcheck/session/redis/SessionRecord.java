package io.coatcheck.session.redis;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.coatcheck.session.codec.AttributeFrames;
import io.coatcheck.session.store.DamagedSessionException;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.StoredSessionCodec;
import io.coatcheck.session.token.SessionId;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Arrays;
import java.util.Map;

/**
 * The record of a session, as {@code record.lua} describes it: a head for the scripts, the
 * principal, and the session as {@link StoredSessionCodec} writes it.
 */
final class SessionRecord {

  /** The layout that {@link #write} gives. */
  static final int LAYOUT = 1;

  /** The bytes before the principal. */
  static final int HEAD = 59;

  private static final int LAST_SEEN_AT = 1 + Long.BYTES;

  /** Where the head has the position of the attributes. */
  private static final int ATTRIBUTES = 1 + 6 * Long.BYTES;

  private static final long NONE = -1;
  private static final byte[] NO_ATTRIBUTES = AttributeFrames.write(Map.of());

  private SessionRecord() {}

  /**
   * Writes the record of a session.
   *
   * @param version the version that it is stored with
   * @throws io.coatcheck.session.codec.AttributeCodecException if an attribute cannot be encoded
   */
  static byte[] write(StoredSession session, long version) {
    byte[] whole = StoredSessionCodec.write(session);
    byte[] bare = StoredSessionCodec.write(session.toBuilder().attributes(Map.of()).build());
    byte[] principal = session.principal().map(name -> name.getBytes(UTF_8)).orElse(new byte[0]);
    int begin = HEAD + principal.length;
    return ByteBuffer.allocate(begin + whole.length)
        .put((byte) LAYOUT)
        .putLong(version)
        .putLong(session.lastSeenMillis())
        .putLong(session.idleTimeout().map(idle -> idle.toMillis()).orElse(NONE))
        .putLong(session.absoluteDeadline().toEpochMilli())
        .putLong(session.generation())
        .putLong(session.authenticatedAt().map(Instant::toEpochMilli).orElse(NONE))
        .putInt(begin + bare.length - NO_ATTRIBUTES.length)
        .putInt(begin + whole.length)
        .putShort((short) principal.length)
        .put(principal)
        .put(whole)
        .array();
  }

  /** Returns a number as scripts read it. */
  static byte[] text(long number) {
    return Long.toString(number).getBytes(US_ASCII);
  }

  /** Returns a number as the 8 bytes that scripts compare. */
  static byte[] bytes(long number) {
    return ByteBuffer.allocate(Long.BYTES).putLong(number).array();
  }

  /**
   * Reads a record that is about an id.
   *
   * @throws DamagedSessionException if it is not a record that {@link #write} can write
   * @throws SessionStoreException if a newer release wrote it, or it is about another session
   */
  static StoredSession read(byte[] record, SessionId id) {
    StoredSession session = read(record);
    if (!session.id().equals(id)) {
      throw new SessionStoreException(
          "the answer about session " + id + " is about session " + session.id());
    }
    return session;
  }

  /** Reads a record, as {@link #read(byte[], SessionId)} does, whichever session it is about. */
  static StoredSession read(byte[] record) {
    return read(record, new byte[0]);
  }

  /** Reads the part of a record that comes before the attributes. */
  static StoredSession readWithoutAttributes(byte[] part) {
    return read(part, NO_ATTRIBUTES);
  }

  /**
   * Returns the part of a record that comes before the attributes; all of a damaged one, perhaps.
   */
  static byte[] beforeAttributes(byte[] record) {
    return Arrays.copyOf(
        record, Math.min(ByteBuffer.wrap(record).getInt(ATTRIBUTES), record.length));
  }

  private static StoredSession read(byte[] record, byte[] attributes) {
    try {
      ByteBuffer in = ByteBuffer.wrap(record);
      int layout = in.get() & 0xff;
      if (layout > LAYOUT) {
        throw new SessionStoreException(
            "a session is stored in layout "
                + layout
                + ", known up to "
                + LAYOUT
                + ": a newer release wrote it too early");
      }
      if (layout < LAYOUT) {
        throw new DamagedSessionException("a stored session is damaged: there is no layout 0");
      }
      long version = in.getLong();
      Instant lastSeenAt = Instant.ofEpochMilli(in.getLong());
      int principal = in.getShort(HEAD - Short.BYTES) & 0xffff;
      byte[] session = Arrays.copyOfRange(record, HEAD + principal, record.length);
      return StoredSessionCodec.read(
          attributes.length == 0 ? session : Keys.concat(session, attributes), version, lastSeenAt);
    } catch (BufferUnderflowException
        | IndexOutOfBoundsException
        | IllegalArgumentException
        | DateTimeException cutOff) {
      throw new DamagedSessionException(
          "a stored session is damaged: its record has " + record.length + " bytes", cutOff);
    }
  }

  /** Returns whether a newer release wrote a record, of which at least the first byte is given. */
  static boolean isNewer(byte[] record) {
    return (record[0] & 0xff) > LAYOUT;
  }

  /** Returns the version in a record, or in its first 17 bytes. */
  static long version(byte[] record) {
    return ByteBuffer.wrap(record).getLong(1);
  }

  /** Returns the last-seen moment in a record, or in its first 17 bytes. */
  static Instant lastSeenAt(byte[] record) {
    return Instant.ofEpochMilli(ByteBuffer.wrap(record).getLong(LAST_SEEN_AT));
  }

  /** Returns the 8 bytes of a session's authentication, as {@code revoke.lua} compares them. */
  static byte[] authenticatedAt(StoredSession session) {
    return bytes(session.authenticatedAt().map(Instant::toEpochMilli).orElse(NONE));
  }
}

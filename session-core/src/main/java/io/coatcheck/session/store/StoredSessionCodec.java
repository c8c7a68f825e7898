package io.coatcheck.session.store;

import io.coatcheck.session.codec.AttributeFrames;
import io.coatcheck.session.token.SecretHash;
import io.coatcheck.session.token.SessionId;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A whole session in one array of bytes, for a store that keeps values under keys.
 *
 * <p>Version and last-seen moment are in the bytes like all other parts. A store that moves these
 * two by itself, so that a touch or a compare-and-set need not rewrite the bytes, keeps them beside
 * the bytes and gives them to {@link #read(byte[], long, Instant)}.
 *
 * <pre>
 *   offset  bytes
 *        0      1  format: 1
 *        1     16  id
 *       17      1  which parts follow: 1 previous secret hash, 2 previous readable until,
 *                  4 principal and authenticated at, 8 idle timeout, 16 remembered (a value, no
 *                  part), 32 client address, 64 user agent
 *       18      8  version
 *       26      8  last seen at
 *       34      8  generation
 *       42      8  fence
 *       50      8  created at
 *       58      8  absolute deadline
 *       66      8  rotated at
 *       74     32  secret hash
 *      106         previous secret hash (32), previous readable until (8), authenticated at (8),
 *                  idle timeout (8), principal, client address, user agent: those that are present
 *                  then the attributes, up to the end, as {@link AttributeFrames} writes them
 * </pre>
 *
 * <p>Numbers are big-endian; moments are milliseconds since 1970, durations milliseconds. A text is
 * its length in bytes (2) and UTF-8. Format and id have the same place in every format to come.
 * Equal sessions give equal bytes, and only bytes that {@link #write} returns are accepted.
 *
 * <p>A release reads all formats that earlier releases wrote. Stateless, does not block.
 *
 * @since 0.1.0
 */
public final class StoredSessionCodec {

  /** The format that {@link #write} writes. */
  public static final int FORMAT = 1;

  /** The maximum size of a session, in bytes: that of its attributes and 2 KiB. */
  public static final int MAX_BYTES = AttributeFrames.MAX_BYTES + 2 * 1024;

  private static final int PREVIOUS_SECRET_HASH = 1;
  private static final int PREVIOUS_READABLE_UNTIL = 1 << 1;
  private static final int PRINCIPAL = 1 << 2;
  private static final int IDLE_TIMEOUT = 1 << 3;
  private static final int REMEMBERED = 1 << 4;
  private static final int CLIENT_ADDRESS = 1 << 5;
  private static final int USER_AGENT = 1 << 6;
  private static final int ALL_PARTS = (1 << 7) - 1;

  private static final int ID_AT = 1;
  private static final int PARTS_AT = ID_AT + 2 * Long.BYTES;

  private StoredSessionCodec() {}

  /**
   * Writes a session into one array. Asks each attribute for its bytes once, which encodes those
   * that are live.
   *
   * @return an array that the caller owns, of at most {@value #MAX_BYTES} bytes
   * @throws io.coatcheck.session.codec.AttributeCodecException if a live value cannot be encoded,
   *     or the attributes exceed a limit of {@link AttributeFrames}
   */
  public static byte[] write(StoredSession session) {
    byte[] attributes = AttributeFrames.write(session.attributes());
    Rotations rotations = session.rotations;
    SecretHash previous = rotations == null ? null : rotations.previousSecretHash();
    LoginParts login = session.login;
    byte @Nullable [] principal = utf8(login.principal());
    byte @Nullable [] clientAddress = utf8(login.clientAddress());
    byte @Nullable [] userAgent = utf8(login.userAgent());
    long readableUntil =
        rotations == null ? StoredSession.ABSENT : rotations.previousReadableUntil();
    int parts =
        flag(PREVIOUS_SECRET_HASH, previous != null)
            | flag(PREVIOUS_READABLE_UNTIL, readableUntil != StoredSession.ABSENT)
            | flag(PRINCIPAL, principal != null)
            | flag(IDLE_TIMEOUT, session.idleTimeout != StoredSession.ABSENT)
            | flag(REMEMBERED, login.remembered())
            | flag(CLIENT_ADDRESS, clientAddress != null)
            | flag(USER_AGENT, userAgent != null);
    ByteBuffer out = ByteBuffer.allocate(2 * 1024 + attributes.length);
    out.put((byte) FORMAT)
        .putLong(session.id.mostSignificantBits())
        .putLong(session.id.leastSignificantBits())
        .put((byte) parts)
        .putLong(session.version)
        .putLong(session.lastSeenAt)
        .putLong(session.generation())
        .putLong(session.fence())
        .putLong(session.createdAt)
        .putLong(session.absoluteDeadline)
        .putLong(session.rotatedAtMillis())
        .put(session.secretHash.toBytes());
    if (previous != null) {
      out.put(previous.toBytes());
    }
    putIfPresent(out, readableUntil);
    putIfPresent(out, login.authenticatedAt());
    putIfPresent(out, session.idleTimeout);
    putIfPresent(out, principal);
    putIfPresent(out, clientAddress);
    putIfPresent(out, userAgent);
    out.put(attributes);
    byte[] bytes = new byte[out.position()];
    out.flip().get(bytes);
    return bytes;
  }

  /**
   * Reads the result of {@link #write}. Attribute values are not decoded.
   *
   * @param bytes any bytes; neither changed nor retained
   * @throws DamagedSessionException if {@code write} cannot have returned the bytes: truncated,
   *     changed, with something after the last part, or too many; the message says what is wrong,
   *     and names the id if there are enough bytes for one
   * @throws SessionStoreException if a newer release wrote them in a format that is not known here;
   *     the message names id and format. The session is alive for that release, so it must neither
   *     count as absent nor be overwritten
   */
  public static StoredSession read(byte[] bytes) {
    return read(bytes, null, null);
  }

  /**
   * Reads the result of {@link #write}, with the given version and last-seen moment in place of
   * those in the bytes.
   *
   * @throws DamagedSessionException as by {@link #read(byte[])}, and if one of the two is out of
   *     range
   * @throws SessionStoreException as by {@link #read(byte[])}
   */
  public static StoredSession read(byte[] bytes, long version, Instant lastSeenAt) {
    return read(bytes, Long.valueOf(version), lastSeenAt);
  }

  private static StoredSession read(
      byte[] bytes, @Nullable Long version, @Nullable Instant lastSeenAt) {
    if (bytes.length < PARTS_AT) {
      throw new DamagedSessionException(
          "a stored session is damaged: it has " + bytes.length + " bytes, too few for an id");
    }
    ByteBuffer in = ByteBuffer.wrap(bytes);
    int format = in.get() & 0xff;
    SessionId id = SessionId.of(in.getLong(), in.getLong());
    if (format > FORMAT) {
      throw new SessionStoreException(
          "session "
              + id
              + " is stored in format "
              + format
              + ", known up to "
              + FORMAT
              + ": a newer release wrote it too early");
    }
    try {
      if (format < FORMAT) {
        throw new IllegalArgumentException("there is no format " + format);
      }
      if (bytes.length > MAX_BYTES) {
        throw new IllegalArgumentException(
            "it has at most " + MAX_BYTES + " bytes: " + bytes.length);
      }
      return read(in, id, version, lastSeenAt);
    } catch (BufferUnderflowException cutOff) {
      throw new DamagedSessionException(
          "stored session " + id + " is damaged: cut off after " + bytes.length + " bytes", cutOff);
    } catch (IllegalArgumentException unreadable) {
      throw new DamagedSessionException(
          "stored session " + id + " is damaged: " + unreadable.getMessage(), unreadable);
    }
  }

  private static StoredSession read(
      ByteBuffer in, SessionId id, @Nullable Long version, @Nullable Instant lastSeenAt) {
    int parts = in.get() & 0xff;
    if ((parts & ~ALL_PARTS) != 0) {
      throw new IllegalArgumentException("it has parts that are not known: " + parts);
    }
    long storedVersion = in.getLong();
    Instant storedLastSeenAt = moment(in);
    StoredSessionBuilder session =
        StoredSession.builder(id)
            .version(version == null ? storedVersion : version)
            .lastSeenAt(lastSeenAt == null ? storedLastSeenAt : lastSeenAt)
            .generation(in.getLong())
            .fence(in.getLong())
            .createdAt(moment(in))
            .absoluteDeadline(moment(in))
            .rotatedAt(moment(in))
            .secretHash(hash(in));
    if ((parts & PREVIOUS_SECRET_HASH) != 0) {
      session.previousSecretHash(hash(in));
    }
    if ((parts & PREVIOUS_READABLE_UNTIL) != 0) {
      session.previousReadableUntil(moment(in));
    }
    if ((parts & PRINCIPAL) != 0) {
      session.authenticatedAt(moment(in));
    }
    if ((parts & IDLE_TIMEOUT) != 0) {
      session.idleTimeout(idleTimeout(in));
    }
    if ((parts & PRINCIPAL) != 0) {
      session.principal(text(in, "principal"));
    }
    session.remembered((parts & REMEMBERED) != 0);
    if ((parts & CLIENT_ADDRESS) != 0) {
      session.clientAddress(text(in, "clientAddress"));
    }
    if ((parts & USER_AGENT) != 0) {
      session.userAgent(text(in, "userAgent"));
    }
    byte[] attributes = new byte[in.remaining()];
    in.get(attributes);
    return session.attributes(AttributeFrames.read(attributes)).build();
  }

  private static int flag(int part, boolean isPresent) {
    return isPresent ? part : 0;
  }

  private static void putIfPresent(ByteBuffer out, long number) {
    if (number != StoredSession.ABSENT) {
      out.putLong(number);
    }
  }

  private static void putIfPresent(ByteBuffer out, byte @Nullable [] text) {
    if (text != null) {
      out.putShort((short) text.length).put(text);
    }
  }

  private static byte @Nullable [] utf8(@Nullable String text) {
    return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
  }

  private static Instant moment(ByteBuffer in) {
    return Instant.ofEpochMilli(in.getLong());
  }

  private static Duration idleTimeout(ByteBuffer in) {
    long millis = in.getLong();
    if (millis > StoredSession.MAX_MILLIS) {
      throw new IllegalArgumentException(
          "idleTimeout must be at most " + StoredSession.MAX_MILLIS + " milliseconds: " + millis);
    }
    return Duration.ofMillis(millis);
  }

  private static SecretHash hash(ByteBuffer in) {
    byte[] hash = new byte[SecretHash.LENGTH];
    in.get(hash);
    return SecretHash.of(hash);
  }

  private static String text(ByteBuffer in, String name) {
    int length = in.getShort() & 0xffff;
    if (length > in.remaining()) {
      throw new BufferUnderflowException();
    }
    ByteBuffer text = in.slice(in.position(), length);
    in.position(in.position() + length);
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(text).toString();
    } catch (CharacterCodingException malformed) {
      throw new IllegalArgumentException(name + " is not UTF-8", malformed);
    }
  }
}

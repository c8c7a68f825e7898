package io.coatcheck.session.codec;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Writes all attributes of a session into one byte array, for a store that keeps them in one binary
 * column.
 *
 * <p>The values are framed, not decoded: one that no longer decodes does not affect the others.
 * Equal attributes give equal bytes, whatever the order of the map.
 *
 * <pre>
 *   frames    = version (one byte, 1), count, count * attribute, in ascending order of names
 *   attribute = name header, name, length of value, value
 *   header    = length of name in bytes * 2, plus 1 if the name is UTF-16BE and not UTF-8
 * </pre>
 *
 * <p>Numbers are unsigned LEB128 in the fewest bytes, so a short attribute takes two bytes more
 * than its name and value. Names may be any text, including the empty string and lone surrogates.
 * They are UTF-8; only a name with a lone surrogate, which UTF-8 cannot express, is UTF-16. Only
 * bytes that {@link #write} produces are accepted.
 *
 * <p>At most {@value #MAX_ATTRIBUTES} attributes and {@value #MAX_BYTES} bytes, in both directions:
 * twice that many bytes, the most that escaping can produce, still fit into the 16 MiB packet that
 * MariaDB accepts by default.
 *
 * <p>Thread-safe, does not block.
 *
 * @since 0.1.0
 */
public final class AttributeFrames {

  /** The maximum total size of the attributes of a session, in bytes: 7 MiB. */
  public static final int MAX_BYTES = 7 * 1024 * 1024;

  /** The maximum number of attributes of a session: 10,000. */
  public static final int MAX_ATTRIBUTES = 10_000;

  private static final byte VERSION = 1;

  private static final KnownNames KNOWN_NAMES = new KnownNames();

  private AttributeFrames() {}

  /**
   * Writes attributes into one array. Gets the bytes of each value once, which encodes live values.
   *
   * @param attributes neither changed nor retained; may be empty
   * @return an array that the caller owns
   * @throws AttributeCodecException if a live value cannot be encoded, or a limit is exceeded
   */
  public static byte[] write(Map<String, AttributeValue> attributes) {
    if (attributes.size() > MAX_ATTRIBUTES) {
      throw new AttributeCodecException(
          "a session has at most " + MAX_ATTRIBUTES + " attributes: " + attributes.size());
    }
    List<Name> names = new ArrayList<>(attributes.size());
    List<byte[]> values = new ArrayList<>(attributes.size());
    long size = 1L + sizeOfNumber(attributes.size());
    for (Map.Entry<String, AttributeValue> attribute : new TreeMap<>(attributes).entrySet()) {
      Name name = Name.of(attribute.getKey());
      byte[] value = attribute.getValue().bytes();
      names.add(name);
      values.add(value);
      size += sizeOfNumber(name.header()) + name.bytes.length;
      size += sizeOfNumber(value.length) + value.length;
      requireSize(size);
    }
    ByteBuffer out = ByteBuffer.allocate((int) size);
    out.put(VERSION);
    putNumber(out, names.size());
    for (int index = 0; index < names.size(); index++) {
      putNumber(out, names.get(index).header());
      out.put(names.get(index).bytes);
      putNumber(out, values.get(index).length);
      out.put(values.get(index));
    }
    return out.array();
  }

  /**
   * Reads the result of {@link #write}. The values are not decoded.
   *
   * @param frames any bytes; neither changed nor retained
   * @return an unmodifiable map, in ascending order of names, of encoded values
   * @throws AttributeCodecException if {@code write} cannot have produced the bytes: another
   *     version, truncated, with bytes after the last attribute, with a duplicate name, or beyond a
   *     limit; the message says what is wrong and where
   */
  public static Map<String, AttributeValue> read(byte[] frames) {
    requireSize(frames.length);
    ByteBuffer in = ByteBuffer.wrap(frames);
    if (!in.hasRemaining()) {
      throw new AttributeCodecException("attribute frames are empty: no version byte");
    }
    byte version = in.get();
    if (version != VERSION) {
      throw new AttributeCodecException(
          "attribute frames have version " + (version & 0xff) + ", known is " + VERSION);
    }
    int count = number(in, "the number of attributes");
    if (count > MAX_ATTRIBUTES) {
      throw corrupt(in, "at most " + MAX_ATTRIBUTES + " attributes, and these claim " + count);
    }
    Map<String, AttributeValue> attributes = new LinkedHashMap<>();
    String previous = null;
    for (int index = 0; index < count; index++) {
      String name = name(in, previous);
      byte[] value = take(in, number(in, "the length of a value"), "a value");
      attributes.put(name, AttributeValue.encoded(value));
      previous = name;
    }
    if (in.hasRemaining()) {
      throw corrupt(in, in.remaining() + " bytes follow the last attribute");
    }
    return Collections.unmodifiableMap(attributes);
  }

  private static String name(ByteBuffer in, @Nullable String previous) {
    int header = number(in, "the length of a name");
    Name name = new Name(take(in, header >>> 1, "a name"), (header & 1) != 0);
    String text = name.text();
    if (text == null) {
      throw corrupt(in, "the name before this is not what its header says");
    }
    if (previous != null && previous.compareTo(text) >= 0) {
      throw corrupt(
          in, previous.equals(text) ? "the name before this occurs twice" : "names are unsorted");
    }
    return text;
  }

  /** Allocates no more bytes than the input has. */
  private static byte[] take(ByteBuffer in, int length, String what) {
    if (length > in.remaining()) {
      throw corrupt(
          in, what + " of " + length + " bytes is cut off, " + in.remaining() + " are left");
    }
    byte[] taken = new byte[length];
    in.get(taken);
    return taken;
  }

  private static int number(ByteBuffer in, String what) {
    long number = 0;
    for (int shift = 0; shift < Integer.SIZE; shift += 7) {
      if (!in.hasRemaining()) {
        throw corrupt(in, what + " is cut off");
      }
      byte next = in.get();
      number |= (long) (next & 0x7f) << shift;
      if (next >= 0) {
        if (number > Integer.MAX_VALUE || (next == 0 && shift > 0)) {
          break;
        }
        return (int) number;
      }
    }
    throw corrupt(in, what + " is not a number in its shortest form");
  }

  private static void putNumber(ByteBuffer out, int number) {
    int rest = number;
    while (rest > 0x7f) {
      out.put((byte) (rest | 0x80));
      rest >>>= 7;
    }
    out.put((byte) rest);
  }

  private static int sizeOfNumber(int number) {
    return Math.max(1, (Integer.SIZE - Integer.numberOfLeadingZeros(number) + 6) / 7);
  }

  private static void requireSize(long size) {
    if (size > MAX_BYTES) {
      throw new AttributeCodecException(
          "the attributes of a session take at most " + MAX_BYTES + " bytes: " + size + " or more");
    }
  }

  private static AttributeCodecException corrupt(ByteBuffer in, String what) {
    return new AttributeCodecException(
        "attribute frames are corrupt at byte " + in.position() + ": " + what);
  }

  /** A name as it is written. */
  private static final class Name {
    final byte[] bytes;
    final boolean utf16;

    Name(byte[] bytes, boolean utf16) {
      this.bytes = bytes;
      this.utf16 = utf16;
    }

    static Name of(String text) {
      ByteBuffer encoded;
      try {
        encoded = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
      } catch (CharacterCodingException loneSurrogate) {
        ByteBuffer units = ByteBuffer.allocate(Math.multiplyExact(text.length(), 2));
        units.asCharBuffer().put(text);
        return new Name(units.array(), true);
      }
      byte[] bytes = new byte[encoded.remaining()];
      encoded.get(bytes);
      return new Name(bytes, false);
    }

    int header() {
      return Math.addExact(Math.multiplyExact(bytes.length, 2), utf16 ? 1 : 0);
    }

    /** Returns the name; null if these bytes are not how a name is encoded. */
    @Nullable String text() {
      if (!utf16) {
        String known = KNOWN_NAMES.find(bytes);
        if (known != null) {
          return known;
        }
        try {
          String decoded =
              StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
          KNOWN_NAMES.add(decoded, bytes);
          return decoded;
        } catch (CharacterCodingException malformed) {
          return null;
        }
      }
      String text = ByteBuffer.wrap(bytes).asCharBuffer().toString();
      return bytes.length % 2 == 0 && of(text).utf16 ? text : null;
    }
  }
}

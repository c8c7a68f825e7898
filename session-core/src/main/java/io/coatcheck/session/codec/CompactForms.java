package io.coatcheck.session.codec;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16BE;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The values that are written without Java serialization: strings, boxed primitives and byte
 * arrays. After the header come the bytes of a string or an array, an integral number in the fewest
 * bytes of two's complement, or the IEEE bits of a floating-point number.
 */
final class CompactForms {

  /** The start of every encoding: codec id, then version and form. */
  static final int HEADER = 2;

  static final int SERIALIZED = 0;

  private static final int LATIN1 = 1;
  private static final int UTF8 = 2;
  private static final int UTF16 = 3;
  private static final int BYTES = 4;
  private static final int FALSE = 5;
  private static final int TRUE = 6;
  private static final int BYTE = 7;
  private static final int SHORT = 8;
  private static final int CHARACTER = 9;
  private static final int INTEGER = 10;
  private static final int LONG = 11;
  private static final int FLOAT = 12;
  private static final int DOUBLE = 13;

  private static final byte CODEC_ID = 'J';
  private static final int VERSION = 1;

  private CompactForms() {}

  static byte[] header(int form) {
    return new byte[] {CODEC_ID, (byte) ((VERSION << 4) | form)};
  }

  /**
   * Returns the form of an encoding.
   *
   * @throws AttributeCodecException if the bytes are of another codec or version
   */
  static int formOf(byte[] bytes) {
    if (bytes.length < HEADER) {
      throw new AttributeCodecException(
          "not an encoded attribute: " + bytes.length + " bytes are too few");
    }
    if (bytes[0] != CODEC_ID) {
      throw new AttributeCodecException(
          "not an encoding of JavaSerializationCodec: codec id is " + (bytes[0] & 0xff));
    }
    int version = (bytes[1] & 0xff) >>> 4;
    if (version != VERSION) {
      throw new AttributeCodecException(
          "encoded by another version of JavaSerializationCodec: " + version + ", not " + VERSION);
    }
    return bytes[1] & 0xf;
  }

  /** Returns the encoding; null if the value has no compact form. */
  static byte @Nullable [] encode(Object value) {
    if (value instanceof String text) {
      return encodeText(text);
    }
    if (value instanceof byte[] bytes) {
      return join(BYTES, bytes);
    }
    if (value instanceof Boolean flag) {
      return header(flag ? TRUE : FALSE);
    }
    if (value instanceof Integer number) {
      return encodeIntegral(INTEGER, number);
    }
    if (value instanceof Long number) {
      return encodeIntegral(LONG, number);
    }
    if (value instanceof Double number) {
      return join(DOUBLE, fixed(Double.doubleToRawLongBits(number), Double.BYTES));
    }
    if (value instanceof Float number) {
      return join(FLOAT, fixed(Float.floatToRawIntBits(number), Float.BYTES));
    }
    if (value instanceof Character character) {
      return encodeIntegral(CHARACTER, character);
    }
    if (value instanceof Short number) {
      return encodeIntegral(SHORT, number);
    }
    return value instanceof Byte number ? encodeIntegral(BYTE, number) : null;
  }

  /**
   * Decodes any form except {@link #SERIALIZED}.
   *
   * @throws AttributeCodecException if {@link #encode} cannot have produced the bytes
   */
  static Object decode(int form, byte[] bytes) {
    return switch (form) {
      case LATIN1 -> new String(bytes, HEADER, bytes.length - HEADER, ISO_8859_1);
      case UTF8 -> decodeUtf8(bytes);
      case UTF16 -> decodeUtf16(bytes);
      case BYTES -> Arrays.copyOfRange(bytes, HEADER, bytes.length);
      case FALSE, TRUE -> {
        requireLength(bytes, 0, 0);
        yield form == TRUE;
      }
      case BYTE -> (byte) integral(bytes, Byte.MIN_VALUE, Byte.MAX_VALUE);
      case SHORT -> (short) integral(bytes, Short.MIN_VALUE, Short.MAX_VALUE);
      case CHARACTER -> (char) integral(bytes, Character.MIN_VALUE, Character.MAX_VALUE);
      case INTEGER -> (int) integral(bytes, Integer.MIN_VALUE, Integer.MAX_VALUE);
      case LONG -> integral(bytes, Long.MIN_VALUE, Long.MAX_VALUE);
      case FLOAT -> Float.intBitsToFloat((int) bits(bytes, Float.BYTES));
      case DOUBLE -> Double.longBitsToDouble(bits(bytes, Double.BYTES));
      default -> throw corrupt("form " + form + " is unknown");
    };
  }

  /** Uses the shortest form; lone surrogates survive only in UTF-16. */
  private static byte[] encodeText(String text) {
    boolean latin1 = true;
    long utf8Length = 0;
    for (int index = 0; index < text.length(); index++) {
      char unit = text.charAt(index);
      latin1 &= unit <= 0xff;
      utf8Length += unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3;
      if (Character.isSurrogate(unit)) {
        if (Character.isHighSurrogate(unit)
            && index + 1 < text.length()
            && Character.isLowSurrogate(text.charAt(index + 1))) {
          utf8Length++;
          index++;
        } else {
          return encodeUtf16(text);
        }
      }
    }
    if (latin1) {
      return join(LATIN1, text.getBytes(ISO_8859_1));
    }
    return utf8Length <= 2L * text.length() ? join(UTF8, text.getBytes(UTF_8)) : encodeUtf16(text);
  }

  /** Does not use the charset, which replaces lone surrogates. */
  private static byte[] encodeUtf16(String text) {
    ByteBuffer out = ByteBuffer.allocate(HEADER + Math.multiplyExact(text.length(), 2));
    out.put(header(UTF16)).asCharBuffer().put(text);
    return out.array();
  }

  private static String decodeUtf8(byte[] bytes) {
    try {
      return UTF_8.newDecoder().decode(payload(bytes)).toString();
    } catch (CharacterCodingException malformed) {
      throw corrupt("malformed " + UTF_8);
    }
  }

  private static String decodeUtf16(byte[] bytes) {
    if (bytes.length % 2 != 0) {
      throw corrupt("malformed " + UTF_16BE);
    }
    return payload(bytes).asCharBuffer().toString();
  }

  private static byte[] encodeIntegral(int form, long number) {
    int significant = Long.SIZE + 1 - Long.numberOfLeadingZeros(number < 0 ? ~number : number);
    return join(form, fixed(number, (significant + 7) / 8));
  }

  private static long integral(byte[] bytes, long min, long max) {
    requireLength(bytes, 1, Long.BYTES);
    long number = bytes[HEADER];
    for (int index = HEADER + 1; index < bytes.length; index++) {
      number = (number << 8) | (bytes[index] & 0xff);
    }
    if (number < min || number > max) {
      throw corrupt("number out of range");
    }
    return number;
  }

  private static byte[] fixed(long bits, int length) {
    byte[] bytes = new byte[length];
    for (int index = 0; index < length; index++) {
      bytes[index] = (byte) (bits >> (8 * (length - 1 - index)));
    }
    return bytes;
  }

  private static long bits(byte[] bytes, int length) {
    requireLength(bytes, length, length);
    return length == Long.BYTES ? payload(bytes).getLong() : payload(bytes).getInt();
  }

  private static void requireLength(byte[] bytes, int min, int max) {
    int length = bytes.length - HEADER;
    if (length < min || length > max) {
      throw corrupt(length + " bytes where " + max + " are the most and " + min + " the least");
    }
  }

  private static byte[] join(int form, byte[] payload) {
    byte[] bytes = Arrays.copyOf(header(form), HEADER + payload.length);
    System.arraycopy(payload, 0, bytes, HEADER, payload.length);
    return bytes;
  }

  private static ByteBuffer payload(byte[] bytes) {
    return ByteBuffer.wrap(bytes, HEADER, bytes.length - HEADER);
  }

  private static AttributeCodecException corrupt(String what) {
    return new AttributeCodecException("an encoded attribute is corrupt: " + what);
  }
}

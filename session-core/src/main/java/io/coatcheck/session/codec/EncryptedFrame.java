package io.coatcheck.session.codec;

import java.nio.charset.StandardCharsets;

/** An encrypted value as it is stored: see {@link AttributeEncryption}. Immutable. */
final class EncryptedFrame {

  static final int NONCE_BYTES = 12;
  static final int TAG_BYTES = 16;

  private static final byte CODEC_ID = 'E';
  private static final byte VERSION = 1 << 4;

  /** Codec id, version, length of the key id. */
  private static final int FIXED = 3;

  private final String keyId;
  private final byte[] bytes;

  private EncryptedFrame(String keyId, byte[] bytes) {
    this.keyId = keyId;
    this.bytes = bytes;
  }

  /** Returns the start of both the associated data and the frame of a value. */
  static byte[] header(String keyId) {
    byte[] id = keyId.getBytes(StandardCharsets.US_ASCII);
    byte[] header = new byte[FIXED + id.length];
    header[0] = CODEC_ID;
    header[1] = VERSION;
    header[2] = (byte) id.length;
    System.arraycopy(id, 0, header, FIXED, id.length);
    return header;
  }

  /** Returns whether bytes claim to be a frame, of any version. */
  static boolean isFrame(byte[] bytes) {
    return bytes.length > 0 && bytes[0] == CODEC_ID;
  }

  /**
   * Reads the parts of a frame.
   *
   * @param bytes any bytes; retained
   * @throws AttributeCodecException if this is not a frame, has another version, or is truncated
   */
  static EncryptedFrame of(byte[] bytes) {
    if (!isFrame(bytes)) {
      throw new AttributeCodecException(
          "the value is not encrypted; AttributeEncryption.Builder.acceptPlain(true) reads values"
              + " from before encryption was switched on");
    }
    if (bytes.length > 1 && bytes[1] != VERSION) {
      throw new AttributeCodecException(
          "the value is encrypted by another version of AttributeEncryption: " + (bytes[1] & 0xff));
    }
    int idBytes = bytes.length < FIXED ? 0 : bytes[2] & 0xff;
    if (bytes.length < FIXED + idBytes + NONCE_BYTES + TAG_BYTES) {
      throw new AttributeCodecException(
          "the encrypted value is cut off: it has " + bytes.length + " bytes");
    }
    String keyId = new String(bytes, FIXED, idBytes, StandardCharsets.US_ASCII);
    if (!AttributeEncryption.isKeyId(keyId)) {
      throw new AttributeCodecException("the encrypted value does not name its key by a valid id");
    }
    return new EncryptedFrame(keyId, bytes);
  }

  /** Returns the id of the key that the value is encrypted with. */
  String keyId() {
    return keyId;
  }

  /** Returns the whole frame, which must not be changed. */
  byte[] bytes() {
    return bytes;
  }

  int headerBytes() {
    return FIXED + keyId.length();
  }

  /** Returns the size of the plain content. */
  int plainBytes() {
    return bytes.length - headerBytes() - NONCE_BYTES - TAG_BYTES;
  }
}

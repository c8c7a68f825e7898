package io.coatcheck.session.codec;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The value of an attribute in a snapshot: either live, an object with the codec that would encode
 * it, or encoded, the bytes that a store kept.
 *
 * <p>An in-process store keeps it unchanged, without serialization. Any other store calls {@link
 * #bytes()} when it writes and {@link #encoded(byte[])} when it reads, and never sees a codec.
 *
 * <p>Thread-safe. A live object that is mutable is shared, not copied. A snapshot may return
 * another {@code AttributeValue} of the same value each time: {@link #isSameAs} compares them.
 *
 * @since 0.1.0
 */
public final class AttributeValue {

  /** The object; where {@link #liveCodec} is null, the bytes or an {@link EncryptedValue}. */
  private final Object content;

  private final @Nullable AttributeCodec liveCodec;

  /**
   * What was found out about the bytes: the object that they decode to, if it is immutable, or a
   * {@link Reencoded}. A data race at worst finds it out twice.
   */
  private @Nullable Object known;

  /**
   * The encoding of the decoded value, where it differs from the bytes. Any thread that finds it
   * sees its content, since the field is final.
   */
  private static final class Reencoded {

    private final byte[] bytes;

    Reencoded(byte[] bytes) {
      this.bytes = bytes;
    }
  }

  private AttributeValue(Object content, @Nullable AttributeCodec liveCodec) {
    this.content = content;
    this.liveCodec = liveCodec;
  }

  /**
   * Wraps an object.
   *
   * @param value retained, not copied
   * @param codec used if a store asks for bytes
   */
  public static AttributeValue live(Object value, AttributeCodec codec) {
    return new AttributeValue(value, codec);
  }

  /**
   * Wraps bytes that a store kept.
   *
   * @param bytes retained, not copied: the caller must not change them afterwards
   */
  public static AttributeValue encoded(byte[] bytes) {
    return new AttributeValue(bytes, null);
  }

  /** Wraps a value that a store keeps encrypted, so that it reads as its plain encoding. */
  static AttributeValue encrypted(AttributeValue stored, SessionCipher cipher, String name) {
    return new AttributeValue(new EncryptedValue(stored, cipher, name), null);
  }

  /** Returns the encrypted content; null for every other value. */
  @Nullable EncryptedValue encryptedContent() {
    return liveCodec == null && content instanceof EncryptedValue encrypted ? encrypted : null;
  }

  /** Returns whether this is an object rather than bytes. */
  public boolean isLive() {
    return liveCodec != null;
  }

  /** Returns the codec that {@link #live} was given; null for an encoded value. */
  public @Nullable AttributeCodec liveCodec() {
    return liveCodec;
  }

  /**
   * Returns whether this is the same value as another one and not merely an equal one: the same
   * object with the same codec, or the same array of bytes. Calls no method of an object.
   */
  @SuppressWarnings("ReferenceEquality")
  public boolean isSameAs(@Nullable AttributeValue other) {
    return other != null && content == other.content && liveCodec == other.liveCodec;
  }

  /**
   * Returns the encoding. For a live value, each call encodes again.
   *
   * @return for an encoded value the bytes themselves, not a copy: the caller must not change them
   * @throws AttributeCodecException if the value is live and cannot be encoded, or if {@link
   *     AttributeEncryption} cannot decrypt it
   */
  public byte[] bytes() {
    if (liveCodec != null) {
      return liveCodec.encode(content);
    }
    return content instanceof EncryptedValue encrypted ? encrypted.plain() : (byte[]) content;
  }

  /**
   * Returns the number of bytes of the encoding; zero for a live value, which is not encoded for
   * this. Never throws, and decrypts nothing.
   */
  public int size() {
    if (liveCodec != null) {
      return 0;
    }
    return content instanceof EncryptedValue encrypted
        ? encrypted.size()
        : ((byte[]) content).length;
  }

  /**
   * Returns the object that all callers of {@link #object} get: a live value's own, or the decoded
   * one if it is immutable. Cheap, and never throws.
   *
   * @return null if the bytes have not been decoded yet, or if each caller gets its own object
   */
  public @Nullable Object sharedObject() {
    if (liveCodec != null) {
      return content;
    }
    return keeper().decoded();
  }

  private @Nullable Object decoded() {
    Object found = known;
    return found instanceof Reencoded ? null : found;
  }

  /** A cache below the encryption keeps the stored value, and with it what was found out. */
  private AttributeValue keeper() {
    return content instanceof EncryptedValue encrypted ? encrypted.stored() : this;
  }

  /**
   * Returns the object: a live value's own, or the decoded bytes. Only the caller has a decoded
   * object, unless {@code codec} says that it is immutable.
   *
   * @param codec used only if the value is encoded
   * @throws AttributeCodecException if the bytes cannot be decoded
   */
  public Object object(AttributeCodec codec) {
    if (liveCodec != null) {
      return content;
    }
    AttributeValue keeper = keeper();
    Object decoded = keeper.decoded();
    if (decoded != null) {
      return decoded;
    }
    Object fresh = codec.decode(bytes());
    if (codec.isImmutable(fresh)) {
      keeper.known = fresh;
    }
    return fresh;
  }

  /**
   * Encodes an object that {@link #object} returned, if it was changed since.
   *
   * <p>Serialization is not canonical: a hash map, for one, is written with the order and the
   * capacity that it has in this process. So if the bytes differ, those of this value are decoded
   * and encoded here, and compared again. Where that was needed, the result is kept for the next
   * call.
   *
   * @param object of the caller; not retained
   * @param codec the one that decoded it
   * @return null if the object is as it was decoded; else its encoding
   * @throws AttributeCodecException if the object cannot be encoded any more
   */
  public byte @Nullable [] bytesIfChanged(Object object, AttributeCodec codec) {
    byte[] stored = bytes();
    AttributeValue keeper = keeper();
    byte[] expected = keeper.known instanceof Reencoded again ? again.bytes : stored;
    byte[] now = codec.encodeAgain(object, expected);
    if (Arrays.equals(now, expected) || Arrays.equals(now, stored)) {
      return null;
    }
    byte[] again = codec.encode(codec.decode(stored));
    if (!Arrays.equals(now, again)) {
      return now;
    }
    if (!isLive()) {
      keeper.known = new Reencoded(again);
    }
    return null;
  }

  /**
   * Live values are equal if their objects are, encoded ones if their bytes are. Values that cannot
   * be decrypted are equal if their session, name and stored bytes are the same.
   */
  @Override
  public boolean equals(@Nullable Object other) {
    if (!(other instanceof AttributeValue that) || isLive() != that.isLive()) {
      return false;
    }
    if (isLive()) {
      return content.equals(that.content);
    }
    if (content instanceof EncryptedValue mine
        && that.content instanceof EncryptedValue theirs
        && mine.isSameAs(theirs)) {
      return true;
    }
    byte[] bytes = readableBytes();
    byte[] otherBytes = that.readableBytes();
    return bytes != null && otherBytes != null && Arrays.equals(bytes, otherBytes);
  }

  @Override
  public int hashCode() {
    return isLive() ? content.hashCode() : Arrays.hashCode(readableBytes());
  }

  private byte @Nullable [] readableBytes() {
    return content instanceof EncryptedValue encrypted
        ? encrypted.plainIfReadable()
        : (byte[]) content;
  }

  /** Returns the kind and the size or the class. A value does not belong in a log. */
  @Override
  public String toString() {
    return isLive()
        ? "AttributeValue[live " + content.getClass().getName() + "]"
        : "AttributeValue[" + size() + " bytes]";
  }
}

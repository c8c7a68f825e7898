package io.coatcheck.session.spring;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import io.coatcheck.session.codec.AttributeCodec;
import java.time.Duration;
import java.util.Arrays;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.context.SecurityContext;

/**
 * Builds a security context from a template if it was decoded a short time ago. Each request
 * decodes the context, and finds out at its end whether it was changed; serialization takes far
 * longer for that than everything else that a session costs a request. As with decoding, each
 * request gets its own context. Everything but the usual contexts is left to the other codec.
 *
 * <p>Keeps templates of contexts whose encodings take up to 16 KiB each and 16 MiB together, for
 * five minutes after the last request that used them. They are found by the whole encoding, which
 * says all that they contain.
 */
final class KnownContexts implements AttributeCodec {

  /** No security context is shorter. */
  private static final int MIN_BYTES = 256;

  private static final int MAX_BYTES = 16 * 1024;
  private static final int MAX_BYTES_OF_ALL = 16 * 1024 * 1024;
  private static final Duration UNUSED = Duration.ofMinutes(5);

  private final AttributeCodec codec;
  private final Cache<Encoding, ContextTemplate> known;

  KnownContexts(AttributeCodec codec) {
    this(codec, Ticker.systemTicker());
  }

  KnownContexts(AttributeCodec codec, Ticker ticker) {
    this.codec = codec;
    known =
        Caffeine.newBuilder()
            .maximumWeight(MAX_BYTES_OF_ALL)
            .weigher((Encoding encoding, ContextTemplate template) -> encoding.bytes.length)
            .expireAfterAccess(UNUSED)
            .ticker(ticker)
            .executor(Runnable::run)
            .build();
  }

  @Override
  public byte[] encode(Object value) {
    return codec.encode(value);
  }

  @Override
  public byte[] encodeAgain(Object value, byte[] before) {
    return value instanceof SecurityContext context
            && mayBeKnown(before)
            && hasContentOf(context, known.getIfPresent(new Encoding(before)))
        ? before
        : codec.encodeAgain(value, before);
  }

  private boolean hasContentOf(SecurityContext context, @Nullable ContextTemplate template) {
    try {
      return template != null && template.hasContentOf(context, codec);
    } catch (RuntimeException incomplete) {
      // A planted object may lack what its equals() needs.
      return false;
    }
  }

  @Override
  public Object decode(byte[] bytes) {
    if (!mayBeKnown(bytes)) {
      return codec.decode(bytes);
    }
    Encoding encoding = new Encoding(bytes);
    ContextTemplate template = known.getIfPresent(encoding);
    if (template != null) {
      return template.newContext();
    }
    Object value = codec.decode(bytes);
    if (value instanceof SecurityContext context) {
      ContextTemplate found = templateOf(context, bytes);
      if (found != null) {
        known.put(encoding.copy(), found);
      }
    }
    return value;
  }

  private static boolean mayBeKnown(byte[] bytes) {
    return bytes.length >= MIN_BYTES && bytes.length <= MAX_BYTES;
  }

  /** Returns a template of a context, if those that are made from it have the same encoding. */
  private @Nullable ContextTemplate templateOf(SecurityContext context, byte[] encoding) {
    try {
      ContextTemplate template = templateOf(context);
      return template != null && isSameAgain(template.newContext(), context, encoding)
          ? template
          : null;
    } catch (RuntimeException unusual) {
      // Planted bytes may decode to what cannot be built anew, or is too large then.
      return null;
    }
  }

  private @Nullable ContextTemplate templateOf(SecurityContext context) {
    Authentication login = context.getAuthentication();
    if (login == null) {
      return null;
    }
    return login.getClass().getName().equals(ProviderContext.LOGIN)
        ? ProviderContext.of(context, codec)
        : PasswordContext.of(context, codec);
  }

  /**
   * Returns whether two contexts have the same encoding. The capacity of a map, which depends on
   * how it came to be, is part of an encoding; decoding sets it anew. So if the bytes differ, both
   * are compared as they are after they have been decoded once more.
   *
   * @param before from which the second one was decoded
   */
  private boolean isSameAgain(SecurityContext one, SecurityContext other, byte[] before) {
    byte[] bytes = codec.encodeAgain(one, before);
    return Arrays.equals(bytes, before)
        || Arrays.equals(codec.encode(codec.decode(bytes)), codec.encode(other));
  }

  @Override
  public boolean isImmutable(Object value) {
    return codec.isImmutable(value);
  }

  /** The bytes of an encoding, as a key. */
  private static final class Encoding {

    private final byte[] bytes;
    private final int hash;

    Encoding(byte[] bytes) {
      this.bytes = bytes;
      CRC32C checksum = new CRC32C();
      checksum.update(bytes);
      hash = (int) checksum.getValue();
    }

    private Encoding(byte[] bytes, int hash) {
      this.bytes = bytes;
      this.hash = hash;
    }

    /** Returns a key that retains nothing of the caller's. */
    Encoding copy() {
      return new Encoding(bytes.clone(), hash);
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Encoding that && Arrays.equals(bytes, that.bytes);
    }

    @Override
    public int hashCode() {
      return hash;
    }
  }
}

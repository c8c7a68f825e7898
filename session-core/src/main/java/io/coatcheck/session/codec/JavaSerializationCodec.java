package io.coatcheck.session.codec;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * Encodes attributes by Java serialization, and decodes only classes on its allow-list.
 *
 * <p><b>Allowed by default</b> are the value and collection types of the JDK, named one by one:
 * strings, boxed primitives, {@code java.math}, {@code java.time}, {@code UUID}, {@code Locale},
 * {@code Currency}, {@code URI}, dates, the usual lists, sets, maps and queues with their
 * unmodifiable, synchronized, empty, singleton and {@code of} forms, {@code EnumSet} and {@code
 * EnumMap}, atomic numbers, and arrays of all of these. Add the classes of an application by {@link
 * Builder#allow(String)}; records and enums need nothing more. Add those of a framework by {@link
 * Builder#allow(AllowListPreset...)}. {@code File}, {@code Class}, lambdas, dynamic proxies and the
 * reflective and remote packages of the JDK are refused whatever the application allows. A {@code
 * java.net.URL} is written as its text; a decoded one is compared by its text, without a host
 * look-up, and opens connections as usual. The class that an {@code EnumSet} or {@code EnumMap}
 * names as its element type must be allowed itself. Apart from the classes of enums, and those that
 * a Faces preset allows, a {@code Class} within a value is refused too.
 *
 * <p>{@link #encode} refuses what {@link #decode} would, with a message that names the class and
 * the line to add. So a value that could not be decoded fails where the application sets it.
 *
 * <p><b>Decoding</b> accepts any bytes. A class is checked by its name before it is loaded, so that
 * no code of a refused class runs, not even its static initializer. Classes are loaded by the
 * thread's context class loader, then by that of this library. A JVM-wide filter ({@code
 * jdk.serialFilter}) applies as well. Memory is bounded in proportion to the bytes, which {@link
 * Builder#maxBytes} limits. Time is not bounded: anyone who can write to the store can nest hash
 * sets so that rebuilding them takes a processor a long time, within any limit that leaves room for
 * legitimate values.
 *
 * <p><b>Compact forms</b>, without Java serialization, are used for {@code String}, the boxed
 * primitives and {@code byte[]}: two bytes and the content. Every encoding begins with the codec's
 * id and its version; others are refused.
 *
 * <p>Thread-safe; does not block. The code of allowed classes ({@code writeObject}, {@code
 * readResolve} and so on) runs in the calling thread; {@code readObject} may also run in {@code
 * encode}, and {@code writeObject} in {@code decode}, where that is needed to find out what the
 * bytes contain.
 *
 * @since 0.1.0
 */
public final class JavaSerializationCodec implements AttributeCodec {

  private final SerializedForm serialized;
  private final Set<Class<?>> immutable;
  private final int maxBytes;

  private JavaSerializationCodec(Builder builder) {
    DecodingLimits limits =
        new DecodingLimits(
            builder.maxDepth, builder.maxReferences, builder.maxArrayLength, builder.maxBytes);
    this.serialized =
        new SerializedForm(new AllowList(builder.patterns, builder.classValues), limits);
    this.immutable = Set.copyOf(builder.immutable);
    this.maxBytes = builder.maxBytes;
  }

  /** Returns a builder that allows the value and collection types of the JDK and nothing else. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public byte[] encode(Object value) {
    Objects.requireNonNull(value, "value");
    if (leastSize(value) > maxBytes) {
      throw serialized.tooLarge(value.getClass());
    }
    byte[] compact = CompactForms.encode(value);
    if (compact == null) {
      return serialized.write(value);
    }
    if (compact.length > maxBytes) {
      throw serialized.tooLarge(value.getClass());
    }
    return compact;
  }

  @Override
  public byte[] encodeAgain(Object value, byte[] before) {
    Objects.requireNonNull(value, "value");
    return CompactForms.formOf(before) == CompactForms.SERIALIZED
        ? serialized.writeAgain(value, before)
        : AttributeCodec.super.encodeAgain(value, before);
  }

  @Override
  public Object decode(byte[] bytes) {
    int form = CompactForms.formOf(bytes);
    if (bytes.length > maxBytes) {
      throw new AttributeCodecException(
          "an encoded attribute is larger than maxBytes " + maxBytes + ": " + bytes.length);
    }
    return form == CompactForms.SERIALIZED
        ? serialized.read(bytes)
        : CompactForms.decode(form, bytes);
  }

  /**
   * {@inheritDoc}
   *
   * <p>Also recognises the classes of {@link Builder#immutable}.
   */
  @Override
  public boolean isImmutable(Object value) {
    return immutable.contains(value.getClass()) || AttributeCodec.super.isImmutable(value);
  }

  /**
   * Decodes what an {@link java.io.ObjectOutputStream} has written, such as a value that another
   * library stored. The allow-list and the limits of this codec apply.
   *
   * @param stream a whole stream with one object, any bytes; neither changed nor retained
   * @return a value that the caller owns
   * @throws AttributeCodecException as {@link #decode} does
   */
  public Object decodeStream(byte[] stream) {
    if (stream.length > maxBytes) {
      throw new AttributeCodecException(
          "a serialized value is larger than maxBytes " + maxBytes + ": " + stream.length);
    }
    return serialized.readStream(stream);
  }

  /**
   * Returns a lower bound of the size, so that values that are too large in any form are not
   * encoded.
   */
  private static int leastSize(Object value) {
    if (value instanceof String text) {
      return text.length();
    }
    return value instanceof byte[] bytes ? bytes.length : 0;
  }

  /**
   * Builds a codec. Not thread-safe; may be used again after {@link #build()}.
   *
   * @since 0.1.0
   */
  public static final class Builder {

    private static final int MAX_LIMIT = 1_000_000_000;

    private final List<AllowPattern> patterns = new ArrayList<>();
    private final Set<String> classValues = new HashSet<>();
    private final Set<Class<?>> immutable = new HashSet<>();
    private int maxDepth = 64;
    private int maxReferences = 100_000;
    private int maxArrayLength = 4 * 1024 * 1024;
    private int maxBytes = 4 * 1024 * 1024;

    private Builder() {}

    /**
     * Allows classes by name. {@code com.example.Cart} allows that class but not its nested ones,
     * which are {@code com.example.Cart$Item}; {@code com.example.*} allows the classes of that
     * package with their nested ones; {@code com.example.**} also allows those of its sub-packages.
     *
     * <p>Allow only your own classes. A library on the class path may contain classes that do harm
     * when decoded, so a pattern that covers libraries removes the protection. Default: none.
     *
     * @throws IllegalArgumentException if the pattern is anything else; if it is wider than one
     *     project ({@code **}, {@code com.**}, {@code org.apache.**}); if it is a pattern for
     *     packages of the JDK, whose classes can only be allowed one by one; or if it names a class
     *     that is never allowed, such as {@code java.io.File}
     */
    public Builder allow(String pattern) {
      patterns.add(AllowPattern.parse(pattern));
      return this;
    }

    /**
     * Allows one class. This does not allow its subclasses or the classes of its fields.
     *
     * @throws IllegalArgumentException if it is an interface, an array, a primitive type or a
     *     hidden class, none of which an encoding names, or a class that is never allowed
     */
    public Builder allow(Class<?> type) {
      patterns.add(AllowPattern.of(type));
      return this;
    }

    /**
     * Allows the classes that features of a framework put into sessions. Default: none.
     *
     * <p>Classes that are not on the class path are not an error. This call loads no classes.
     */
    public Builder allow(AllowListPreset... presets) {
      for (AllowListPreset preset : presets) {
        classValues.addAll(preset.classValues());
        for (String className : preset.classNames()) {
          patterns.add(AllowPattern.parse(className));
        }
      }
      return this;
    }

    /**
     * Declares that objects of a class never change, nor anything that they refer to. A node then
     * decodes an attribute of that class once, shares the object between requests and threads, and
     * does not compare it with what is stored at the end of each request. Enums, and records of
     * immutable JDK types, need no declaration. Subclasses are not included. {@link #allow(Class)}
     * is needed nevertheless. Default: none.
     *
     * <p>If an object does change, other requests see it, even those of other sessions, and it may
     * never be stored. So make sure that collections within it are unmodifiable.
     *
     * @throws IllegalArgumentException if it has no objects, as an interface; if it is a class of
     *     the JDK; or if it or a superclass has a field that is neither final nor static nor
     *     transient, other than the password of Spring Security's {@code User}, which is erased
     *     before the user is stored
     */
    public Builder immutable(Class<?> type) {
      immutable.add(ImmutableClass.checked(type));
      return this;
    }

    /**
     * Limits how deep objects may be nested, the outermost being the first level. Each level takes
     * some stack. Default: 64.
     *
     * @throws IllegalArgumentException if it is not 1 to 1,000
     */
    public Builder maxDepth(int levels) {
      maxDepth = require("maxDepth", levels, 1_000);
      return this;
    }

    /**
     * Limits the number of objects, and of references to them, in one attribute, as counted by the
     * JDK's filter, which is not called for strings and nulls alone. Default: 100,000.
     *
     * @throws IllegalArgumentException if it is not 1 to 1,000,000,000
     */
    public Builder maxReferences(int references) {
      maxReferences = require("maxReferences", references, MAX_LIMIT);
      return this;
    }

    /**
     * Limits the elements of an array, and of a collection that is stored as one. Independently of
     * this, all arrays of an attribute together are bounded by its size in bytes. Default:
     * 4,194,304.
     *
     * @throws IllegalArgumentException if it is not 1 to 1,000,000,000
     */
    public Builder maxArrayLength(int elements) {
      maxArrayLength = require("maxArrayLength", elements, MAX_LIMIT);
      return this;
    }

    /**
     * Limits the bytes of one encoded attribute. Regardless of this, a store that keeps all
     * attributes of a session together keeps at most {@link AttributeFrames#MAX_BYTES}. Default: 4
     * MiB.
     *
     * @throws IllegalArgumentException if it is not 1 to {@link AttributeFrames#MAX_BYTES}
     */
    public Builder maxBytes(int bytes) {
      maxBytes = require("maxBytes", bytes, AttributeFrames.MAX_BYTES);
      return this;
    }

    /** Builds the codec; later calls of this builder do not change it. */
    public JavaSerializationCodec build() {
      return new JavaSerializationCodec(this);
    }

    private static int require(String setting, int value, int max) {
      if (value < 1 || value > max) {
        throw new IllegalArgumentException(setting + " must be 1 to " + max + ": " + value);
      }
      return value;
    }
  }
}

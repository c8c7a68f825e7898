package io.coatcheck.session.codec;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * Encodes attributes by Java serialization, and decodes no class that is not on its allow-list.
 *
 * <p><b>Allowed by default</b> are the value and collection types of the JDK, named one by one:
 * strings, boxed primitives, {@code java.math}, {@code java.time}, {@code UUID}, {@code Locale},
 * {@code Currency}, {@code URI}, dates, the usual lists, sets, maps and queues with their
 * unmodifiable, synchronized, empty, singleton and {@code of} forms, {@code EnumSet} and {@code
 * EnumMap}, atomic numbers, and arrays of all of these. Classes of an application are added by
 * {@link Builder#allow(String)}; records and enums need nothing more. Those of a framework are
 * added by {@link Builder#allow(AllowListPreset...)}. {@code File}, {@code Class}, lambdas, dynamic
 * proxies and the reflective and remote packages of the JDK are refused whatever the application
 * allows. A {@code java.net.URL} is written as its text; the one that is read back is equal to
 * others by its text, without a look-up of the host, and opens connections as usual. The class that
 * an {@code EnumSet} or {@code EnumMap} names as its element type must be allowed itself; apart
 * from the class of an enum, and of what a preset of Faces takes, a {@code Class} within a value is
 * refused too.
 *
 * <p>{@link #encode} refuses what {@link #decode} would, with a message that names the class and
 * the line to add. So a value that cannot come back fails where the application sets it.
 *
 * <p><b>Decoding</b> takes any bytes. A class is checked by its name before it is loaded, so that
 * of a refused class no code runs, not even its static initializer. Classes are found by the
 * context class loader of the thread, then by that of this library. A filter set for the whole JVM
 * ({@code jdk.serialFilter}) applies as well. Memory is bounded in proportion to the bytes, which
 * {@link Builder#maxBytes} bounds in turn. Time is not: whoever can write into the store can nest
 * hash sets so that putting them together again takes a processor for long, within any limit that
 * leaves room for honest values.
 *
 * <p><b>Compact forms</b>, without Java serialization, are used for {@code String}, the boxed
 * primitives and {@code byte[]}: two bytes and the content. Every encoding begins with the codec's
 * id and its version; others are refused.
 *
 * <p>Thread-safe; does not block. The code of allowed classes ({@code writeObject}, {@code
 * readResolve} and so on) runs in the calling thread; {@code readObject} may also run in {@code
 * encode}, and {@code writeObject} in {@code decode}, where that is needed to see what the bytes
 * hold.
 *
 * @since 0.1.0
 */
public final class JavaSerializationCodec implements AttributeCodec {

  private final SerializedForm serialized;
  private final int maxBytes;

  private JavaSerializationCodec(Builder builder) {
    DecodingLimits limits =
        new DecodingLimits(
            builder.maxDepth, builder.maxReferences, builder.maxArrayLength, builder.maxBytes);
    this.serialized =
        new SerializedForm(new AllowList(builder.patterns, builder.classValues), limits);
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

  /** Spares encoding what is too large in any form. */
  private static int leastSize(Object value) {
    if (value instanceof String text) {
      return text.length();
    }
    return value instanceof byte[] bytes ? bytes.length : 0;
  }

  /**
   * Collects what is allowed, and the limits. Not thread-safe; may be used again after {@link
   * #build()}.
   *
   * @since 0.1.0
   */
  public static final class Builder {

    private static final int LARGEST_LIMIT = 1_000_000_000;

    private final List<AllowPattern> patterns = new ArrayList<>();
    private final Set<String> classValues = new HashSet<>();
    private int maxDepth = 64;
    private int maxReferences = 100_000;
    private int maxArrayLength = 4 * 1024 * 1024;
    private int maxBytes = 4 * 1024 * 1024;

    private Builder() {}

    /**
     * Allows classes by name: {@code com.example.Cart} that class (and not its nested ones, which
     * are {@code com.example.Cart$Item}), {@code com.example.*} the classes of that package with
     * their nested ones, {@code com.example.**} those of its sub-packages too.
     *
     * <p>Allow what you wrote. A library on the class path may hold classes that do harm by being
     * decoded, so a pattern that takes in libraries gives that away. Default: none.
     *
     * @throws IllegalArgumentException if the pattern is anything else; if it is wider than one
     *     project ({@code **}, {@code com.**}, {@code org.apache.**}); if it is a pattern for
     *     packages of the JDK, whose classes can be allowed one by one only; or if it names a class
     *     that is never allowed, like {@code java.io.File}
     */
    public Builder allow(String pattern) {
      patterns.add(AllowPattern.parse(pattern));
      return this;
    }

    /**
     * Allows one class. Its subclasses and the classes of its fields are not thereby allowed.
     *
     * @throws IllegalArgumentException if it is an interface, an array, a primitive type or hidden,
     *     which no encoding names, or a class that is never allowed
     */
    public Builder allow(Class<?> type) {
      patterns.add(AllowPattern.of(type));
      return this;
    }

    /**
     * Allows the classes that features of a framework put into sessions. Default: none.
     *
     * <p>Classes that are not on the class path are no error. Nothing is loaded by this call.
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
     * Limits how deep objects may be nested in one another, the outermost being the first level.
     * Each level takes some stack. Default: 64.
     *
     * @throws IllegalArgumentException if it is not 1 to 1,000
     */
    public Builder maxDepth(int levels) {
      maxDepth = require("maxDepth", levels, 1_000);
      return this;
    }

    /**
     * Limits how many objects, and mentions of objects, one attribute may have. Counted as the
     * JDK's filter counts, which does not stop at strings and nulls by themselves. Default:
     * 100,000.
     *
     * @throws IllegalArgumentException if it is not 1 to 1,000,000,000
     */
    public Builder maxReferences(int references) {
      maxReferences = require("maxReferences", references, LARGEST_LIMIT);
      return this;
    }

    /**
     * Limits the elements of an array, and of a collection that is kept in one. Independently of
     * this, all arrays of an attribute together are bounded by its bytes. Default: 4,194,304.
     *
     * @throws IllegalArgumentException if it is not 1 to 1,000,000,000
     */
    public Builder maxArrayLength(int elements) {
      maxArrayLength = require("maxArrayLength", elements, LARGEST_LIMIT);
      return this;
    }

    /**
     * Limits the bytes of one encoded attribute. Whatever it is, a store that keeps all attributes
     * of a session together keeps at most {@link AttributeFrames#MAX_BYTES}. Default: 4 MiB.
     *
     * @throws IllegalArgumentException if it is not 1 to {@link AttributeFrames#MAX_BYTES}
     */
    public Builder maxBytes(int bytes) {
      maxBytes = require("maxBytes", bytes, AttributeFrames.MAX_BYTES);
      return this;
    }

    /** Builds a codec that later calls of this builder do not change. */
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

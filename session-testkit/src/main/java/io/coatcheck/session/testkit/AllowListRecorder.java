package io.coatcheck.session.testkit;

import io.coatcheck.session.codec.AllowListPreset;
import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.codec.AttributeCodecException;
import io.coatcheck.session.codec.JavaSerializationCodec;
import java.util.Collections;
import java.util.Comparator;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A codec for the tests of an application. It encodes values whose classes are missing from the
 * allow-list and records these classes, so that one test run shows every line to add:
 *
 * <pre>{@code
 * static final AllowListRecorder CODEC = AllowListRecorder.of(JavaSerializationCodec.builder());
 * // SessionManager.builder(InMemorySessionStore.builder().copyOnRead(true).build()).codec(CODEC) ...
 *
 * @AfterAll
 * static void allowListIsComplete() {
 *   CODEC.requireComplete();
 * }
 * }</pre>
 *
 * <p>It decodes what it has encoded, and nothing that the allow-list lacked before. Values of
 * classes that can never be allowed are still refused. Read the lines before you copy them: the
 * recorder does not check whether decoding a class is safe.
 *
 * <p><b>Not for production</b>: it allows every class that it is given. Thread-safe.
 *
 * @since 0.1.0
 */
public final class AllowListRecorder implements AttributeCodec {

  private final JavaSerializationCodec.Builder builder;
  private final Set<String> missing = new TreeSet<>();
  private volatile JavaSerializationCodec codec;

  private AllowListRecorder(JavaSerializationCodec.Builder builder) {
    this.builder = builder;
    codec = builder.build();
  }

  /**
   * Creates a recorder of the classes that are missing from an allow-list.
   *
   * @param builder the application's allow-list and limits; the recorder adds to it, so it must not
   *     be used elsewhere afterwards
   */
  public static AllowListRecorder of(JavaSerializationCodec.Builder builder) {
    return new AllowListRecorder(builder);
  }

  /** {@inheritDoc} A class that is only missing from the allow-list is recorded, and allowed. */
  @Override
  public byte[] encode(Object value) {
    while (true) {
      JavaSerializationCodec used = codec;
      try {
        return used.encode(value);
      } catch (AttributeCodecException refusal) {
        allow(refusal.refusedClass().orElseThrow(() -> refusal), used, refusal);
      }
    }
  }

  private synchronized void allow(
      String className, JavaSerializationCodec refusing, AttributeCodecException refusal) {
    if (missing.contains(className)) {
      if (refusing.equals(codec)) {
        // Allowing it again would change nothing.
        throw refusal;
      }
    } else {
      try {
        builder.allow(className);
      } catch (IllegalArgumentException notAllowable) {
        refusal.addSuppressed(notAllowable);
        throw refusal;
      }
      missing.add(className);
      codec = builder.build();
    }
  }

  @Override
  public Object decode(byte[] bytes) {
    return codec.decode(bytes);
  }

  @Override
  public boolean isImmutable(Object value) {
    return codec.isImmutable(value);
  }

  /** Returns the names of the missing classes so far, in ascending order; a copy. */
  public synchronized Set<String> missing() {
    return Collections.unmodifiableSet(new TreeSet<>(missing));
  }

  /**
   * Returns the lines to add to the codec's builder; empty if nothing is missing. Classes that are
   * in an {@link AllowListPreset} take one line for the preset, and each other class its own. Of
   * overlapping presets, the one with most of the missing classes is named, and of those the
   * smallest.
   */
  public synchronized String lines() {
    return linesFor(missing);
  }

  static String linesFor(Set<String> classNames) {
    StringBuilder lines = new StringBuilder();
    Set<String> left = new TreeSet<>(classNames);
    for (AllowListPreset preset = best(left); preset != null; preset = best(left)) {
      lines.append(".allow(AllowListPreset.").append(preset.name()).append(")\n");
      left.removeAll(preset.classNames());
    }
    left.forEach(name -> lines.append(".allow(\"").append(name).append("\")\n"));
    return lines.toString();
  }

  private static @Nullable AllowListPreset best(Set<String> classNames) {
    return Stream.of(AllowListPreset.values())
        .filter(preset -> ofFramework(preset, classNames).findAny().isPresent())
        .max(
            Comparator.<AllowListPreset>comparingLong(preset -> count(preset, classNames))
                .thenComparing(preset -> -preset.classNames().size()))
        .orElse(null);
  }

  /** Returns the classes that indicate a framework, which JDK classes do not. */
  private static Stream<String> ofFramework(AllowListPreset preset, Set<String> classNames) {
    return classNames.stream()
        .filter(preset.classNames()::contains)
        .filter(name -> !name.startsWith("java."));
  }

  private static long count(AllowListPreset preset, Set<String> classNames) {
    return classNames.stream().filter(preset.classNames()::contains).count();
  }

  /**
   * Checks that the allow-list has all classes of the values that were encoded.
   *
   * @throws AssertionError if any is missing; the message has the lines to add
   */
  public void requireComplete() {
    Set<String> names = missing();
    if (!names.isEmpty()) {
      throw new AssertionError(
          "the allow-list lacks "
              + names.size()
              + (names.size() == 1 ? " class" : " classes")
              + ". After reading them, add to JavaSerializationCodec.builder():\n"
              + lines());
    }
  }
}

package io.coatcheck.session.codec;

import static io.coatcheck.session.codec.Streams.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ObjectStreamClass;
import java.io.Serializable;
import java.time.DayOfWeek;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("attack 18: a class within a value")
class ClassValuesTest {

  private final AttributeCodec codec =
      JavaSerializationCodec.builder().allow("io.coatcheck.session.codec.**").build();

  record Pair(Object first, Object second) implements Serializable {}

  /** A number, the last byte of which looks like the mark of a class, before a reference. */
  record Lookalike(int number, Object first, Object second) implements Serializable {}

  private static List<Object> list(Object... values) {
    return new ArrayList<>(Arrays.asList(values));
  }

  private static Map<Object, Object> map(Object key, Object value) {
    Map<Object, Object> map = new HashMap<>();
    map.put(key, value);
    return map;
  }

  static Stream<Object> classes() {
    return Stream.of(
        list(String.class),
        list(Integer.class),
        list(1, Integer.class),
        list(Integer.class, 1),
        list("a", Instant.EPOCH, 1, list(Integer.class)),
        list((Object) ArrayList.class),
        list(String[].class),
        map("a", String.class),
        map(String.class, "a"),
        map(1, Number.class),
        new Pair("a", String.class),
        new Pair(1, Integer.class),
        new Pair(Pair.class, 1),
        list((Object) new Object[] {1, Integer.class}),
        list(DayOfWeek.MONDAY, Instant.class),
        list(ObjectStreamClass.lookup(String.class)),
        list(1, ObjectStreamClass.lookup(Instant.class)),
        new Pair("a", ObjectStreamClass.lookup(Integer.class)));
  }

  @ParameterizedTest
  @MethodSource("classes")
  @DisplayName("attack 18: is not stored, whatever the application allows")
  void encode_isRefused(Object value) {
    assertThatThrownBy(() -> codec.encode(value))
        .isInstanceOf(AttributeCodecException.class)
        .hasMessageContaining("cannot be stored as a value");
  }

  @ParameterizedTest
  @MethodSource("classes")
  @DisplayName("attack 18: is not decoded")
  void decode_isRefused(Object value) {
    assertRefused(codec, Streams.ofAnything(value), "cannot be stored as a value");
  }

  @Test
  @DisplayName("an EnumSet and an EnumMap, which name their element type, still work")
  void enums_areStored() {
    Map<TimeUnit, String> map = new EnumMap<>(TimeUnit.class);
    map.put(TimeUnit.DAYS, "d");
    for (Object value :
        List.of(
            EnumSet.of(TimeUnit.DAYS),
            EnumSet.noneOf(TimeUnit.class),
            map,
            list(TimeUnit.DAYS, EnumSet.allOf(TimeUnit.class), map))) {
      assertThat(codec.decode(codec.encode(value))).isEqualTo(value);
    }
  }

  @Test
  @DisplayName("a preset of Faces accepts the classes of JDK collections, and no others")
  void presetOfFaces_takesClassesOfCollections() {
    JavaSerializationCodec faces =
        JavaSerializationCodec.builder()
            .allow(AllowListPreset.FACES_MOJARRA)
            .allow("io.coatcheck.session.codec.**")
            .build();
    for (Object value :
        List.of(
            list((Object) ArrayList.class),
            list(new HashMap<>(), HashMap.class, HashMap.class),
            new Pair(1, HashMap.class))) {
      assertThat(faces.decode(faces.encode(value))).isEqualTo(value);
    }
    for (Object value :
        List.of(
            list(String.class),
            list("a", Pair.class),
            new Pair("a", Pair.class),
            list(ArrayList.class, ObjectStreamClass.lookup(Pair.class)))) {
      assertThatThrownBy(() -> faces.encode(value))
          .isInstanceOf(AttributeCodecException.class)
          .hasMessageContaining("cannot be stored as a value");
      assertRefused(faces, Streams.ofAnything(value), "cannot be stored as a value");
    }
    assertThatThrownBy(() -> faces.encode(ArrayList.class))
        .isInstanceOf(AttributeCodecException.class);
  }

  @ParameterizedTest
  @ValueSource(ints = {0x76, 0x7671, 0x72, 0x76727672, 0x71007E, 0x76})
  @DisplayName("a number that looks like the mark of a class is a number")
  void lookalikes_areStored(int number) {
    List<String> shared = new ArrayList<>(List.of("a"));
    for (Object value :
        List.of(
            new Lookalike(number, shared, shared),
            list(new Lookalike(number, 1, 1), new Lookalike(number, 1, 1)),
            new Lookalike(number, new Lookalike(number, shared, shared), shared))) {
      assertThat(codec.decode(codec.encode(value))).isEqualTo(value);
    }
  }
}

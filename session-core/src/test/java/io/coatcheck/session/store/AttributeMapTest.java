package io.coatcheck.session.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.codec.JavaSerializationCodec;
import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class AttributeMapTest {

  private static final AttributeCodec CODEC = JavaSerializationCodec.builder().build();
  private static final AttributeCodec OTHER_CODEC = JavaSerializationCodec.builder().build();

  /** What the values of a map are. */
  enum Kind {
    ENCODED {
      @Override
      AttributeValue value(int number) {
        return AttributeValue.encoded(new byte[] {(byte) number});
      }
    },
    LIVE {
      @Override
      AttributeValue value(int number) {
        return AttributeValue.live("live " + number, CODEC);
      }
    },
    LIVE_OF_TWO_CODECS {
      @Override
      AttributeValue value(int number) {
        return AttributeValue.live("live " + number, number % 2 == 0 ? CODEC : OTHER_CODEC);
      }
    },
    MIXED {
      @Override
      AttributeValue value(int number) {
        return (number % 2 == 0 ? ENCODED : LIVE).value(number);
      }
    };

    abstract AttributeValue value(int number);

    Map<String, AttributeValue> map(int number) {
      Map<String, AttributeValue> map = new HashMap<>();
      for (int i = 0; i < number; i++) {
        map.put("name " + i, value(i));
      }
      return map;
    }
  }

  static Stream<Arguments> maps() {
    return IntStream.of(0, 1, 2, 3, 7, 8, 9, 100)
        .boxed()
        .flatMap(number -> Arrays.stream(Kind.values()).map(kind -> arguments(number, kind)));
  }

  @ParameterizedTest
  @MethodSource("maps")
  void copyOf_anyNumber_isTheSameMap(int number, Kind kind) {
    Map<String, AttributeValue> source = kind.map(number);
    Map<String, AttributeValue> copy = AttributeMap.copyOf(source);
    assertThat(copy).isEqualTo(source).hasSameHashCodeAs(source).hasSize(number);
    assertThat(source).isEqualTo(copy);
    assertThat(copy.keySet()).isEqualTo(source.keySet());
    assertThat(new HashMap<>(copy)).isEqualTo(source);
    source.forEach(
        (name, value) -> {
          String equalName = String.copyValueOf(name.toCharArray());
          assertThat(copy.get(equalName)).matches(value::isSameAs);
          assertThat(AttributeMap.get(AttributeMap.contentOf(copy), equalName))
              .matches(value::isSameAs);
          assertThat(copy.containsKey(name)).isTrue();
        });
    assertThat(copy.get("absent")).isNull();
    assertThat(AttributeMap.get(AttributeMap.contentOf(copy), "absent")).isNull();
    assertThat(AttributeMap.of(AttributeMap.contentOf(copy))).isEqualTo(source);
    assertThat(copy.containsKey("absent")).isFalse();
    assertThat(AttributeMap.copyOf(copy)).isSameAs(copy);
  }

  @ParameterizedTest
  @MethodSource("maps")
  void copyOf_few_isInTheOrderOfTheMap(int number, Kind kind) {
    Map<String, AttributeValue> source = new LinkedHashMap<>();
    IntStream.range(0, Math.min(number, 8))
        .forEach(i -> source.put("name " + (100 - i), kind.value(i)));
    assertThat(List.copyOf(AttributeMap.copyOf(source).keySet()))
        .isEqualTo(List.copyOf(source.keySet()));
  }

  /** A map that another thread changes meanwhile, and that first shows something else. */
  private static final class Changing extends AbstractMap<String, AttributeValue> {
    private final List<Map.Entry<String, AttributeValue>> first;
    private final List<Map.Entry<String, AttributeValue>> later;
    private boolean hasChanged;

    Changing(
        List<Map.Entry<String, AttributeValue>> first,
        List<Map.Entry<String, AttributeValue>> later) {
      this.first = first;
      this.later = later;
    }

    @Override
    public int size() {
      return 2;
    }

    @Override
    public Set<Map.Entry<String, AttributeValue>> entrySet() {
      List<Map.Entry<String, AttributeValue>> shown = hasChanged ? later : first;
      hasChanged = true;
      return new AbstractSet<>() {
        @Override
        public Iterator<Map.Entry<String, AttributeValue>> iterator() {
          return shown.iterator();
        }

        @Override
        public int size() {
          return shown.size();
        }
      };
    }
  }

  @Test
  void copyOf_ofAMapThatChangesMeanwhile_hasEachNameOnceAndNothingElse() {
    Map.Entry<String, AttributeValue> one = Map.entry("one", Kind.LIVE.value(1));
    Map.Entry<String, AttributeValue> two = Map.entry("two", Kind.LIVE.value(2));
    Map.Entry<String, AttributeValue> three = Map.entry("three", Kind.LIVE.value(3));
    assertThat(AttributeMap.copyOf(new Changing(List.of(one, one), List.of(one, two))))
        .containsOnlyKeys("one", "two");
    assertThat(AttributeMap.copyOf(new Changing(List.of(one), List.of(one, two))))
        .containsOnlyKeys("one", "two");
    assertThat(AttributeMap.copyOf(new Changing(List.of(one, two, three), List.of(one, three))))
        .containsOnlyKeys("one", "three");
  }

  /** If it broke, each attribute in memory would take 24 bytes more. */
  @Test
  void contentOf_liveValuesOfOneCodec_areTheObjectsWithTheCodecOnce() {
    Map<String, AttributeValue> map = AttributeMap.copyOf(Kind.LIVE.map(1));
    assertThat((Object[]) AttributeMap.contentOf(map)).containsExactly("name 0", "live 0", CODEC);

    Map<String, AttributeValue> two = AttributeMap.with(map, "more", Kind.LIVE.value(1));
    assertThat((Object[]) AttributeMap.contentOf(two))
        .containsExactly("name 0", "live 0", "more", "live 1", CODEC);
    assertThat((Object[]) AttributeMap.contentOf(AttributeMap.with(two, "more", live("set"))))
        .containsExactly("name 0", "live 0", "more", "set", CODEC);
    assertThat((Object[]) AttributeMap.contentOf(AttributeMap.without(two, "name 0")))
        .containsExactly("more", "live 1", CODEC);
    assertThat((Object[]) AttributeMap.contentOf(AttributeMap.with(Map.of(), "one", live("set"))))
        .containsExactly("one", "set", CODEC);
  }

  private static AttributeValue live(String value) {
    return AttributeValue.live(value, CODEC);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 8, 9})
  void copyOf_isIndependentAndImmutable(int number) {
    Map<String, AttributeValue> source = source(number);
    Map<String, AttributeValue> copy = AttributeMap.copyOf(source);
    source.clear();
    assertThat(copy).hasSize(number);
    Iterator<String> names = copy.keySet().iterator();
    names.next();
    for (Runnable change :
        Arrays.<Runnable>asList(
            () -> copy.put("more", value(1)),
            () -> copy.remove("name 0"),
            copy::clear,
            names::remove,
            () -> copy.entrySet().iterator().next().setValue(value(2)))) {
      assertThatExceptionOfType(UnsupportedOperationException.class).isThrownBy(change::run);
    }
    assertThat(copy).hasSize(number);
  }

  @ParameterizedTest
  @MethodSource("maps")
  void with_oneMoreOrAnotherValue_isACopyWithIt(int number, Kind kind) {
    for (Kind added : Kind.values()) {
      Map<String, AttributeValue> source = kind.map(number);
      Map<String, AttributeValue> before = AttributeMap.copyOf(source);

      Map<String, AttributeValue> more = AttributeMap.with(before, "more", added.value(7));
      assertThat(before).as("the map that was given").isEqualTo(source);
      source.put("more", added.value(7));
      assertThat(more).isEqualTo(source);
      assertThat(AttributeMap.copyOf(more)).as("an immutable map").isSameAs(more);

      Map<String, AttributeValue> changed = AttributeMap.with(more, "more", added.value(8));
      assertThat(more).containsEntry("more", added.value(7));
      source.put("more", added.value(8));
      assertThat(changed).isEqualTo(source);
      changed.forEach(
          (name, value) -> assertThat(value.liveCodec()).isEqualTo(source.get(name).liveCodec()));
    }
  }

  @ParameterizedTest
  @MethodSource("maps")
  void without_oneThatIsThere_isACopyWithoutIt(int number, Kind kind) {
    Map<String, AttributeValue> source = kind.map(number);
    Map<String, AttributeValue> before = AttributeMap.copyOf(source);

    Map<String, AttributeValue> left = AttributeMap.without(before, "name 0");
    assertThat(before).isEqualTo(source);
    source.remove("name 0");
    assertThat(left).isEqualTo(source);
    assertThat(AttributeMap.without(left, "name 0")).isSameAs(left);
  }

  @Test
  @SuppressWarnings("NullAway") // The nulls are the point.
  void with_null_throws() {
    Map<String, AttributeValue> map = AttributeMap.copyOf(source(2));
    for (Runnable change :
        Arrays.<Runnable>asList(
            () -> AttributeMap.with(map, null, value(1)),
            () -> AttributeMap.with(map, "name 0", null),
            () -> AttributeMap.with(Map.of(), "name", null),
            () -> AttributeMap.without(map, null))) {
      assertThatExceptionOfType(NullPointerException.class).isThrownBy(change::run);
    }
  }

  @Test
  void iterator_pastTheEnd_throws() {
    Iterator<Map.Entry<String, AttributeValue>> attributes =
        AttributeMap.copyOf(source(1)).entrySet().iterator();
    attributes.next();
    assertThat(attributes.hasNext()).isFalse();
    assertThatExceptionOfType(NoSuchElementException.class).isThrownBy(attributes::next);
  }

  @Test
  void copyOf_null_throws() {
    Map<String, AttributeValue> source = new HashMap<>();
    source.put("name", null);
    assertThatExceptionOfType(NullPointerException.class)
        .isThrownBy(() -> AttributeMap.copyOf(source));
  }

  private static Map<String, AttributeValue> source(int number) {
    return Kind.ENCODED.map(number);
  }

  private static AttributeValue value(int number) {
    return Kind.ENCODED.value(number);
  }
}

package io.coatcheck.session.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.coatcheck.session.codec.AttributeValue;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.NoSuchElementException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AttributeMapTest {

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 7, 8, 9, 100})
  void copyOf_anyNumber_isTheSameMap(int number) {
    Map<String, AttributeValue> source = source(number);
    Map<String, AttributeValue> copy = AttributeMap.copyOf(source);
    assertThat(copy).isEqualTo(source).hasSameHashCodeAs(source).hasSize(number);
    assertThat(source).isEqualTo(copy);
    assertThat(copy.keySet()).isEqualTo(source.keySet());
    assertThat(new HashMap<>(copy)).isEqualTo(source);
    source.forEach(
        (name, value) -> {
          assertThat(copy.get(String.copyValueOf(name.toCharArray()))).isSameAs(value);
          assertThat(copy.containsKey(name)).isTrue();
        });
    assertThat(copy.get("absent")).isNull();
    assertThat(copy.containsKey("absent")).isFalse();
    assertThat(AttributeMap.copyOf(copy)).isSameAs(copy);
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
  @ValueSource(ints = {0, 1, 2, 7, 8, 9, 100})
  void with_oneMoreOrAnotherValue_isACopyWithIt(int number) {
    Map<String, AttributeValue> source = source(number);
    Map<String, AttributeValue> before = AttributeMap.copyOf(source);

    Map<String, AttributeValue> more = AttributeMap.with(before, "more", value(7));
    assertThat(before).as("the map that was given").isEqualTo(source);
    source.put("more", value(7));
    assertThat(more).isEqualTo(source);
    assertThat(AttributeMap.copyOf(more)).as("an immutable map").isSameAs(more);

    Map<String, AttributeValue> changed = AttributeMap.with(more, "more", value(8));
    assertThat(more).containsEntry("more", value(7));
    source.put("more", value(8));
    assertThat(changed).isEqualTo(source);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 8, 9, 10, 100})
  void without_oneThatIsThere_isACopyWithoutIt(int number) {
    Map<String, AttributeValue> source = source(number);
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
    Map<String, AttributeValue> source = new HashMap<>();
    for (int i = 0; i < number; i++) {
      source.put("name " + i, value(i));
    }
    return source;
  }

  private static AttributeValue value(int number) {
    return AttributeValue.encoded(new byte[] {(byte) number});
  }
}

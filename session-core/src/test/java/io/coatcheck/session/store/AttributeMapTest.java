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

package io.coatcheck.session.store;

import io.coatcheck.session.codec.AttributeValue;
import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A few attributes in one array, name and value by turns. Most sessions have a handful, for which a
 * hash table is larger and no faster. Immutable, in the order of the map it was made from.
 */
final class AttributeMap extends AbstractMap<String, AttributeValue> {

  /** With more names than this, looking at each of them is slower than a hash table. */
  private static final int MOST = 8;

  private final Object[] namesAndValues;

  private AttributeMap(Object[] namesAndValues) {
    this.namesAndValues = namesAndValues;
  }

  /** Returns what is in a map that {@link #copyOf} returned, to be kept without the map. */
  static Object contentOf(Map<String, AttributeValue> map) {
    return map instanceof AttributeMap few ? few.namesAndValues : map;
  }

  /** Returns the map of what {@link #contentOf} returned. */
  @SuppressWarnings("unchecked")
  static Map<String, AttributeValue> of(Object content) {
    return content instanceof Object[] namesAndValues
        ? new AttributeMap(namesAndValues)
        : (Map<String, AttributeValue>) content;
  }

  /** Copies a map into an immutable one. */
  static Map<String, AttributeValue> copyOf(Map<String, AttributeValue> map) {
    if (map instanceof AttributeMap) {
      return map;
    }
    // The copy of the JDK also refuses null, and does not change between here and there.
    Map<String, AttributeValue> copy = Map.copyOf(map);
    if (copy.isEmpty() || copy.size() > MOST) {
      return copy;
    }
    Object[] namesAndValues = new Object[2 * copy.size()];
    int position = 0;
    for (Map.Entry<String, AttributeValue> attribute : copy.entrySet()) {
      namesAndValues[position++] = attribute.getKey();
      namesAndValues[position++] = attribute.getValue();
    }
    return new AttributeMap(namesAndValues);
  }

  /** Returns an immutable copy of a map that {@link #copyOf} returned, with one attribute set. */
  static Map<String, AttributeValue> with(
      Map<String, AttributeValue> map, String name, AttributeValue value) {
    Objects.requireNonNull(name, "name must not be null");
    Objects.requireNonNull(value, "value must not be null");
    if (map.isEmpty()) {
      return new AttributeMap(new Object[] {name, value});
    }
    if (map instanceof AttributeMap few) {
      int length = few.namesAndValues.length;
      int position = few.position(name);
      if (position >= 0) {
        Object[] changed = few.namesAndValues.clone();
        changed[position + 1] = value;
        return new AttributeMap(changed);
      }
      if (length < 2 * MOST) {
        Object[] more = Arrays.copyOf(few.namesAndValues, length + 2);
        more[length] = name;
        more[length + 1] = value;
        return new AttributeMap(more);
      }
    }
    Map<String, AttributeValue> changed = new HashMap<>(map);
    changed.put(name, value);
    return copyOf(changed);
  }

  /** Returns a map that {@link #copyOf} returned without one attribute; itself if it has none. */
  static Map<String, AttributeValue> without(Map<String, AttributeValue> map, String name) {
    Objects.requireNonNull(name, "name must not be null");
    if (!map.containsKey(name)) {
      return map;
    }
    Map<String, AttributeValue> left = new HashMap<>(map);
    left.remove(name);
    return copyOf(left);
  }

  @Override
  public int size() {
    return namesAndValues.length / 2;
  }

  @Override
  public @Nullable AttributeValue get(@Nullable Object name) {
    int position = position(name);
    return position < 0 ? null : (AttributeValue) namesAndValues[position + 1];
  }

  /** Returns the position of a name; negative if it is absent. */
  private int position(@Nullable Object name) {
    for (int i = 0; i < namesAndValues.length; i += 2) {
      if (namesAndValues[i].equals(name)) {
        return i;
      }
    }
    return -1;
  }

  @Override
  public boolean containsKey(@Nullable Object name) {
    return get(name) != null;
  }

  @Override
  public Set<Map.Entry<String, AttributeValue>> entrySet() {
    return new AbstractSet<>() {
      @Override
      public int size() {
        return AttributeMap.this.size();
      }

      @Override
      public Iterator<Map.Entry<String, AttributeValue>> iterator() {
        return new Attributes();
      }
    };
  }

  private final class Attributes implements Iterator<Map.Entry<String, AttributeValue>> {
    private int position;

    @Override
    public boolean hasNext() {
      return position < namesAndValues.length;
    }

    @Override
    public Map.Entry<String, AttributeValue> next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      position += 2;
      return Map.entry(
          (String) namesAndValues[position - 2], (AttributeValue) namesAndValues[position - 1]);
    }
  }
}

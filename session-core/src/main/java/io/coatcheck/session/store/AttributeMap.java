package io.coatcheck.session.store;

import io.coatcheck.session.codec.AttributeCodec;
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
 * A few attributes in one array, with names and values alternating. Most sessions have a handful,
 * for which a hash table is larger and no faster. Immutable, in the order of the map it was made
 * from.
 *
 * <p>Live values that have the same codec, as all have in one process, are in the array without
 * their {@link AttributeValue}, which would take 24 bytes each: then the codec is the last element,
 * and the length is odd.
 */
final class AttributeMap extends AbstractMap<String, AttributeValue> {

  /** With more names than this, looking at each of them is slower than a hash table. */
  private static final int MAX_ATTRIBUTES = 8;

  private final Object[] content;

  private AttributeMap(Object[] content) {
    this.content = content;
  }

  /** Returns what is in a map that {@link #copyOf} returned, to be kept without the map. */
  static Object contentOf(Map<String, AttributeValue> map) {
    return map instanceof AttributeMap few ? few.content : map;
  }

  /** Returns the map of what {@link #contentOf} returned. */
  @SuppressWarnings("unchecked")
  static Map<String, AttributeValue> of(Object content) {
    return content instanceof Object[] few
        ? new AttributeMap(few)
        : (Map<String, AttributeValue>) content;
  }

  /** Returns one value in what {@link #contentOf} returned; null if it is absent. */
  @SuppressWarnings("unchecked")
  static @Nullable AttributeValue get(Object content, String name) {
    return content instanceof Object[] few
        ? valueIn(few, position(few, name))
        : ((Map<String, AttributeValue>) content).get(name);
  }

  /** Copies a map into an immutable one. */
  static Map<String, AttributeValue> copyOf(Map<String, AttributeValue> map) {
    if (map instanceof AttributeMap) {
      return map;
    }
    int size = map.size();
    AttributeMap few = size == 0 || size > MAX_ATTRIBUTES ? null : few(map, size);
    return few == null ? Map.copyOf(map) : few;
  }

  /** Copies a few attributes at once; returns null if the map changes meanwhile. */
  private static @Nullable AttributeMap few(Map<String, AttributeValue> map, int size) {
    Object[] content = new Object[2 * size];
    int position = 0;
    for (Map.Entry<String, AttributeValue> attribute : map.entrySet()) {
      String name = Objects.requireNonNull(attribute.getKey(), "name must not be null");
      // A map that changes may show a name twice.
      if (position == content.length || position(content, position, name) >= 0) {
        return null;
      }
      content[position++] = name;
      content[position++] = Objects.requireNonNull(attribute.getValue(), "value must not be null");
    }
    return position == content.length ? new AttributeMap(compact(content)) : null;
  }

  /** Returns names and values with the codec of all values, if they are live and have the same. */
  private static Object[] compact(Object[] content) {
    AttributeCodec common = ((AttributeValue) content[1]).liveCodec();
    if (common == null) {
      return content;
    }
    Object[] compact = Arrays.copyOf(content, content.length + 1);
    for (int i = 1; i < content.length; i += 2) {
      AttributeValue value = (AttributeValue) content[i];
      if (value.liveCodec() != common) {
        return content;
      }
      compact[i] = element(value, common);
    }
    compact[content.length] = common;
    return compact;
  }

  /** Returns a value as it is in an array of this codec. */
  private static Object element(AttributeValue value, @Nullable AttributeCodec codec) {
    return codec == null ? value : value.object(codec);
  }

  /** Returns an immutable copy of a map that {@link #copyOf} returned, with one attribute set. */
  static Map<String, AttributeValue> with(
      Map<String, AttributeValue> map, String name, AttributeValue value) {
    Objects.requireNonNull(name, "name must not be null");
    Objects.requireNonNull(value, "value must not be null");
    if (map.isEmpty()) {
      AttributeCodec codec = value.liveCodec();
      return new AttributeMap(
          codec == null
              ? new Object[] {name, value}
              : new Object[] {name, value.object(codec), codec});
    }
    if (map instanceof AttributeMap few && codecOf(few.content) == value.liveCodec()) {
      Object[] changed = with(few.content, name, element(value, value.liveCodec()));
      if (changed != null) {
        return new AttributeMap(changed);
      }
    }
    Map<String, AttributeValue> changed = new HashMap<>(map);
    changed.put(name, value);
    return copyOf(changed);
  }

  /** Returns null if there would be too many. */
  private static Object @Nullable [] with(Object[] content, String name, Object element) {
    int position = position(content, name);
    if (position >= 0) {
      Object[] changed = content.clone();
      changed[position + 1] = element;
      return changed;
    }
    int end = content.length & ~1;
    if (end == 2 * MAX_ATTRIBUTES) {
      return null;
    }
    Object[] more = Arrays.copyOf(content, content.length + 2);
    more[end] = name;
    more[end + 1] = element;
    if (end < content.length) {
      more[end + 2] = content[end];
    }
    return more;
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

  /** Returns the codec of all values, if they are live; null otherwise. */
  private static @Nullable AttributeCodec codecOf(Object[] content) {
    return (content.length & 1) == 0 ? null : (AttributeCodec) content[content.length - 1];
  }

  private static @Nullable AttributeValue valueIn(Object[] content, int position) {
    if (position < 0) {
      return null;
    }
    AttributeCodec codec = codecOf(content);
    Object element = content[position + 1];
    return codec == null ? (AttributeValue) element : AttributeValue.live(element, codec);
  }

  /** Returns the position of a name; negative if it is absent. */
  private static int position(Object[] content, @Nullable Object name) {
    return position(content, content.length, name);
  }

  private static int position(Object[] content, int end, @Nullable Object name) {
    for (int i = 0; i + 1 < end; i += 2) {
      if (content[i].equals(name)) {
        return i;
      }
    }
    return -1;
  }

  @Override
  public int size() {
    return content.length / 2;
  }

  @Override
  public @Nullable AttributeValue get(@Nullable Object name) {
    return valueIn(content, position(content, name));
  }

  @Override
  public boolean containsKey(@Nullable Object name) {
    return position(content, name) >= 0;
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
      return position + 1 < content.length;
    }

    @Override
    public Map.Entry<String, AttributeValue> next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      position += 2;
      return Map.entry(
          (String) content[position - 2], Objects.requireNonNull(valueIn(content, position - 2)));
    }
  }
}

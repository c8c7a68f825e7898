package io.coatcheck.session;

import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.codec.AttributeCodecException;
import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.store.StoredSession;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What a request reads and changes of a session's attributes, by name, against the snapshot that it
 * started from. Guarded by the {@link Session} that owns it. The maps are made when first needed:
 * most requests read one attribute and change none.
 */
final class AttributeChanges {

  private final Engine engine;

  /** What was set or removed and is not saved yet. */
  private volatile Map<String, Change> pending = Map.of();

  /** Mutable values that came from bytes, to see at save whether they were changed in place. */
  private volatile Map<String, Object> decoded = Map.of();

  /** The names whose bytes could not be decoded, so that each is told once. */
  private Set<String> undecodable = Set.of();

  AttributeChanges(Engine engine) {
    this.engine = engine;
  }

  /**
   * A change of one attribute. Not a record: setting an equal value again is another change, whose
   * object is the one to watch from then on.
   */
  static final class Change {

    private final @Nullable Object value;
    private final @Nullable AttributeValue whenSet;

    /**
     * Makes a change.
     *
     * @param value what it was set to; null if it was removed
     * @param whenSet the value as it was when set; null if it was removed
     */
    Change(@Nullable Object value, @Nullable AttributeValue whenSet) {
      this.value = value;
      this.whenSet = whenSet;
    }

    @Nullable Object value() {
      return value;
    }

    @Nullable AttributeValue whenSet() {
      return whenSet;
    }
  }

  /**
   * Changes that are about to be saved.
   *
   * @param values the new value by name, empty for a removal
   * @param source the changes that they come from, so that what is changed again meanwhile stays
   */
  record Delta(Map<String, Optional<AttributeValue>> values, Map<String, Change> source) {

    static final Delta NONE = new Delta(Map.of(), Map.of());

    boolean isEmpty() {
      return values.isEmpty();
    }

    Map<String, AttributeValue> applyTo(Map<String, AttributeValue> attributes) {
      if (values.isEmpty()) {
        return attributes;
      }
      Map<String, AttributeValue> changed = new HashMap<>(attributes);
      values.forEach(
          (name, value) ->
              value.ifPresentOrElse(set -> changed.put(name, set), () -> changed.remove(name)));
      return changed;
    }
  }

  @Nullable Object get(StoredSession snapshot, String name) {
    Change change = pending.get(name);
    if (change != null) {
      return change.value();
    }
    AttributeValue stored = snapshot.attributes().get(name);
    if (stored == null || undecodable.contains(name)) {
      return null;
    }
    Object known = decoded.get(name);
    return known != null ? known : decode(snapshot, name, stored);
  }

  private @Nullable Object decode(StoredSession snapshot, String name, AttributeValue stored) {
    AttributeCodec codec = engine.codec();
    Object value;
    try {
      value = stored.object(codec);
    } catch (AttributeCodecException e) {
      undecodable = undecodable.isEmpty() ? new HashSet<>() : undecodable;
      undecodable.add(name);
      engine.events().undecodable(snapshot, name, e);
      return null;
    }
    if (!stored.isLive() && !codec.isImmutable(value)) {
      rememberDecoded(name, value);
    }
    return value;
  }

  private void rememberDecoded(String name, Object value) {
    decoded = decoded.isEmpty() ? new HashMap<>() : decoded;
    decoded.put(name, value);
  }

  Set<String> names(StoredSession snapshot) {
    Set<String> names = new TreeSet<>(snapshot.attributes().keySet());
    pending.forEach(
        (name, change) -> {
          if (change.value() == null) {
            names.remove(name);
          } else {
            names.add(name);
          }
        });
    return names;
  }

  void set(StoredSession snapshot, String name, Object value) {
    AttributeValue whenSet = engine.attributeValue(name, value);
    int others = 0;
    long otherBytes = 0;
    for (String other : names(snapshot)) {
      if (!other.equals(name)) {
        Change change = pending.get(other);
        AttributeValue known = change == null ? snapshot.attributes().get(other) : change.whenSet();
        others++;
        otherBytes += known == null ? 0 : AttributeLimits.size(known);
      }
    }
    engine.limits().check(name, whenSet, others, otherBytes);
    record(name, new Change(value, whenSet));
  }

  void remove(String name) {
    record(name, new Change(null, null));
  }

  private void record(String name, Change change) {
    pending = pending.isEmpty() ? new HashMap<>() : pending;
    pending.put(name, change);
    if (!decoded.isEmpty()) {
      decoded.remove(name);
    }
  }

  /** Forgets everything, as for a login that carries nothing over. */
  void clear() {
    pending = Map.of();
    decoded = Map.of();
    undecodable = Set.of();
  }

  /**
   * Tells whether there may be anything to collect. Needs no lock: a change that happened before
   * this call is seen.
   */
  boolean mayHaveChanges() {
    return !pending.isEmpty() || !decoded.isEmpty();
  }

  /**
   * Collects what there is to save. A value that can no longer be encoded keeps the bytes that it
   * had, and the listeners are told.
   */
  Delta collect(StoredSession snapshot) {
    if (pending.isEmpty() && decoded.isEmpty()) {
      return Delta.NONE;
    }
    Map<String, Optional<AttributeValue>> values = new HashMap<>();
    pending.forEach(
        (name, change) -> {
          if (change.value() != null) {
            values.put(name, Optional.of(current(snapshot, name, change)));
          } else if (snapshot.attributes().containsKey(name)) {
            values.put(name, Optional.empty());
          }
        });
    decoded.forEach(
        (name, value) ->
            changedInPlace(snapshot, name, value)
                .ifPresent(bytes -> values.put(name, Optional.of(AttributeValue.encoded(bytes)))));
    return new Delta(values, Map.copyOf(pending));
  }

  /** Returns a value that was set as it is now: it may have been changed since. */
  private AttributeValue current(StoredSession snapshot, String name, Change change) {
    AttributeValue whenSet = Objects.requireNonNull(change.whenSet());
    Object value = Objects.requireNonNull(change.value());
    if (whenSet.isLive() || engine.codec().isImmutable(value)) {
      return whenSet;
    }
    try {
      return AttributeValue.encoded(engine.codec().encode(value));
    } catch (AttributeCodecException e) {
      engine.events().unencodable(snapshot, name, e);
      return whenSet;
    }
  }

  /**
   * Returns the new bytes of a value that was changed in place. Serialization is not canonical:
   * equal maps may be written in another order by another process. So bytes that differ are
   * compared with what the stored bytes give when they are decoded and encoded here.
   */
  private Optional<byte[]> changedInPlace(StoredSession snapshot, String name, Object value) {
    AttributeValue stored = snapshot.attributes().get(name);
    if (stored == null) {
      return Optional.empty();
    }
    AttributeCodec codec = engine.codec();
    try {
      byte[] now = codec.encode(value);
      byte[] before = stored.bytes();
      boolean clean =
          Arrays.equals(now, before) || Arrays.equals(now, codec.encode(codec.decode(before)));
      return clean ? Optional.empty() : Optional.of(now);
    } catch (AttributeCodecException e) {
      engine.events().unencodable(snapshot, name, e);
      return Optional.empty();
    }
  }

  /**
   * Takes note that a delta is saved: the session is now {@code after}. What was changed again
   * meanwhile stays to be saved; an object that the application holds goes on being watched.
   */
  void saved(Delta delta, StoredSession before, StoredSession after) {
    decoded
        .keySet()
        .removeIf(
            name ->
                !delta.values().containsKey(name)
                    && !Objects.equals(
                        before.attributes().get(name), after.attributes().get(name)));
    delta
        .source()
        .forEach(
            (name, change) -> {
              if (pending.get(name) == change) {
                pending.remove(name);
                AttributeValue stored = after.attributes().get(name);
                Object value = change.value();
                if (value != null
                    && stored != null
                    && !stored.isLive()
                    && !engine.codec().isImmutable(value)) {
                  rememberDecoded(name, value);
                }
              }
            });
  }
}

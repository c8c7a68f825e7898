package io.coatcheck.session;

import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.codec.AttributeCodecException;
import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.store.StoredSession;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The attributes that a request reads and changes, by name, relative to the snapshot that it
 * started from. Guarded by the lock of the owning {@link Session}; values are encoded and decoded,
 * and listeners notified, without that lock. The maps are created when first needed: most requests
 * read one attribute and change none.
 */
final class AttributeChanges {

  // A volatile write costs a fence. Constructors need none: an object is published after them.
  private static final VarHandle PENDING;
  private static final VarHandle DECODED;

  static {
    try {
      MethodHandles.Lookup fields = MethodHandles.lookup();
      PENDING = fields.findVarHandle(AttributeChanges.class, "pending", Map.class);
      DECODED = fields.findVarHandle(AttributeChanges.class, "decoded", Map.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** Used instead of a map while there is no change. */
  private static final Map<String, Change> NONE = Map.of();

  private final Session owner;
  private final EngineContext engine;

  /** What was set or removed and has not been saved yet. */
  private volatile Map<String, Change> pending;

  /** Mutable values that were decoded from bytes, kept to detect changes in place at save. */
  private volatile Map<String, Decoded> decoded;

  /** The names whose bytes could not be decoded, so that each is reported once. */
  private Set<String> undecodable = Set.of();

  /** The names whose values made a save fail, so that each fails only one save. */
  private Set<String> failed = Set.of();

  @SuppressWarnings("NullAway.Init") // By the handles.
  AttributeChanges(Session owner, EngineContext engine) {
    this.owner = owner;
    this.engine = engine;
    PENDING.set(this, NONE);
    DECODED.set(this, Map.of());
  }

  /**
   * A change of one attribute. Not a record: setting an equal value again is a new change, and its
   * object is the one watched from then on.
   */
  static final class Change {

    private final @Nullable Object value;
    private final @Nullable AttributeValue whenSet;
    private final boolean mayChange;

    /**
     * Creates a change.
     *
     * @param value the new value; null if the attribute was removed
     * @param whenSet the value as it was when it was set; null if the attribute was removed
     * @param mayChange whether the value is kept as bytes and the object may be changed in place
     */
    Change(@Nullable Object value, @Nullable AttributeValue whenSet, boolean mayChange) {
      this.value = value;
      this.whenSet = whenSet;
      this.mayChange = mayChange;
    }

    @Nullable Object value() {
      return value;
    }

    @Nullable AttributeValue whenSet() {
      return whenSet;
    }
  }

  /** An object decoded from bytes. */
  private static final class Decoded {

    private final Object value;

    /** Whether the application holds it and may change it. */
    private boolean handedOut;

    Decoded(Object value, boolean handedOut) {
      this.value = value;
      this.handedOut = handedOut;
    }
  }

  /** Returns the value of an attribute; null if there is none that can be read. */
  @Nullable Object get(String name) {
    // Most requests change nothing and find the value here. A saved value enters the snapshot
    // before it leaves the changes, so looking in this order misses nothing.
    if (hasNoChange()) {
      AttributeValue stored = owner.live().attributes().get(name);
      if (stored == null) {
        return null;
      }
      if (stored.isLive()) {
        return stored.object(engine.codec());
      }
    }
    return getOwn(name);
  }

  @SuppressWarnings("ReferenceEquality") // An empty map of another kind may be about to be filled.
  private boolean hasNoChange() {
    return pending == NONE;
  }

  private @Nullable Object getOwn(String name) {
    while (true) {
      StoredSession snapshot;
      AttributeValue stored;
      synchronized (owner) {
        snapshot = owner.live();
        Change change = pending.get(name);
        if (change != null) {
          return change.value();
        }
        stored = snapshot.attributes().get(name);
        if (stored == null || undecodable.contains(name)) {
          return null;
        }
        Decoded known = decoded.get(name);
        if (known != null) {
          known.handedOut = true;
          return known.value;
        }
      }
      Object value = decode(snapshot, name, stored);
      if (value == null || !isToBeWatched(stored, value) || watch(name, stored, value, true)) {
        return value;
      }
    }
  }

  private boolean isToBeWatched(AttributeValue stored, Object value) {
    return !stored.isLive() && !engine.codec().isImmutable(value);
  }

  /** Returns null if it cannot be decoded, which is reported once. */
  private @Nullable Object decode(StoredSession snapshot, String name, AttributeValue stored) {
    try {
      return stored.object(engine.codec());
    } catch (AttributeCodecException e) {
      boolean isNews;
      synchronized (owner) {
        // The request may go on with another value of that name.
        isNews =
            !isSame(owner.snapshot().attributes().get(name), stored) || recordUndecodable(name);
      }
      if (isNews) {
        engine.events().undecodable(snapshot, name, e);
      }
      return null;
    }
  }

  /** Returns {@code false} if it was recorded before. */
  private boolean recordUndecodable(String name) {
    undecodable = undecodable.isEmpty() ? new HashSet<>() : undecodable;
    return undecodable.add(name);
  }

  /**
   * Watches a decoded value; returns {@code false} if another thread has read or changed the
   * attribute since it was looked up.
   */
  private boolean watch(String name, AttributeValue stored, Object value, boolean handedOut) {
    synchronized (owner) {
      if (pending.containsKey(name)
          || decoded.containsKey(name)
          || !isSame(owner.snapshot().attributes().get(name), stored)) {
        return false;
      }
      remember(name, new Decoded(value, handedOut));
      return true;
    }
  }

  private void remember(String name, Decoded value) {
    decoded = decoded.isEmpty() ? new HashMap<>() : decoded;
    decoded.put(name, value);
  }

  /** Returns the names of the values that can be read. To find out, each value is decoded once. */
  Set<String> names() {
    List<Map.Entry<String, AttributeValue>> unread = new ArrayList<>();
    StoredSession snapshot;
    synchronized (owner) {
      snapshot = owner.live();
      snapshot
          .attributes()
          .forEach(
              (name, stored) -> {
                if (!stored.isLive()
                    && !pending.containsKey(name)
                    && !decoded.containsKey(name)
                    && !undecodable.contains(name)) {
                  unread.add(Map.entry(name, stored));
                }
              });
    }
    for (Map.Entry<String, AttributeValue> attribute : unread) {
      Object value = decode(snapshot, attribute.getKey(), attribute.getValue());
      if (value != null && isToBeWatched(attribute.getValue(), value)) {
        watch(attribute.getKey(), attribute.getValue(), value, false);
      }
    }
    synchronized (owner) {
      Set<String> names = new TreeSet<>(namesIn(owner.snapshot()));
      undecodable.stream().filter(name -> !pending.containsKey(name)).forEach(names::remove);
      return names;
    }
  }

  /** Returns all names, including those of values that cannot be read. */
  private Set<String> namesIn(StoredSession snapshot) {
    Set<String> names = new HashSet<>(snapshot.attributes().keySet());
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

  void set(String name, Object value) {
    try {
      take(name, value);
    } catch (IllegalArgumentException refusal) {
      // The application may swallow the exception.
      engine.events().refused(owner.snapshot(), name, value, refusal);
      throw refusal;
    }
  }

  private void take(String name, Object value) {
    AttributeValue whenSet = engine.attributeValue(name, value);
    Change change = new Change(value, whenSet, isToBeWatched(whenSet, value));
    synchronized (owner) {
      checkLimits(owner.live(), name, whenSet);
      record(name, change);
    }
  }

  private void checkLimits(StoredSession snapshot, String name, AttributeValue value) {
    Map<String, AttributeValue> stored = snapshot.attributes();
    Change changed = pending.get(name);
    AttributeValue before = changed == null ? stored.get(name) : changed.whenSet();
    int others = 0;
    long otherBytes = 0;
    for (Map.Entry<String, AttributeValue> one : stored.entrySet()) {
      if (!one.getKey().equals(name) && !pending.containsKey(one.getKey())) {
        others++;
        otherBytes += AttributeLimits.size(one.getValue());
      }
    }
    for (Map.Entry<String, Change> one : pending.entrySet()) {
      if (!one.getKey().equals(name) && one.getValue().value() != null) {
        others++;
        otherBytes += AttributeLimits.size(one.getValue().whenSet());
      }
    }
    engine.limits().check(name, value, before, others, otherBytes);
  }

  /**
   * Sets or removes an attribute of a session that only this request knows, atomically.
   *
   * @param expected the value that the attribute must have; null for none
   * @return {@code false} if the attribute has another value, or the session has been stored
   *     meanwhile
   */
  boolean replaceUnstored(String name, @Nullable Object expected, @Nullable Object value) {
    AttributeValue whenSet = value == null ? null : engine.attributeValue(name, value);
    boolean mayChange = whenSet != null && value != null && isToBeWatched(whenSet, value);
    synchronized (owner) {
      StoredSession snapshot = owner.live();
      Change change = pending.get(name);
      if (owner.isStored() || (change == null ? null : change.value()) != expected) {
        return false;
      }
      if (whenSet != null) {
        checkLimits(snapshot, name, whenSet);
      }
      record(name, new Change(value, whenSet, mayChange));
      return true;
    }
  }

  /**
   * Returns the value that a step is decided on; null if it cannot be read.
   *
   * @param newest the snapshot that the step is decided on
   * @param value the attribute of that snapshot after {@code collected} is applied
   * @param isOwn whether a decoded value must be a new object, not one that the request already has
   */
  @Nullable Object read(
      StoredSession newest, String name, AttributeValue value, Pending collected, boolean isOwn) {
    AttributeDelta delta = collected.attributes();
    if (collected.sets(name)) {
      Change change = delta.source().get(name);
      return change == null ? null : change.value();
    }
    if (!isOwn) {
      synchronized (owner) {
        Decoded known = decoded.get(name);
        if (known != null
            && (isSame(delta.foundValue(name), value)
                || isSame(owner.snapshot().attributes().get(name), value))) {
          return known.value;
        }
      }
    }
    return decode(newest, name, value);
  }

  /** Watches the value of a stored step like one that was set. */
  void stepped(AttributeStep step) {
    Object value = step.value();
    if (value != null && step.mayChange()) {
      synchronized (owner) {
        if (!pending.containsKey(step.name())
            && isSame(owner.snapshot().attributes().get(step.name()), step.after())) {
          remember(step.name(), new Decoded(value, true));
        }
      }
    }
  }

  /**
   * Watches the value of a step that changed nothing: the application holds it and may change it.
   *
   * @param given the value that the step was decided on
   * @return the attribute's object in this request; not the step's value if the request had an
   *     object before
   */
  @Nullable Object looked(AttributeStep step, @Nullable Object given) {
    Object value = step.value();
    if (value == null && step.after() != null) {
      synchronized (owner) {
        if (isSame(owner.snapshot().attributes().get(step.name()), step.after())) {
          // It was reported when the step was decided.
          recordUndecodable(step.name());
        }
      }
    } else if (value != null && step.mayChange()) {
      synchronized (owner) {
        Decoded known = decoded.get(step.name());
        if (pending.containsKey(step.name())) {
          return value;
        }
        if (known != null && value == given) {
          known.handedOut = true;
          return known.value;
        }
        if (Objects.equals(owner.snapshot().attributes().get(step.name()), step.after())) {
          remember(step.name(), new Decoded(value, true));
        }
      }
    }
    return value;
  }

  /** Removes an attribute, even one that only another request knows. */
  void remove(String name) {
    synchronized (owner) {
      owner.live();
      record(name, new Change(null, null, false));
    }
  }

  private void record(String name, Change change) {
    pending = pending.isEmpty() ? new HashMap<>() : pending;
    pending.put(name, change);
    if (!decoded.isEmpty()) {
      decoded.remove(name);
    }
  }

  /** Discards all changes, as for a login that carries nothing over. */
  void clear() {
    synchronized (owner) {
      pending = NONE;
      decoded = Map.of();
      undecodable = Set.of();
    }
  }

  /**
   * Returns whether there may be anything to collect. Needs no lock: a change that happened before
   * this call is seen.
   */
  boolean mayHaveChanges() {
    return !pending.isEmpty() || !decoded.isEmpty();
  }

  /**
   * Collects and encodes what is to be saved. Not to be called in the save queue. A value that can
   * no longer be encoded keeps the bytes that it had, and the listeners are notified.
   */
  AttributeDelta collect() {
    StoredSession snapshot;
    Map<String, Change> changes;
    Map<String, Object> watched;
    synchronized (owner) {
      if (pending.isEmpty() && decoded.isEmpty()) {
        return AttributeDelta.NONE;
      }
      snapshot = owner.snapshot();
      changes = Map.copyOf(pending);
      watched = handedOut();
    }
    Map<String, Optional<AttributeValue>> set = new HashMap<>();
    changes.forEach((name, change) -> set.put(name, current(snapshot, name, change)));
    return new AttributeDelta(
        set, watched.isEmpty() ? Map.of() : changedInPlace(snapshot, watched), changes);
  }

  private Map<String, Object> handedOut() {
    if (decoded.isEmpty()) {
      return Map.of();
    }
    Map<String, Object> handedOut = new HashMap<>();
    decoded.forEach(
        (name, one) -> {
          if (one.handedOut) {
            handedOut.put(name, one.value);
          }
        });
    return handedOut;
  }

  private Map<String, AttributeDelta.Found> changedInPlace(
      StoredSession snapshot, Map<String, Object> watched) {
    Map<String, AttributeDelta.Found> found = new HashMap<>();
    watched.forEach(
        (name, value) ->
            changedInPlace(snapshot, name, value).ifPresent(change -> found.put(name, change)));
    return found;
  }

  /** Returns whether everything that a delta sets or removes is still to be saved. */
  boolean areAllPending(AttributeDelta delta) {
    synchronized (owner) {
      return pending.entrySet().containsAll(delta.source().entrySet());
    }
  }

  /**
   * Returns the part of a delta that is still to be saved: another thread may have saved some of
   * it, or something newer, since it was collected.
   */
  AttributeDelta stillPending(AttributeDelta delta) {
    synchronized (owner) {
      Map<String, Optional<AttributeValue>> left = new HashMap<>(delta.set());
      left.keySet().removeIf(name -> pending.get(name) != delta.source().get(name));
      return new AttributeDelta(left, delta.found(), delta.source());
    }
  }

  /** Returns the current form of a value that was set: it may have been changed since. */
  private Optional<AttributeValue> current(StoredSession snapshot, String name, Change change) {
    Object value = change.value();
    if (value == null) {
      return Optional.empty();
    }
    AttributeValue whenSet = Objects.requireNonNull(change.whenSet());
    if (!change.mayChange) {
      return Optional.of(whenSet);
    }
    try {
      return Optional.of(AttributeValue.encoded(engine.codec().encode(value)));
    } catch (AttributeCodecException e) {
      unencodable(snapshot, name, value, e);
      return Optional.of(whenSet);
    }
  }

  /**
   * Returns how a value was changed in place. Serialization is not canonical: another process may
   * write equal maps in another order. So if the bytes differ, the stored bytes are decoded and
   * encoded here, and compared again.
   */
  private Optional<AttributeDelta.Found> changedInPlace(
      StoredSession snapshot, String name, Object value) {
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
      return clean
          ? Optional.empty()
          : Optional.of(new AttributeDelta.Found(stored, AttributeValue.encoded(now)));
    } catch (AttributeCodecException e) {
      unencodable(snapshot, name, value, e);
      return Optional.empty();
    }
  }

  /**
   * Notifies the listeners of a value that can no longer be encoded.
   *
   * @throws AttributeCodecException if the store reports such values for tests; once for each
   *     attribute, so that the request's error page can be sent
   */
  private void unencodable(
      StoredSession snapshot, String name, Object value, AttributeCodecException problem) {
    engine.events().unencodable(snapshot, name, value, problem);
    if (engine.store().failsOnUnencodable()) {
      synchronized (owner) {
        failed = failed.isEmpty() ? new HashSet<>() : failed;
        if (!failed.add(name)) {
          return;
        }
      }
      throw new AttributeCodecException(
          "attribute "
              + AttributeName.quoted(name)
              + " was changed after it was set or read, and cannot be stored any more: "
              + problem.getMessage(),
          problem);
    }
  }

  /**
   * Records that a delta is saved: the session is now {@code after}. What was changed again
   * meanwhile is still to be saved. An object that the application holds is still watched, unless
   * another request has replaced it.
   */
  void saved(AttributeDelta delta, StoredSession before, StoredSession after) {
    Map<String, AttributeValue> old = before.attributes();
    Map<String, AttributeValue> stored = after.attributes();
    synchronized (owner) {
      if (!undecodable.isEmpty()) {
        undecodable.removeIf(name -> !isSame(old.get(name), stored.get(name)));
      }
      if (!decoded.isEmpty()) {
        decoded
            .keySet()
            .removeIf(
                name -> {
                  AttributeValue now = stored.get(name);
                  boolean isOurs = now != null && isSame(now, delta.foundValue(name));
                  return !isOurs && !Objects.equals(old.get(name), now);
                });
      }
      delta
          .source()
          .forEach(
              (name, change) -> {
                if (pending.get(name) == change) {
                  pending.remove(name);
                  Object value = change.value();
                  Optional<AttributeValue> saved = delta.set().get(name);
                  if (value != null
                      && change.mayChange
                      && saved != null
                      && saved.isPresent()
                      && isSame(stored.get(name), saved.get())) {
                    remember(name, new Decoded(value, true));
                  }
                }
              });
      if (pending.isEmpty()) {
        pending = NONE;
      }
    }
  }

  /**
   * Values are compared by identity: an equal but different value was written by another request.
   */
  @SuppressWarnings("ReferenceEquality")
  private static boolean isSame(@Nullable AttributeValue one, @Nullable AttributeValue other) {
    return one == other;
  }
}

package io.coatcheck.session;

import io.coatcheck.session.codec.AttributeCodecException;
import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.store.StoredSession;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
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
  private static final VarHandle PENDING =
      FieldHandles.of(MethodHandles.lookup(), "pending", Map.class);
  private static final VarHandle DECODED =
      FieldHandles.of(MethodHandles.lookup(), "decoded", DecodedValues.class);

  /** Used instead of a map while there is no change. */
  private static final Map<String, AttributeChange> NONE = Map.of();

  private final WorkingCopy owner;
  private final EngineContext engine;

  /** The attributes that were set or removed and have not been saved yet. */
  private volatile Map<String, AttributeChange> pending;

  /** The values that were decoded from bytes, kept to detect changes in place at save. */
  private volatile DecodedValues decoded;

  /** The names whose values made a save fail, so that each fails only one save. */
  private Set<String> failed = Set.of();

  @SuppressWarnings("NullAway.Init") // Set by the handles.
  AttributeChanges(WorkingCopy owner, EngineContext engine) {
    this.owner = owner;
    this.engine = engine;
    PENDING.set(this, NONE);
    DECODED.set(this, DecodedValues.NONE);
  }

  EngineContext engine() {
    return engine;
  }

  /** Returns the value of an attribute; null if there is none that can be read. */
  @Nullable Object get(String name) {
    // Most requests change nothing and find the value here. A saved value enters the snapshot
    // before it leaves the changes, so looking in this order misses nothing.
    if (hasNoChange()) {
      AttributeValue stored = owner.live().attribute(name);
      if (stored == null) {
        return null;
      }
      Object shared = stored.sharedObject();
      if (shared != null) {
        return shared;
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
        AttributeChange change = pending.get(name);
        if (change != null) {
          return change.value();
        }
        stored = snapshot.attribute(name);
        if (stored == null || decoded.undecodable().contains(name)) {
          return null;
        }
        WatchedValue known = decoded.watched(name);
        if (known != null) {
          return known.handOut();
        }
      }
      Object value = decode(snapshot, name, stored);
      if (value == null || !isToBeWatched(stored, value) || watch(name, stored, value, true)) {
        return value;
      }
    }
  }

  boolean isToBeWatched(AttributeValue stored, Object value) {
    return !stored.isLive() && !engine.codec().isImmutable(value);
  }

  /** Returns null if it cannot be decoded, which is reported once. */
  @Nullable Object decode(StoredSession snapshot, String name, AttributeValue stored) {
    try {
      return stored.object(engine.codec());
    } catch (AttributeCodecException e) {
      boolean isNews;
      synchronized (owner) {
        // The request may go on with another value of that name.
        isNews =
            !AttributeChange.isSame(owner.snapshot().attribute(name), stored)
                || recordUndecodable(name);
      }
      if (isNews) {
        engine.events().undecodable(snapshot, name, e);
      }
      return null;
    }
  }

  /** Returns {@code false} if it was recorded before. */
  boolean recordUndecodable(String name) {
    return decodedHere().recordUndecodable(name);
  }

  /**
   * Watches a decoded value; returns {@code false} if another thread has read or changed the
   * attribute since it was looked up.
   */
  private boolean watch(String name, AttributeValue stored, Object value, boolean handedOut) {
    synchronized (owner) {
      if (pending.containsKey(name)
          || decoded.watched(name) != null
          || !AttributeChange.isSame(owner.snapshot().attribute(name), stored)) {
        return false;
      }
      remember(name, new WatchedValue(value, handedOut));
      return true;
    }
  }

  void remember(String name, WatchedValue value) {
    decodedHere().watch(name, value);
  }

  private DecodedValues decodedHere() {
    if (decoded == DecodedValues.NONE) {
      decoded = new DecodedValues();
    }
    return decoded;
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
                if (!stored.isLive() && !pending.containsKey(name) && !decoded.isKnown(name)) {
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
      decoded.undecodable().stream()
          .filter(name -> !pending.containsKey(name))
          .forEach(names::remove);
      return names;
    }
  }

  /** Returns the names of what was set or removed and has not been saved yet. */
  Set<String> changedNames() {
    synchronized (owner) {
      return Set.copyOf(pending.keySet());
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

  void set(String name, Object value, @Nullable Replacing replacing) {
    try {
      AttributeValue whenSet = engine.attributeValue(name, value);
      boolean mayChange = isToBeWatched(whenSet, value);
      change(name, new AttributeChange(value, whenSet, mayChange), replacing);
    } catch (IllegalArgumentException refusal) {
      // The application may swallow the exception.
      engine.events().refused(owner.snapshot(), name, value, refusal);
      throw refusal;
    }
  }

  private void change(String name, AttributeChange change, @Nullable Replacing replacing) {
    AttributeValue whenSet = change.whenSet();
    do {
      synchronized (owner) {
        owner.live();
        if (whenSet != null) {
          checkLimits(name, whenSet);
        }
        if (Replacing.isRecorded(replacing, owner, name)) {
          record(name, change.readFrom(readFrom(name, change.value())));
          return;
        }
      }
    } while (Replacing.readsAgain(replacing, owner, name));
  }

  /** Returns the stored value that an object of this request was decoded from; null if none. */
  private @Nullable AttributeValue readFrom(String name, @Nullable Object value) {
    AttributeChange earlier = pending.get(name);
    if (earlier != null && earlier.value() == value) {
      return earlier.readFrom();
    }
    return decoded.readFrom(name, value, owner.snapshot());
  }

  /**
   * Withdraws a change that has turned out to be none: the object was read, set again and is as it
   * was. Unless another request has replaced it, it is watched again.
   */
  void withdraw(String name, AttributeChange change) {
    Object value = change.value();
    synchronized (owner) {
      if (value == null || pending.get(name) != change) {
        return;
      }
      pending.remove(name);
      pending = pending.isEmpty() ? NONE : pending;
      if (AttributeChange.isSame(owner.snapshot().attribute(name), change.readFrom())) {
        remember(name, new WatchedValue(value, true));
      } else {
        decodedHere().discard(name, value);
      }
    }
  }

  // StepValues calls the following methods while it holds the lock.

  /**
   * Checks that a value may be set.
   *
   * @throws IllegalArgumentException if the session would hold more than its limits allow
   */
  void checkLimits(String name, AttributeValue value) {
    engine.limits().check(name, value, owner.live().attributes(), pending);
  }

  @Nullable AttributeChange change(String name) {
    return pending.get(name);
  }

  /** Returns what was decoded; {@link #remember} and {@link #recordUndecodable} add to it. */
  DecodedValues decoded() {
    return decoded;
  }

  /** Removes an attribute, even one that only another request knows. */
  void remove(String name, @Nullable Replacing replacing) {
    change(name, AttributeChange.removal(), replacing);
  }

  void record(String name, AttributeChange change) {
    pending = pending.isEmpty() ? new HashMap<>() : pending;
    pending.put(name, change);
    decoded.forget(name);
  }

  /** Discards all changes, as for a login that carries nothing over. */
  void clear() {
    synchronized (owner) {
      decoded = decoded.discarding(pending);
      pending = NONE;
    }
  }

  /**
   * Returns whether there may be anything to collect. Needs no lock: a change that happened before
   * this call is seen.
   */
  boolean mayHaveChanges() {
    // Nearly always there is nothing, which is known without another look.
    return !pending.isEmpty() || (decoded != DecodedValues.NONE && decoded.isWatching());
  }

  /**
   * Collects and encodes what is to be saved. Not to be called in the save queue. A value that can
   * no longer be encoded keeps the bytes that it had, and the listeners are notified.
   */
  AttributeDelta collect() {
    StoredSession snapshot;
    Map<String, AttributeChange> changes;
    Map<String, Object> mayHaveChanged;
    synchronized (owner) {
      if (!mayHaveChanges()) {
        return AttributeDelta.NONE;
      }
      snapshot = owner.snapshot();
      changes = Map.copyOf(pending);
      mayHaveChanged = decoded.handedOut();
    }
    return new ChangeEncoder(engine, this, snapshot).encode(changes, mayHaveChanged);
  }

  /** Returns whether everything that a delta sets or removes is still to be saved. */
  boolean areAllPending(AttributeDelta delta) {
    synchronized (owner) {
      return delta.source().isEmpty() || pending.entrySet().containsAll(delta.source().entrySet());
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

  /** Records that a value made a save fail; returns {@code false} if it had before. */
  boolean recordFailure(String name) {
    synchronized (owner) {
      failed = failed.isEmpty() ? new HashSet<>() : failed;
      return failed.add(name);
    }
  }

  /**
   * Records that a delta is saved: the session is now {@code after}. An attribute that was changed
   * again since is still to be saved. An object that the application holds is still watched, unless
   * another request has replaced it. A value that was left out is discarded.
   */
  void onSaved(AttributeDelta delta, StoredSession before, StoredSession after) {
    Map<String, AttributeValue> stored = after.attributes();
    synchronized (owner) {
      decoded.onSaved(delta, before.attributes(), stored);
      if (delta.source().isEmpty()) {
        return;
      }
      delta
          .source()
          .forEach(
              (name, change) -> {
                if (pending.get(name) == change) {
                  pending.remove(name);
                  Object value = change.value();
                  Optional<AttributeValue> saved = delta.set().get(name);
                  if (value != null && saved != null && saved.isPresent()) {
                    if (!AttributeChange.isSame(stored.get(name), saved.get())) {
                      decodedHere().discard(name, value);
                    } else if (change.mayChange()) {
                      remember(name, new WatchedValue(value, true));
                    }
                  }
                } else {
                  AttributeChange.changedAgain(pending.get(name));
                }
              });
      if (pending.isEmpty()) {
        pending = NONE;
      }
    }
  }
}

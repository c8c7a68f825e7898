package io.coatcheck.session;

import io.coatcheck.session.codec.AttributeValue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Finds the value that a change of an attribute replaces, at the moment of the change: of several
 * threads that change one attribute, each gets the value of another change. Confined to one thread.
 */
final class Replacing {

  private final @Nullable Object seen;
  private final Consumer<@Nullable Object> recorded;
  private @Nullable Object before;

  /**
   * Begins to wait for the change.
   *
   * @param seen the value as the caller has read it just before the change; null if there was none
   * @param recorded called with the value that is replaced, under the lock of the session
   */
  Replacing(@Nullable Object seen, Consumer<@Nullable Object> recorded) {
    this.seen = seen;
    this.recorded = recorded;
  }

  /** Records what is about to be replaced, unless {@code interested} is null; under the lock. */
  static void on(@Nullable Replacing interested, WorkingCopy session, String name) {
    if (interested != null) {
      interested.on(session, name);
    }
  }

  private void on(WorkingCopy session, String name) {
    AttributeChanges changes = session.attributeChanges();
    AttributeChange earlier = changes.change(name);
    before = earlier == null ? stored(session, changes, name) : earlier.value();
    recorded.accept(before);
  }

  private @Nullable Object stored(WorkingCopy session, AttributeChanges changes, String name) {
    AttributeValue stored = session.snapshot().attribute(name);
    if (stored == null) {
      return null;
    }
    WatchedValue known = changes.decoded().watched(name);
    if (known != null) {
      return known.value();
    }
    // Another thread may have set and saved it since the caller has read it.
    Object shared = stored.sharedObject();
    return shared == null ? seen : shared;
  }

  /** Returns the value that was replaced; null if there was none that can be read. */
  @Nullable Object before() {
    return before;
  }
}

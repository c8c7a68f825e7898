package io.coatcheck.session.store;

import java.util.function.Consumer;

/**
 * Receives the sessions that a store deleted for a principal, one after another, as they were when
 * they were deleted. Called as every {@linkplain SessionStore consumer} is.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface DeletedSessions extends Consumer<StoredSession> {

  /**
   * Returns whether the sessions must come with their attributes. If not, a store need not read
   * them, and may hand the sessions over without any. A decorator passes on the answer of what it
   * wraps. Default: {@code true}.
   */
  default boolean needAttributes() {
    return true;
  }

  /** Returns a receiver that does without attributes. */
  static DeletedSessions withoutAttributes(Consumer<StoredSession> receiver) {
    return of(false, receiver);
  }

  /**
   * Returns a receiver.
   *
   * @param needAttributes what {@link #needAttributes()} returns
   */
  static DeletedSessions of(boolean needAttributes, Consumer<StoredSession> receiver) {
    return new DeletedSessions() {
      @Override
      public void accept(StoredSession session) {
        receiver.accept(session);
      }

      @Override
      public boolean needAttributes() {
        return needAttributes;
      }
    };
  }
}

package io.coatcheck.session.servlet;

import io.coatcheck.session.Session;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The current session of a request, the object that the application has of it, and the sessions
 * that the request began.
 *
 * <p>Changed under the lock of its request; {@link #get}, {@link #viewIfAny} and {@link
 * #whileEncoded} need none.
 */
final class CurrentSession {

  // A volatile write costs a fence, which is not needed here.
  private static final VarHandle SESSION =
      FieldHandles.of(MethodHandles.lookup(), "session", Session.class);
  private static final VarHandle VIEW =
      FieldHandles.of(MethodHandles.lookup(), "view", HttpSessionView.class);

  private final SessionScope scope;

  private volatile @Nullable Session session;
  private volatile @Nullable HttpSessionView view;

  /** Views that are no longer in use, with unsettled bindings; replaced, never changed. */
  private volatile @Nullable List<HttpSessionView> unsettled;

  /** Views other than the current one that the application or a listener may hold. */
  private @Nullable List<HttpSessionView> others;

  /** Sessions that this request began, and that may never be stored; null if there is none. */
  private @Nullable List<Session> drafts;

  /** The session that the flood guard has admitted. */
  private @Nullable Session admitted;

  CurrentSession(SessionScope scope) {
    this.scope = scope;
  }

  /** Returns the listeners of the application's sessions. */
  SessionListeners listeners() {
    return scope.listeners();
  }

  @Nullable Session get() {
    return session;
  }

  void begin(Session begun) {
    SESSION.setRelease(this, begun);
  }

  /** Begins a session that is not stored yet, and whose end no store reports until it is. */
  void beginDraft(Session draft) {
    session = draft;
    if (drafts == null) {
      drafts = new ArrayList<>(1);
    }
    drafts.add(draft);
  }

  /** Returns whether the flood guard has admitted a new session. */
  boolean isAdmitted(Session begun) {
    return admitted == begun;
  }

  void markAdmitted(Session begun) {
    admitted = begun;
  }

  /**
   * Drops a session that another request ended. Code that still holds its view sees that it ended.
   */
  void drop() {
    session = null;
  }

  /** Drops a session that this request ended. */
  void forget() {
    session = null;
    show(null);
  }

  private void show(@Nullable HttpSessionView next) {
    HttpSessionView known = view;
    if (known != null && known.isOpen()) {
      closeLater(known);
    }
    if (known != null && known.unsaved() != null) {
      List<HttpSessionView> all = new ArrayList<>(left());
      all.add(known);
      unsettled = all;
    }
    VIEW.setRelease(this, next);
  }

  /** Returns the application's view of a session: the same object each time. */
  HttpSessionView viewOf(Session seen) {
    HttpSessionView known = view;
    if (known == null || known.session() != seen) {
      known = earlierOf(seen);
      if (seen == session) {
        show(known);
      } else {
        closeLater(known);
      }
    }
    return known;
  }

  @SuppressWarnings("ReferenceEquality") // Two views of one session are equal.
  private void closeLater(HttpSessionView one) {
    List<HttpSessionView> known = others == null ? new ArrayList<>(1) : others;
    if (known.stream().noneMatch(other -> other == one)) {
      known.add(one);
    }
    others = known;
  }

  private HttpSessionView earlierOf(Session seen) {
    for (HttpSessionView left : left()) {
      if (left.session() == seen) {
        return left;
      }
    }
    List<HttpSessionView> known = others == null ? List.of() : others;
    for (HttpSessionView one : known) {
      if (one.session() == seen) {
        return one;
      }
    }
    return HttpSessionView.of(scope, seen);
  }

  /** Returns the application's view of a session, if it has one that is in use. */
  @Nullable HttpSessionView viewIfAny(@Nullable Session seen) {
    HttpSessionView known = view;
    return known == null || known.session() != seen ? null : known;
  }

  /**
   * Runs code that may encode a session, and notifies activation listeners among its values before
   * and after; without the lock.
   */
  <T> T whileEncoded(@Nullable Session encoded, Supplier<T> encoding) {
    HttpSessionView known = viewIfAny(encoded);
    return known == null ? encoding.get() : known.activations().whileEncoded(known, encoding);
  }

  /** Closes the application's views of the sessions, when the request has ended. */
  void closeViews() {
    HttpSessionView known = view;
    if (known != null) {
      known.close();
    }
    List<HttpSessionView> left = others;
    if (left != null) {
      left.forEach(HttpSessionView::close);
      others = null;
    }
  }

  /** Notifies values that turned out not to be stored; without the lock. */
  void settleUnsaved() {
    List<HttpSessionView> all = unsettled();
    if (!all.isEmpty()) {
      all.forEach(HttpSessionView::settleUnsaved);
    }
  }

  /** Notifies all values that are not stored when the request has ended; without the lock. */
  void abandonUnsaved() {
    List<HttpSessionView> all = unsettled();
    if (!all.isEmpty()) {
      all.forEach(HttpSessionView::abandonUnsaved);
    }
  }

  /** Returns whether a value was bound that may turn out not to be stored. */
  boolean isAnyUnsaved() {
    HttpSessionView known = view;
    return unsettled != null || (known != null && known.unsaved() != null);
  }

  private List<HttpSessionView> left() {
    List<HttpSessionView> known = unsettled;
    return known == null ? List.of() : known;
  }

  private List<HttpSessionView> unsettled() {
    HttpSessionView known = view;
    List<HttpSessionView> left = left();
    if (known == null || known.unsaved() == null) {
      return left;
    }
    List<HttpSessionView> all = new ArrayList<>(left);
    all.add(known);
    return all;
  }

  /**
   * Takes over the duty to report the end of a session that was never stored.
   *
   * @return {@code false} if another thread has that duty
   */
  boolean claim(Session ending) {
    return drafts != null && drafts.remove(ending);
  }

  /**
   * Returns, once, the sessions that this request began and neither stored nor ended, as far as a
   * listener is interested in their end.
   */
  List<HttpSessionView> takeUnstored() {
    if (drafts == null) {
      return List.of();
    }
    List<HttpSessionView> unstored = new ArrayList<>();
    for (Session draft : List.copyOf(drafts)) {
      if (!draft.isStored() && !draft.isEnded() && hasListeners(draft)) {
        drafts.remove(draft);
        unstored.add(viewOf(draft));
        if (draft == session) {
          forget();
        }
      }
    }
    return unstored;
  }

  private boolean hasListeners(Session draft) {
    SessionListeners listeners = scope.listeners();
    return listeners.hasSessionListeners()
        || ((draft.isEphemeral() || draft.isAwaitingCreation())
            && draft.attributeNames().stream()
                .anyMatch(name -> listeners.hasListenersOf(draft.attribute(name))));
  }

  /** Shows nothing: the session holds the secret. */
  @Override
  public String toString() {
    return "CurrentSession";
  }
}

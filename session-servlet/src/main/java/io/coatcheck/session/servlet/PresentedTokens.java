package io.coatcheck.session.servlet;

import io.coatcheck.session.Resolution;
import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.session.token.SessionToken;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the client presented in a request, and what it turned out to be worth. Guarded by the lock
 * of the {@link SessionExchange} that it belongs to.
 */
final class PresentedTokens {

  private static final Resolution ABSENT = new Resolution.Absent();

  private final SessionManager manager;

  /** Untrusted. */
  private final List<String> texts;

  private @Nullable Resolution resolution;
  private @Nullable SessionStoreException failure;
  private @Nullable SessionId requestedId;
  private long requestedGeneration;

  PresentedTokens(SessionManager manager, List<String> texts) {
    this.manager = manager;
    this.texts = texts;
  }

  /** Tells whether the client presented anything under our name. */
  boolean areAny() {
    return !texts.isEmpty();
  }

  boolean areResolved() {
    return resolution != null;
  }

  /**
   * Asks the store, and keeps the answer.
   *
   * @return the live session; null if there is none, or the store failed
   */
  @Nullable Session resolve() {
    Resolution found;
    try {
      found = manager.resolve(texts);
    } catch (SessionStoreException e) {
      failure = e;
      found = ABSENT;
    }
    resolution = found;
    if (found instanceof Resolution.Live live) {
      if (requestedId == null) {
        requestedId = live.session().id();
        requestedGeneration = live.session().generation();
      }
      return live.session();
    }
    return null;
  }

  /**
   * Throws what kept the store from answering.
   *
   * @throws SessionStoreException if it did not answer
   */
  void requireAnswer() {
    if (failure != null) {
      throw failure;
    }
  }

  /** Returns what they are worth as far as a session is concerned that is begun now. */
  Resolution resolution() {
    return resolution == null ? ABSENT : resolution;
  }

  /** Takes note that this request has done with them: a login or a logout took their place. */
  void settle() {
    resolution = ABSENT;
  }

  /** Takes note that they may be worth something else by now. */
  void reconsider() {
    resolution = null;
  }

  /** Returns what the client asked for, without the secret; null if it has not our form. */
  @Nullable String requestedText() {
    if (requestedId != null) {
      return HttpSessionView.textOf(requestedId, requestedGeneration);
    }
    return texts.stream()
        .map(SessionToken::parse)
        .flatMap(Optional::stream)
        .findFirst()
        .map(token -> token.id().toString())
        .orElse(null);
  }

  /** Tells whether a session is the one that was found by them. */
  boolean opened(Session session) {
    return session.id().equals(requestedId);
  }
}

package io.coatcheck.session;

import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.event.DropReason;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.text.QuotedText;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Changes one attribute atomically, by the compare-and-set of the store.
 *
 * <p>The next value is decided on a snapshot, without a lock and outside the save queue. It is
 * stored only if the attribute is still the same by then; otherwise it is decided again. A step
 * that changes nothing is confirmed by reading the store.
 */
final class AttributeSteps {

  /** Decides what a value becomes. */
  private interface Decision {

    /** Returns the next value. Null means no value, as argument and as result. */
    @Nullable Object on(@Nullable Object value);
  }

  /**
   * The result of a step.
   *
   * @param before the value before the step; null if there was none or the step was dropped
   * @param after the value after the step; null likewise
   */
  private record Done(@Nullable Object before, @Nullable Object after) {

    private static final Done DROPPED = new Done(null, null);
  }

  private final EngineContext engine;
  private final SaveLoop saveLoop;
  private final Expiry expiry;
  private final SessionWriter writer;

  AttributeSteps(EngineContext engine, SaveLoop saveLoop, SessionWriter writer) {
    this.engine = engine;
    this.saveLoop = saveLoop;
    expiry = new Expiry(engine);
    this.writer = writer;
  }

  /**
   * Removes an attribute and returns its value: see {@link SessionManager#take(Session, String,
   * Class)}.
   */
  <T> Optional<T> take(Session session, String name, Class<T> type) {
    Decision none =
        value -> {
          AttributeType.of(name, type, value);
          return null;
        };
    return Optional.ofNullable(type.cast(make(session, name, false, none).before()));
  }

  /** Replaces an attribute by the result of a function: see {@link SessionManager#update}. */
  <T> Optional<T> update(
      Session session, String name, Class<T> type, AttributeFunction<T> function) {
    Decision next =
        value -> function.apply(Optional.ofNullable(AttributeType.of(name, type, value)));
    return Optional.ofNullable(type.cast(make(session, name, true, next).after()));
  }

  /**
   * Makes a step.
   *
   * @param mayChangeValue whether the decision is the application's, which may change the value
   *     passed to it. It then gets its own copy, where the store keeps bytes
   */
  private Done make(Session session, String name, boolean mayChangeValue, Decision decision) {
    AttributeName.check(name);
    long deadline = saveLoop.deadline();
    // Another thread of the request may store the session at any time.
    while (!session.isStored()) {
      Object before = session.attribute(name);
      Object after = decision.on(before);
      if (after == before || replaceUnstored(session, name, before, after)) {
        return new Done(before, after);
      }
      requireTime(session, name, deadline);
    }
    return new Run(session, name, mayChangeValue, decision).untilDone();
  }

  /** A function that sets its own attribute would otherwise be repeated forever. */
  private static void requireTime(Session session, String name, long deadline) {
    if (System.nanoTime() - deadline >= 0) {
      throw new SessionStoreException(
          "save: session "
              + session.id()
              + ": within the request, the attribute "
              + QuotedText.of(name)
              + " was changed during each try of a step on it, until the store timeout passed");
    }
  }

  private boolean replaceUnstored(
      Session session, String name, @Nullable Object before, @Nullable Object after) {
    try {
      return new StepValues(session, engine).replaceUnstored(name, before, after);
    } catch (IllegalArgumentException refusal) {
      throw refused(session, name, after, refusal);
    }
  }

  /** Notifies the listeners of a rejected value: the application may swallow the exception. */
  private IllegalArgumentException refused(
      Session session, String name, @Nullable Object value, IllegalArgumentException refusal) {
    if (value != null) {
      engine.events().refused(session.snapshot(), name, value, refusal);
    }
    return refusal;
  }

  /** One step on a stored session. */
  private final class Run {

    private final Session session;
    private final String name;
    private final boolean mayChangeValue;
    private final Decision decision;
    private final StepValues values;
    private final long deadline = saveLoop.deadline();

    /** The number of lost compare-and-sets. */
    private int losses;

    /** The changes that the request has made so far. */
    private Pending collected;

    private StoredSession newest;

    /** Whether {@link #newest} was read from the store since the step began. */
    private boolean isRead;

    Run(Session session, String name, boolean mayChangeValue, Decision decision) {
      this.session = session;
      this.name = name;
      this.mayChangeValue = mayChangeValue;
      this.decision = decision;
      values = new StepValues(session, engine);
      collected = Pending.of(session);
      newest = session.snapshot();
    }

    Done untilDone() {
      Done done = null;
      while (done == null) {
        AttributeValue known = collected.valueIn(newest, name);
        Object before =
            known == null ? null : values.before(newest, name, known, collected, mayChangeValue);
        Object after = decision.on(before);
        try {
          AttributeStep step = step(known, before, after);
          done = isLook(step, before) ? confirm(step, before) : store(step, before);
        } catch (IllegalArgumentException refusal) {
          throw refused(session, name, after, refusal);
        }
      }
      return done;
    }

    /** Returns whether a step has nothing to store and no new object to watch. */
    private boolean isLook(AttributeStep step, @Nullable Object before) {
      boolean isOtherObject = step.mayChange() && step.value() != before;
      return step.changesNothing()
          && !(isOtherObject && collected.attributes().names().contains(name));
    }

    /**
     * Encodes the decision. A value that cannot be read stays, unless another value replaces it.
     *
     * @throws io.coatcheck.session.codec.AttributeCodecException if it cannot be encoded
     */
    private AttributeStep step(
        @Nullable AttributeValue known, @Nullable Object before, @Nullable Object after) {
      AttributeValue next;
      if (after == before && known != null && (known.isLive() || after == null)) {
        next = known;
      } else if (after == null) {
        next = null;
      } else {
        next = engine.attributeValue(name, after);
      }
      boolean mayChange =
          after != null && next != null && !next.isLive() && !engine.codec().isImmutable(after);
      return new AttributeStep(name, newest, collected, known, after, next, mayChange);
    }

    /** Confirms that a step that changes nothing was decided on what is stored. */
    private @Nullable Done confirm(AttributeStep step, @Nullable Object before) {
      if (collected.sets(name)) {
        // The request's own unsaved change is the newest value.
        return new Done(before, step.value());
      }
      if (!isRead) {
        StoredSession known = session.snapshot();
        Optional<StoredSession> found = engine.store().find(newest.id());
        Optional<StoredSession> live = expiry.live(found);
        if (live.isEmpty()) {
          return drop(step, found.isEmpty() ? DropReason.ENDED : DropReason.EXPIRED);
        }
        if (!RequestLogin.hasSameFence(known, live.get())) {
          // In turn: another thread may have stored a new secret that the request does not know
          // yet.
          return saveLoop.inTurn(known.id(), () -> isRekeyedHere(known))
              ? restart()
              : drop(step, DropReason.REKEYED);
        }
        newest = live.get();
        isRead = true;
      }
      Set<String> overtaken = collected.overtakenIn(newest);
      boolean holds = step.holdsOn(newest);
      if (session.refresh(newest) && !overtaken.isEmpty()) {
        engine.events().dropped(newest, DropReason.OVERTAKEN, overtaken);
      }
      if (holds) {
        return new Done(before, values.onConfirmed(step, before));
      }
      collected = Pending.of(session);
      return null;
    }

    /** Returns whether another thread of the request has renewed the session or logged in. */
    private boolean isRekeyedHere(StoredSession known) {
      return !RequestLogin.hasSameFence(session.snapshot(), known);
    }

    /** Decides again on the request's present state. */
    private @Nullable Done restart() {
      requireTime(session, name, deadline);
      collected = Pending.of(session);
      newest = session.snapshot();
      isRead = false;
      return null;
    }

    private @Nullable Done store(AttributeStep step, @Nullable Object before) {
      SaveLoop.Outcome outcome =
          saveLoop.inTurn(
              newest.id(),
              losses > 0,
              () -> {
                Pending pending = collected.stillIn(session);
                return !session.id().equals(newest.id())
                        || isRekeyedHere(newest)
                        || (collected.sets(name) && !pending.sets(name))
                    ? null
                    : writer.tryStep(session, step, pending.without(name), losses, deadline);
              });
      if (outcome == null) {
        // Another thread of the request has changed or saved the attribute since, or has logged in
        // or renewed the session.
        return restart();
      }
      if (outcome instanceof SaveLoop.Outcome.Stored) {
        return new Done(before, step.value());
      }
      if (outcome instanceof SaveLoop.Outcome.StepNoLongerHolds overtaken) {
        // The last attempt was abandoned before it was sent.
        losses += overtaken.attempts() - 1;
        newest = overtaken.newest();
        isRead = true;
        return null;
      }
      return drop(step, SessionWriter.reasonOf(outcome));
    }

    private @Nullable Done drop(AttributeStep step, DropReason reason) {
      StoredSession resolved = session.snapshot();
      if (!session.endIfStill(newest.id())) {
        // Another thread of the request has logged in, and a new session has replaced the ended
        // one.
        return restart();
      }
      Set<String> names = new TreeSet<>(collected.attributes().names());
      if (!step.changesNothing()) {
        names.add(name);
      }
      if (!names.isEmpty() || collected.idleTimeout() != null) {
        engine.events().dropped(resolved, reason, names);
      }
      return Done.DROPPED;
    }
  }
}

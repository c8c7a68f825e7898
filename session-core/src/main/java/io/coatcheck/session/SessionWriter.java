package io.coatcheck.session;

import io.coatcheck.session.SaveLoop.Outcome;
import io.coatcheck.session.event.DropReason;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.StoredSessionBuilder;
import io.coatcheck.session.token.SessionToken;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Writes what requests change: inserts, updates, touches, and new secrets without a login. */
final class SessionWriter {

  private final EngineContext engine;
  private final Touches touches;
  private final SaveLoop saveLoop;

  SessionWriter(EngineContext engine, Touches touches, SaveLoop saveLoop) {
    this.engine = engine;
    this.touches = touches;
    this.saveLoop = saveLoop;
  }

  boolean save(Session session) {
    return switch (session.status()) {
      case ENDED, EPHEMERAL -> true;
      case NEW -> !session.isAwaitingCreation() || insert(session);
      case STORED -> saveStored(session);
    };
  }

  private boolean insert(Session session) {
    Pending collected = Pending.of(session);
    boolean inserted =
        saveLoop.inTurn(
            session.id(),
            () -> {
              if (session.status() != SessionStatus.NEW) {
                return false;
              }
              Pending pending = collected.stillIn(session);
              StoredSession first = pending.applyTo(session.snapshot(), engine.limits()).build();
              engine.store().insert(first);
              if (session.onSaved(first, pending)) {
                engine.events().created(first);
                pending.isWhole(first, engine.events());
              } else {
                // Another thread of the request has ended it.
                engine.store().delete(first.id());
              }
              return true;
            });
    // Otherwise another thread of the request got there first.
    return inserted || save(session);
  }

  private boolean saveStored(Session session) {
    boolean confirm = session.renewal() == Renewal.CONFIRM;
    if (!confirm && !Pending.mayExistIn(session)) {
      return touch(session);
    }
    Pending collected = Pending.of(session);
    if (!confirm && collected.isEmpty()) {
      return touch(session);
    }
    return saveLoop.inTurn(
        session.id(),
        () -> {
          Pending pending = collected.stillIn(session);
          return (!confirm && pending.isEmpty()) || storeChanges(session, pending, confirm);
        });
  }

  private boolean touch(Session session) {
    StoredSession known = session.snapshot();
    if (session.takeTouchDue() && !touches.store(known, session.requestedAt())) {
      session.endIfStill(known.id());
    }
    return true;
  }

  private boolean storeChanges(Session session, Pending pending, boolean confirm) {
    StoredSession resolved = session.snapshot();
    Outcome outcome;
    if (!confirm && pending.changesNothingOf(resolved)) {
      // The attribute to be removed is not in the snapshot. Another request may have set it since.
      Optional<StoredSession> found = engine.store().find(resolved.id());
      if (found.filter(newest -> isLeftAsItIs(newest, resolved, pending)).isPresent()) {
        pending.discardFrom(session);
        return touch(session);
      }
      outcome =
          found.isPresent()
              ? update(found.get(), session, pending, false)
              : new Outcome.Dropped(DropReason.ENDED, 1);
    } else {
      outcome = update(resolved, session, pending, confirm);
    }
    if (!(outcome instanceof Outcome.Stored saved)) {
      drop(session, resolved, pending, outcome);
      return pending.isEmpty();
    }
    StoredSession stored = saved.session();
    session.clearRenewal();
    session.onSaved(stored, pending);
    if (saved.attempts() > 1) {
      engine.events().savedAfterConflict(stored, saved.attempts());
    }
    return pending.isWhole(stored, engine.events());
  }

  private boolean isLeftAsItIs(StoredSession newest, StoredSession resolved, Pending pending) {
    return RequestLogin.hasSameFence(resolved, newest)
        && !newest.isExpiredAt(engine.now())
        && pending.changesNothingOf(newest);
  }

  private Outcome update(StoredSession newest, Session session, Pending pending, boolean confirm) {
    StoredSession resolved = session.snapshot();
    return saveLoop.update(
        newest,
        (current, now) -> {
          StoredSessionBuilder next = next(session, resolved, current, now, pending, confirm);
          return next == null ? null : next.build();
        });
  }

  /**
   * Returns the newest snapshot with a request's changes; null if the session now belongs to
   * another login.
   *
   * @param resolved the snapshot that the request started from
   */
  private @Nullable StoredSessionBuilder next(
      Session session,
      StoredSession resolved,
      StoredSession current,
      Instant now,
      Pending pending,
      boolean confirm) {
    if (!RequestLogin.hasSameFence(resolved, current)) {
      return null;
    }
    // The new secret that was presented is the snapshot's, not one from a later renewal.
    boolean confirms =
        confirm && resolved.generation() == current.generation() && Drafts.isUnconfirmed(current);
    StoredSession confirmed = confirms ? Drafts.confirmed(current, now).build() : current;
    return pending
        .applyTo(confirmed, engine.limits())
        .lastSeenMillis(
            Math.max(confirmed.lastSeenMillis(), session.seenMillis(session.requestedAt())));
  }

  /**
   * Tries a step once, together with what the request changed so far. Runs in the save queue.
   *
   * @param pending the request's changes of other attributes
   * @param tries the number of attempts before this one
   * @param deadline the deadline of all attempts together
   */
  Outcome tryStep(Session session, AttributeStep step, Pending pending, int tries, long deadline) {
    StoredSession resolved = session.snapshot();
    boolean confirm = session.renewal() == Renewal.CONFIRM;
    Outcome outcome =
        saveLoop.update(
            step.decidedOn(),
            (current, now) -> {
              StoredSessionBuilder next = next(session, resolved, current, now, pending, confirm);
              return next == null || !step.holdsOn(current)
                  ? null
                  : step.applyTo(next, pending.mergedAttributes(current), engine.limits()).build();
            },
            deadline);
    if (outcome instanceof Outcome.Stored saved) {
      StoredSession stored = saved.session();
      session.clearRenewal();
      new StepValues(session, engine).onStored(stored, pending, step);
      if (tries + saved.attempts() > 1) {
        engine.events().savedAfterConflict(stored, tries + saved.attempts());
      }
      pending.isWhole(stored, engine.events());
      return saved;
    }
    StoredSession overtakenBy = step.overtakenBy();
    return overtakenBy == null
        ? outcome
        : new Outcome.StepNoLongerHolds(overtakenBy, outcome.attempts());
  }

  /** Ends a session whose changes could not be stored, and reports them. */
  private void drop(Session session, StoredSession resolved, Pending pending, Outcome outcome) {
    boolean unused = SessionEnder.endIfStill(session, resolved, SessionStatus.STORED);
    if (!pending.isEmpty()) {
      engine.events().dropped(resolved, reasonOf(outcome), pending.attributes().names());
    }
  }

  /** Returns why a write that no limit concerns was dropped. */
  static DropReason reasonOf(Outcome outcome) {
    if (outcome instanceof Outcome.Dropped dropped) {
      return dropped.reason();
    }
    throw new IllegalStateException("a plain update cannot have this outcome: " + outcome);
  }

  boolean renew(Session session) {
    return switch (session.status()) {
      case ENDED, EPHEMERAL -> false;
      case NEW, STORED -> {
        Pending collected = Pending.of(session);
        yield saveLoop.inTurn(
            session.id(),
            () ->
                session.status() == SessionStatus.NEW
                    ? renewDraft(session)
                    : renewStored(session, collected.stillIn(session)));
      }
    };
  }

  private boolean renewDraft(Session session) {
    SessionToken token = engine.newToken(session.id());
    StoredSession draft = session.snapshot();
    session.redraft(
        Drafts.withNewSecret(draft, draft.toBuilder(), token, engine.now())
            .previousSecretHash(null)
            .build(),
        token);
    return true;
  }

  /**
   * A periodic renewal in between does not prevent this; a login or another explicit renewal does.
   */
  private boolean renewStored(Session session, Pending pending) {
    StoredSession resolved = session.snapshot();
    SessionToken token = engine.newToken(resolved.id());
    Outcome outcome =
        saveLoop.update(
            resolved,
            (current, now) ->
                RequestLogin.isSame(session, current)
                    ? Drafts.withNewSecret(
                            current, pending.applyTo(current, engine.limits()), token, now)
                        .fence(current.generation() + 1)
                        .lastSeenMillis(Math.max(current.lastSeenMillis(), session.seenMillis(now)))
                        .build()
                    : null);
    if (!(outcome instanceof Outcome.Stored saved)) {
      drop(session, resolved, pending, outcome);
      return false;
    }
    return renewed(session, saved.session(), pending, token);
  }

  /** Returns {@code false} if another thread of the request has ended the session. */
  private boolean renewed(
      Session session, StoredSession stored, Pending pending, SessionToken token) {
    engine.events().renewed(stored);
    pending.isWhole(stored, engine.events());
    return session.onRenewed(stored, pending, token);
  }

  boolean renewIfDue(Session session) {
    if (session.renewal().replacesSecret() && session.isStored()) {
      Pending collected = Pending.of(session);
      return saveLoop.inTurn(
          session.id(),
          // Another thread of the request may have been first.
          () ->
              session.renewal().replacesSecret()
                  && session.isStored()
                  && renewPeriodically(session, collected.stillIn(session)));
    }
    return false;
  }

  /**
   * Renews periodically, unless the secret has been replaced since, or the client turned out to
   * have the secret that was believed lost.
   */
  private boolean renewPeriodically(Session session, Pending pending) {
    StoredSession resolved = session.snapshot();
    SessionToken token = engine.newToken(resolved.id());
    boolean lost = session.renewal() == Renewal.LOST;
    Outcome outcome =
        saveLoop.update(
            resolved,
            (current, now) ->
                current.generation() != resolved.generation()
                        || (lost && !Drafts.isUnconfirmed(current))
                    ? null
                    : Drafts.renewed(
                            current, pending.applyTo(current, engine.limits()), token, now, lost)
                        .lastSeenMillis(
                            Math.max(
                                current.lastSeenMillis(),
                                session.seenMillis(session.requestedAt())))
                        .build());
    session.clearRenewal();
    return outcome instanceof Outcome.Stored saved
        && renewed(session, saved.session(), pending, token);
  }
}

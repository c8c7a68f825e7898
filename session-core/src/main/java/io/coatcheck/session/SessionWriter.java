package io.coatcheck.session;

import io.coatcheck.session.event.DropReason;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionToken;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Writes what requests change: inserts, updates, touches, and new secrets without a login. */
final class SessionWriter {

  private final Engine engine;
  private final Touches touches;
  private final SaveLoop saveLoop;

  SessionWriter(Engine engine, Touches touches, SaveLoop saveLoop) {
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
    return saveLoop.inTurn(
        session.id(),
        () -> {
          if (session.status() == Session.Status.NEW) {
            Session.Pending pending = session.pending();
            StoredSession first = pending.applyTo(session.snapshot()).build();
            engine.store().insert(first);
            session.saved(first, pending);
            engine.events().created(first);
          }
          return true;
        });
  }

  private boolean saveStored(Session session) {
    boolean confirm = session.renewal() == Session.Renewal.CONFIRM;
    if (!confirm && (!session.mayHaveChanges() || session.pending().isEmpty())) {
      return touch(session);
    }
    return saveLoop.inTurn(
        session.id(),
        () -> {
          Session.Pending pending = session.pending();
          return (!confirm && pending.isEmpty()) || update(session, pending, confirm);
        });
  }

  private boolean touch(Session session) {
    if (session.takeTouchDue() && !touches.store(session.snapshot(), session.requestedAt())) {
      session.end();
    }
    return true;
  }

  private boolean update(Session session, Session.Pending pending, boolean confirm) {
    StoredSession resolved = session.snapshot();
    SaveLoop.Outcome outcome =
        saveLoop.update(
            resolved,
            (current, now) ->
                resolved.generation() < current.fence()
                    ? Optional.empty()
                    : Optional.of(
                        saved(current, pending, session.requestedAt(), confirm ? now : null)));
    StoredSession stored = outcome.session();
    if (stored == null) {
      drop(session, pending, outcome);
      return pending.isEmpty();
    }
    session.renewalDone();
    session.saved(stored, pending);
    if (outcome.attempts() > 1) {
      engine.events().savedAfterConflict(stored, outcome.attempts());
    }
    return true;
  }

  private static StoredSession saved(
      StoredSession current,
      Session.Pending pending,
      Instant requestedAt,
      @Nullable Instant confirmedAt) {
    StoredSession.Builder next =
        pending.applyTo(current).lastSeenAt(Session.later(current.lastSeenAt(), requestedAt));
    if (confirmedAt != null && current.previousReadableUntil().isPresent()) {
      next.previousReadableUntil(confirmedAt.plus(TokenResolver.RENEWAL_GRACE));
    }
    return next.build();
  }

  private void drop(Session session, Session.Pending pending, SaveLoop.Outcome outcome) {
    StoredSession resolved = session.snapshot();
    session.end();
    if (!pending.isEmpty()) {
      DropReason reason = outcome.dropped() == null ? DropReason.ENDED : outcome.dropped();
      engine.events().dropped(resolved, reason, pending.attributes().values().keySet());
    }
  }

  boolean renew(Session session) {
    return switch (session.status()) {
      case ENDED, EPHEMERAL -> false;
      case NEW, STORED ->
          saveLoop.inTurn(
              session.id(),
              () ->
                  session.status() == Session.Status.NEW
                      ? renewDraft(session)
                      : renewStored(session));
    };
  }

  private boolean renewDraft(Session session) {
    SessionToken token = engine.newToken(session.id());
    session.redraft(
        Drafts.rekeyed(session.snapshot(), token, engine.now()).previousSecretHash(null).build(),
        token);
    return true;
  }

  private boolean renewStored(Session session) {
    StoredSession resolved = session.snapshot();
    Session.Pending pending = session.pending();
    SessionToken token = engine.newToken(resolved.id());
    SaveLoop.Outcome outcome =
        saveLoop.update(
            resolved,
            (current, now) ->
                current.generation() != resolved.generation()
                    ? Optional.empty()
                    : Optional.of(
                        Drafts.rekeyed(pending.applyTo(current).build(), token, now)
                            .fence(current.generation() + 1)
                            .lastSeenAt(Session.later(current.lastSeenAt(), now))
                            .build()));
    StoredSession stored = outcome.session();
    if (stored == null) {
      drop(session, pending, outcome);
      return false;
    }
    session.rekeyed(stored, pending, token);
    engine.events().renewed(stored);
    return true;
  }

  boolean renewIfDue(Session session) {
    if (session.renewal().replacesSecret() && session.isStored()) {
      return saveLoop.inTurn(session.id(), () -> renewPeriodically(session));
    }
    return false;
  }

  private boolean renewPeriodically(Session session) {
    StoredSession resolved = session.snapshot();
    Session.Pending pending = session.pending();
    SessionToken token = engine.newToken(resolved.id());
    boolean lost = session.renewal() == Session.Renewal.LOST;
    SaveLoop.Outcome outcome =
        saveLoop.update(
            resolved,
            (current, now) ->
                current.generation() != resolved.generation()
                    ? Optional.empty()
                    : Optional.of(
                        Drafts.renewed(pending.applyTo(current).build(), token, now, lost)
                            .lastSeenAt(Session.later(current.lastSeenAt(), session.requestedAt()))
                            .build()));
    StoredSession stored = outcome.session();
    session.renewalDone();
    if (stored == null) {
      return false;
    }
    session.rekeyed(stored, pending, token);
    engine.events().renewed(stored);
    return true;
  }
}

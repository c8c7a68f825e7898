package io.coatcheck.session;

import io.coatcheck.session.Finding.Opened;
import io.coatcheck.session.Finding.Refusal;
import io.coatcheck.session.Finding.Source;
import io.coatcheck.session.event.EndReason;
import io.coatcheck.session.event.RefusalReason;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SecretHash;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** Decides whether a token opens the session that was found for its id. */
final class TokenJudge {

  /** How long after a periodic renewal its response may still be on its way to the client. */
  static final Duration GUARD = Duration.ofMinutes(1);

  /**
   * How long after a rotation a request may arrive that was sent before it. Such a request, with
   * another token, must not lead to a new cookie.
   */
  static final Duration UNDER_WAY = Duration.ofSeconds(5);

  /** How long the old secret still authenticates once the client has presented the new one. */
  static final Duration RENEWAL_GRACE = Duration.ofSeconds(10);

  private final EngineContext engine;
  private final Expiry expiry;

  TokenJudge(EngineContext engine, Expiry expiry) {
    this.engine = engine;
    this.expiry = expiry;
  }

  /**
   * Judges a token by what the store has for its id. An expiry is confirmed before the token is
   * refused because of it.
   */
  Finding judge(SessionId id, Optional<StoredSession> found, SecretHash presented) {
    if (found.isEmpty()) {
      return unknown(id, Optional.empty());
    }
    StoredSession session = found.get();
    Instant now = engine.now();
    if (!session.isExpiredAt(now)) {
      return judge(id, session, presented, now, false);
    }
    Optional<StoredSession> newest = expiry.confirm(session, now);
    if (newest.isEmpty()) {
      return unknown(id, Optional.empty());
    }
    Instant then = engine.now();
    return judge(id, newest.get(), presented, then, newest.get().isExpiredAt(then));
  }

  private Finding judge(
      SessionId id, StoredSession session, SecretHash presented, Instant now, boolean expired) {
    if (session.secretHash().equals(presented)) {
      return expired
          ? refused(new Resolution.Expired(id), RefusalReason.EXPIRED, session)
          : new Opened(id, session, presented, renewalOfCurrent(session, now), Source.STORE, now);
    }
    return judgeOther(id, session, presented, now, expired);
  }

  /**
   * Judges a secret that is not the current one. A separate method, so that the common path is
   * inlined.
   */
  private Finding judgeOther(
      SessionId id, StoredSession session, SecretHash presented, Instant now, boolean expired) {
    boolean guards = !expired && Moments.isWithin(GUARD, session.rotatedAt(), now);
    boolean isUnderWay = !expired && Moments.isWithin(UNDER_WAY, session.rotatedAt(), now);
    boolean previous =
        session.previousSecretHash().filter(hash -> hash.equals(presented)).isPresent();
    if (!previous) {
      return refused(new Resolution.Mismatched(id, isUnderWay), RefusalReason.MISMATCHED, session);
    }
    if (!expired && mayRead(session, now)) {
      // The response with the new secret may be on its way for one minute, the guard time. After
      // that it counts as lost, and the client gets another new secret; unless the new secret was
      // presented, in which case the holder of the old one is late, or a thief.
      boolean isLost = !guards && Drafts.isUnconfirmed(session);
      Renewal renewal = isLost ? Renewal.LOST : Renewal.NONE;
      return new Opened(id, session, presented, renewal, Source.STORE, now);
    }
    if (engine.endOnReuse() && !expired && !guards && !Drafts.isReplacedByLogin(session)) {
      engine
          .store()
          .delete(session.id(), session.generation())
          .ifPresent(ended -> engine.events().ended(ended, EndReason.REUSE));
    }
    return refused(new Resolution.Superseded(id, isUnderWay), RefusalReason.SUPERSEDED, session);
  }

  /** Returns whether the previous secret still authenticates, in a session that has not expired. */
  static boolean mayRead(StoredSession session, Instant now) {
    Optional<Instant> until = session.previousReadableUntil();
    return until.isPresent()
        && now.isBefore(until.get())
        && (Drafts.isUnconfirmed(session)
            || !Moments.isOfAnotherTime(until.get().minus(RENEWAL_GRACE), now));
  }

  /** Returns whether a secret is the current one of a session that has not expired. */
  static boolean opens(StoredSession session, SecretHash presented, Instant now) {
    return !session.isExpiredAt(now) && session.secretHash().equals(presented);
  }

  private static Refusal refused(
      Resolution resolution, RefusalReason reason, StoredSession session) {
    return new Refusal(resolution, reason, session.principal());
  }

  static Refusal unknown(SessionId id, Optional<String> principal) {
    return new Refusal(new Resolution.Unknown(id), RefusalReason.UNKNOWN, principal);
  }

  /** Returns what periodic renewal requires of a request that presented the current secret. */
  Renewal renewalOfCurrent(StoredSession session, Instant now) {
    return renewalOf(session, Drafts.isUnconfirmed(session), now.toEpochMilli());
  }

  Renewal renewalOf(StoredSession session, boolean isUnconfirmed, long now) {
    if (isUnconfirmed) {
      return Renewal.CONFIRM;
    }
    Duration interval = engine.renewInterval();
    return !interval.isZero() && isDue(session, interval, now) ? Renewal.DUE : Renewal.NONE;
  }

  /** Returns whether a secret is as old as the interval, or of unknown age. */
  private static boolean isDue(StoredSession session, Duration interval, long now) {
    long age = now - session.rotatedAt().toEpochMilli();
    return age >= interval.toMillis() || age < -Moments.CLOCK_SKEW.toMillis();
  }
}

package io.coatcheck.session;

import io.coatcheck.session.Finding.Opened;
import io.coatcheck.session.Finding.Refusal;
import io.coatcheck.session.Finding.Source;
import io.coatcheck.session.event.RefusalReason;
import io.coatcheck.session.store.LiveSessions;
import io.coatcheck.session.store.LiveSessions.UsableSession;
import io.coatcheck.session.store.NearCopies;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SecretHash;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.session.token.SessionToken;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Resolves tokens. One look-up for each token, and none for a malformed one. What is found is
 * judged by {@link TokenJudge}.
 */
final class TokenResolver {

  /** How many tokens of one request are looked up: an attacker may add cookies of the same name. */
  static final int MAX_TOKENS = 4;

  /** Whether a request that is admitted counts as use of its session. */
  enum Activity {
    COUNTED,
    NOT_COUNTED
  }

  private static final Resolution ABSENT = new Resolution.Absent();
  private static final Refusal MALFORMED =
      new Refusal(new Resolution.Malformed(), RefusalReason.MALFORMED, Optional.empty());

  private final EngineContext engine;
  private final Touches touches;
  private final Expiry expiry;
  private final TokenJudge judge;
  private final boolean countsAsActivity;

  /** The sessions that are used without calls of the store; null if each request calls it. */
  private final @Nullable LiveSessions usedInPlace;

  TokenResolver(EngineContext engine, Touches touches, Activity activity) {
    this.engine = engine;
    this.touches = touches;
    expiry = new Expiry(engine);
    judge = new TokenJudge(engine, expiry);
    countsAsActivity = activity == Activity.COUNTED;
    usedInPlace = countsAsActivity && engine.touchInterval().isZero() ? engine.usedInPlace() : null;
  }

  /**
   * Resolves the tokens that a request presented.
   *
   * @param hints what the client says it has seen; older copies are not used
   */
  Resolution resolve(List<String> presented, List<String> hints) {
    if (presented.isEmpty()) {
      return ABSENT;
    }
    if (presented.size() == 1) {
      String only = presented.get(0);
      return resolve(only, 0, only.length(), hints);
    }
    return resolveOneOf(presented, hints);
  }

  /** Resolves a single token, which may be a part of a longer text. */
  Resolution resolve(String text, int start, int end, List<String> hints) {
    Optional<SessionToken> token = SessionToken.parse(text, start, end);
    if (token.isEmpty()) {
      return refuse(MALFORMED);
    }
    return engine.copies().isEmpty()
        ? resolveInStore(token.get())
        : resolveNear(token.get(), hints, engine.copies().get());
  }

  private Resolution resolved(Finding finding) {
    return finding instanceof Opened opened ? accept(opened) : refuse((Refusal) finding);
  }

  /**
   * Resolves a token of a session that is used in place: one look-up, and no copy of the snapshot.
   *
   * @return null if the token does not open it; then the store is asked for the reason
   */
  private @Nullable Resolution resolveInPlace(LiveSessions all, SessionToken token) {
    UsableSession place = all.use(token.id());
    StoredSession session = place == null ? null : place.snapshot();
    if (place == null || session == null) {
      return null;
    }
    // As in find, the look-up precedes the hash: what is needed of the snapshot is read before it.
    SecretHash current = session.secretHash();
    boolean isUnconfirmed = Drafts.isUnconfirmed(session);
    if (!current.equals(token.secretHash())) {
      return null;
    }
    // The clock is read after the look-up, and the touch checks the deadline.
    long now = engine.clock().millis();
    long seenBefore = place.touch(now);
    return seenBefore < 0 || touches.undoInPlace(session, seenBefore, now)
        ? null
        : new Resolution.Live(
            new Session(
                engine,
                token.id(),
                session,
                place,
                now,
                seenBefore,
                judge.renewalOf(session, isUnconfirmed, now)));
  }

  /** Allocates no finding if the token opens its session, as nearly all do. */
  private Resolution resolveInStore(SessionToken token) {
    LiveSessions inPlace = usedInPlace;
    if (inPlace != null && !FlightRecording.recordsStoreCalls()) {
      Resolution resolved = resolveInPlace(inPlace, token);
      if (resolved != null) {
        return resolved;
      }
    }
    // As in find, the look-up precedes the hash.
    Optional<StoredSession> found = engine.store().find(token.id());
    SecretHash presented = token.secretHash();
    if (found.isEmpty()) {
      return refuse(TokenJudge.unknown(token.id(), Optional.empty()));
    }
    Instant now = engine.now();
    return TokenJudge.opens(found.get(), presented, now)
        ? accept(
            token.id(), found.get(), judge.renewalOfCurrent(found.get(), now), Source.STORE, now)
        : resolved(judge.judge(token.id(), found, presented));
  }

  /**
   * Accepts one of several tokens only if no other is live, so that planting an extra cookie gains
   * nothing. If there are more than are looked up, none counts, since one that is left out may be
   * live.
   */
  private Resolution resolveOneOf(List<String> presented, List<String> hints) {
    if (presented.size() > MAX_TOKENS) {
      return refuseAmbiguous();
    }
    Opened live = null;
    Refusal refused = null;
    for (String text : presented) {
      Finding finding = SessionToken.parse(text).map(token -> find(token, hints)).orElse(MALFORMED);
      if (live != null && finding instanceof Opened other && !live.id().equals(other.id())) {
        Finding before = confirmed(live);
        finding = confirmed(other);
        if (before instanceof Opened && finding instanceof Opened) {
          return refuseAmbiguous();
        }
        live = before instanceof Opened still ? still : null;
        refused = before instanceof Refusal refusal ? guarding(refused, refusal) : refused;
      }
      if (finding instanceof Refusal refusal) {
        refused = guarding(refused, refusal);
      } else if (live == null || live.renewal() != Renewal.CONFIRM) {
        // Otherwise the client also has the newer secret of this session, and that one counts.
        live = (Opened) finding;
      }
    }
    if (live != null) {
      // Looking up the others may have taken a while, in which this session may have been used.
      Instant now = engine.now();
      return live.session().isExpiredAt(now)
          ? resolved(lookUpAgain(live))
          : accept(live.id(), live.session(), live.renewal(), live.source(), now);
    }
    return refused == null ? ABSENT : refuse(refused);
  }

  /** Returns the refusal that counts: the first, unless the second guards a newer token. */
  private static Refusal guarding(@Nullable Refusal first, Refusal second) {
    return first == null || second.resolution().guardsNewerToken() ? second : first;
  }

  /**
   * Confirms with the store what only a copy said: a copy of a session that has ended must not
   * cause a refusal.
   */
  private Finding confirmed(Opened opened) {
    return opened.source() == Source.STORE ? opened : lookUpAgain(opened);
  }

  private Finding lookUpAgain(Opened opened) {
    return judge.judge(opened.id(), engine.store().find(opened.id()), opened.presented());
  }

  private Resolution refuseAmbiguous() {
    engine.events().refused(RefusalReason.AMBIGUOUS, Optional.empty(), Optional.empty());
    return ABSENT;
  }

  private Resolution refuse(Refusal refusal) {
    engine.events().refused(refusal.reason(), refusal.resolution().id(), refusal.principal());
    return refusal.resolution();
  }

  /**
   * Begins another working copy of a session that still has the same secret: see {@link
   * SessionAdapter#reopen(SessionId, long)}.
   */
  Optional<Session> reopen(SessionId id, long generation) {
    return reopen(id, found -> found.generation() == generation);
  }

  /**
   * Begins another working copy of a session that still has the same login: see {@link
   * SessionAdapter#reopen(SessionId, long, Optional)}.
   */
  Optional<Session> reopen(SessionId id, long fence, Optional<Instant> authenticatedAt) {
    return reopen(
        id, found -> found.fence() == fence && found.authenticatedAt().equals(authenticatedAt));
  }

  /** Begins another working copy of a session, if it is live and matches. */
  private Optional<Session> reopen(SessionId id, Predicate<StoredSession> isSame) {
    return expiry
        .live(engine.store().find(id).filter(isSame))
        .filter(isSame)
        .map(found -> accept(id, found, Renewal.NONE, Source.STORE, engine.now()))
        .flatMap(
            resolution ->
                resolution instanceof Resolution.Live live
                    ? Optional.of(live.session())
                    : Optional.empty());
  }

  /** The clock is read after the store has answered, which may have taken a while. */
  private Finding find(SessionToken token, List<String> hints) {
    if (engine.copies().isPresent()) {
      NearCopies.Lookup near = lookUp(token.id(), hints, engine.copies().get());
      return judgeNear(token.id(), near, token.secretHash());
    }
    // The look-up precedes the hash, which does not depend on it: the processor hashes while it
    // waits for the session's memory.
    Optional<StoredSession> found = engine.store().find(token.id());
    return judge.judge(token.id(), found, token.secretHash());
  }

  /** Allocates no finding if a copy admits the request, as nearly all do. */
  private Resolution resolveNear(SessionToken token, List<String> hints, NearCopies copies) {
    NearCopies.Lookup near = lookUp(token.id(), hints, copies);
    SecretHash presented = token.secretHash();
    StoredSession copy = near.isConfirmed() || near.isStale() ? null : near.session().orElse(null);
    if (copy != null) {
      Instant now = engine.now();
      if (TokenJudge.opens(copy, presented, now)) {
        return accept(token.id(), copy, judge.renewalOfCurrent(copy, now), Source.COPY, now);
      }
    }
    return resolved(judgeNear(token.id(), near, presented));
  }

  private static NearCopies.Lookup lookUp(SessionId id, List<String> hints, NearCopies copies) {
    VersionHint seen = hints.isEmpty() ? VersionHint.NONE : VersionHint.among(hints, id);
    return copies.lookUp(id, seen.generation(), seen.version());
  }

  private Finding judgeNear(SessionId id, NearCopies.Lookup near, SecretHash presented) {
    if (near.isConfirmed()) {
      return judge.judge(id, near.session(), presented);
    }
    Instant now = engine.now();
    if (near.session().filter(copy -> TokenJudge.opens(copy, presented, now)).isPresent()) {
      StoredSession copy = near.session().get();
      return near.isStale()
          ? new Opened(id, copy, presented, Renewal.NONE, Source.STALE_COPY, now)
          : new Opened(id, copy, presented, judge.renewalOfCurrent(copy, now), Source.COPY, now);
    }
    // A copy may admit a request, never reject one; anything else is decided by the store.
    return judge.judge(id, engine.store().find(id), presented);
  }

  /**
   * Stores activity that cannot wait for the save: see {@link SessionAdapter#storeUrgentActivity}.
   * A separate step, since only the caller knows that the request is being served.
   */
  Resolution storeUrgentActivity(Resolution.Live resolved) {
    Session session = resolved.session();
    if (!session.isTouchDue()) {
      return resolved;
    }
    StoredSession known = session.snapshot();
    if (!touches.isUrgent(known, session.requestedAt()) || !session.takeTouchDue()) {
      return resolved;
    }
    if (touches.store(known, session.requestedAt())) {
      return resolved;
    }
    session.endIfStill(known.id());
    return refuse(TokenJudge.unknown(known.id(), known.principal()));
  }

  private Resolution accept(Opened opened) {
    return accept(opened.id(), opened.session(), opened.renewal(), opened.source(), opened.now());
  }

  private Resolution accept(
      SessionId id, StoredSession session, Renewal renewal, Source source, Instant now) {
    boolean due = countsAsActivity && touches.isDue(session, now);
    if (due && source == Source.STALE_COPY && touches.showNearby(session, now)) {
      due = false;
    }
    if (due && touches.areExact(session)) {
      if (!touches.storeNow(session, now)) {
        return refuse(TokenJudge.unknown(id, session.principal()));
      }
      due = false;
    }
    return new Resolution.Live(
        new Session(engine, id, session, now, countsAsActivity, due, renewal));
  }
}

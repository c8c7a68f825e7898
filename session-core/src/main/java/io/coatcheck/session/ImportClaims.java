package io.coatcheck.session;

import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * The {@link Claims claims} of credentials that are imported. Each attempt to import one has its
 * own generation, which is even; the claim of a credential that was imported has the next
 * generation, which is odd. So an attempt that was abandoned, since its node died or its store
 * failed, can be taken over, and one that was slow finds that out. The claim of a credential that a
 * logout used up is final: an attempt in progress then also finds that it was taken over.
 *
 * <p>A claim is complete before a client can use the session. So a complete claim without a session
 * means that the session has ended. An incomplete claim means that no client has received a token.
 * No claim beside a session means that its attempt was taken back, and the session stored after
 * that.
 *
 * <p>A session begins with the generation that its claim has when it is complete, and keeps that as
 * its fence until there is a login into it or an explicit renewal. So a session that was stored
 * after another attempt has imported the credential differs from the session of that attempt.
 */
final class ImportClaims {

  /** How long after it began an attempt may be taken over. */
  static final Duration ABANDONED = Duration.ofMinutes(1);

  private static final String PREFIX = "import:";
  private static final int MAX_TRIES = 10;

  private final EngineContext engine;
  private final Claims claims;

  ImportClaims(EngineContext engine, Claims claims) {
    this.engine = engine;
    this.claims = claims;
  }

  Optional<StoredSession> find(String credential) {
    return engine.store().find(Claims.id(digest(credential)));
  }

  static boolean isComplete(StoredSession claim) {
    return claim.generation() % 2 != 0;
  }

  /**
   * Returns how long ago an attempt began; negative if the clock of its node is ahead. One that
   * began before the clock was set back has been abandoned.
   */
  Duration age(StoredSession attempt) {
    Instant began = attempt.authenticatedAt().orElseThrow();
    Instant now = engine.now();
    return Moments.isOfAnotherTime(began, now) ? ABANDONED : Duration.between(began, now);
  }

  /** Begins the first attempt; empty if there is a claim already. */
  Optional<StoredSession> begin(String credential, Instant until) {
    StoredSession attempt = claims.attempt(record(credential, until));
    return claims.insert(attempt) ? Optional.of(attempt) : Optional.empty();
  }

  /** Claims a credential that must no longer be imported, in place of any other claim of it. */
  void spend(String credential, Instant until) {
    claims.useUp(record(credential, until));
  }

  private StoredSession record(String credential, Instant until) {
    byte[] digest = digest(credential);
    return claims.record(Claims.id(digest), Claims.principal(digest), engine.now(), until);
  }

  /** Begins another attempt in place of one that was abandoned; empty if another call was first. */
  Optional<StoredSession> takeOver(StoredSession abandoned, Instant until) {
    StoredSession next =
        abandoned.toBuilder()
            .generation(claims.newGeneration())
            .authenticatedAt(engine.now())
            .absoluteDeadline(Claims.deadline(until))
            .build();
    return engine.store().update(next, engine.now())
        ? Optional.of(next.withNextVersion())
        : Optional.empty();
  }

  /**
   * Completes the claim of an attempt.
   *
   * @return whether it is complete; {@code false} if another attempt has taken over
   */
  boolean complete(StoredSession attempt) {
    return complete(attempt, generation(attempt)).isPresent();
  }

  /** Returns the generation of the session of an attempt, and of its claim once complete. */
  static long generation(StoredSession attempt) {
    return attempt.generation() + 1;
  }

  private Optional<StoredSession> complete(StoredSession attempt, long generation) {
    StoredSession next = attempt.toBuilder().generation(generation).build();
    if (engine.store().update(next, engine.now())) {
      return Optional.of(next);
    }
    Optional<StoredSession> found =
        engine.store().find(attempt.id()).filter(claim -> claim.generation() == generation);
    found.ifPresent(this::confirm);
    return found;
  }

  /** The call that completed a claim may have failed since no replica had confirmed it. */
  private void confirm(StoredSession complete) {
    claims.confirm(complete.id());
  }

  /** Returns whether a credential was used up during an attempt. */
  boolean isUsedUp(StoredSession attempt) {
    return engine.store().find(attempt.id()).filter(Claims::isUsedUp).isPresent();
  }

  /**
   * Completes the claim of a credential whose session was found, and makes one if there is none.
   *
   * @param until how long to keep a claim that is made here
   * @param generation what a claim gets that is completed here; odd
   * @param isStored returns whether the session is there, now that there is a claim: the attempt
   *     that had the claim before may have ended the session
   * @return the claim, which may be final; empty if the session is gone, and no claim was left
   */
  Optional<StoredSession> completeFor(
      String credential, Instant until, long generation, BooleanSupplier isStored) {
    for (int tries = 0; tries < MAX_TRIES; tries++) {
      Optional<StoredSession> claim = find(credential);
      if (claim.isEmpty()) {
        claim = begin(credential, until);
        if (claim.isPresent() && !isStored.getAsBoolean()) {
          withdrawIncomplete(claim.get());
          return Optional.empty();
        }
      }
      if (claim.isPresent() && isComplete(claim.get())) {
        confirm(claim.get());
        return claim;
      }
      Optional<StoredSession> complete = claim.flatMap(begun -> complete(begun, generation));
      if (complete.isPresent()) {
        return complete;
      }
    }
    throw new SessionStoreException(
        "import: another request took over " + MAX_TRIES + " times; retry");
  }

  /**
   * Returns whether the other library has ended its session, other than because of the import. That
   * comes after the claim is complete, and another request may complete it during this call.
   *
   * @param imported the session that was imported, as it was found
   */
  boolean hasEndedElsewhere(String credential, StoredSession imported, ImportSource source) {
    return source.isEndedByImport()
        ? !mayHaveCompleted(credential, imported)
            && !source.isStillLive()
            && !mayHaveCompleted(credential, imported)
        : !source.isStillLive();
  }

  /**
   * Returns whether an import may have been completed. If a request has opened its session, the
   * claim was complete then, and may have expired since.
   */
  private boolean mayHaveCompleted(String credential, StoredSession imported) {
    return imported.generation() != imported.fence()
        || find(credential).filter(ImportClaims::isComplete).isPresent();
  }

  /** Withdraws the claim of an attempt, complete or not; does nothing if another has taken over. */
  void withdraw(StoredSession attempt) {
    if (!withdrawIncomplete(attempt)) {
      engine.store().delete(attempt.id(), generation(attempt));
    }
  }

  /** Withdraws the claim of an attempt; returns false if it is complete, or was taken over. */
  boolean withdrawIncomplete(StoredSession attempt) {
    return claims.withdraw(attempt);
  }

  private static byte[] digest(String credential) {
    return Claims.digest(PREFIX + credential);
  }
}

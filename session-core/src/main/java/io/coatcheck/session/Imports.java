package io.coatcheck.session;

import io.coatcheck.session.codec.AttributeCodecException;
import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.event.DropReason;
import io.coatcheck.session.event.EndReason;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.StoredSessionBuilder;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.session.token.SessionToken;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;

/**
 * Imports sessions that another library kept.
 *
 * <p>The id and the first token of the new session are derived from the old credential, so that all
 * requests with that credential find the same session. It is stored as if its secret had been
 * renewed periodically and the response had been lost: the derived token opens it and is answered
 * with another one, and once the client has presented that, the derived one opens nothing. A {@link
 * Claims claim} of the credential is made before, and outlives the session, so that the credential
 * imports nothing after a logout.
 */
final class Imports {

  /** How long after its claim an import may be under way. */
  private static final Duration UNDER_WAY = Duration.ofSeconds(5);

  private static final Duration PAUSE = Duration.ofMillis(20);

  /** Longer ago than a renewal may be under way, on clocks that differ. */
  private static final Duration LOST_LONG_AGO = TokenResolver.GUARD.multipliedBy(2);

  private static final String CLAIM = "import:";
  private static final String ID = "import-id:";
  private static final String SECRET = "import-secret:";

  private final EngineContext engine;
  private final Claims claims;
  private final Authenticator logins;

  Imports(EngineContext engine, Claims claims, Authenticator logins) {
    this.engine = engine;
    this.claims = claims;
    this.logins = logins;
  }

  ImportResult importSession(String credential, ImportSource source) {
    SessionToken token = tokenOf(credential);
    String claim = CLAIM + credential;
    long began = System.nanoTime();
    while (true) {
      Optional<StoredSession> known = engine.store().find(token.id());
      if (known.isPresent()) {
        return found(known.get(), token, source);
      }
      Optional<Instant> claimedAt = claims.claimedAt(claim);
      if (claimedAt.isEmpty()) {
        Optional<ImportResult> made = tryOnce(claim, token, source);
        if (made.isPresent()) {
          return made.get();
        }
      } else if (!engine.now().isBefore(claimedAt.get().plus(UNDER_WAY))
          || System.nanoTime() - began > UNDER_WAY.toNanos()) {
        return ImportResult.of(ImportResult.Status.SPENT);
      }
      LockSupport.parkNanos(PAUSE.toNanos());
      if (Thread.currentThread().isInterrupted()) {
        throw new SessionStoreException("import: interrupted while another import was under way");
      }
    }
  }

  /**
   * Returns the result for a session that was imported before. As long as its client has only the
   * old credential, a logout of the other library ends it.
   */
  private ImportResult found(StoredSession known, SessionToken token, ImportSource source) {
    boolean opens =
        known.previousSecretHash().filter(token.secretHash()::equals).isPresent()
            && Drafts.isUnconfirmed(known);
    if (opens && !source.isStillLive()) {
      engine
          .store()
          .delete(known.id(), known.generation())
          .ifPresent(ended -> engine.events().ended(ended, EndReason.REVOKED));
      return ImportResult.of(ImportResult.Status.REFUSED);
    }
    return new ImportResult(ImportResult.Status.FOUND, Optional.of(token));
  }

  /** Imports the session, unless another call is first: then the result is empty. */
  private Optional<ImportResult> tryOnce(String claim, SessionToken token, ImportSource source) {
    ImportedSession loaded = source.load().orElse(null);
    if (loaded == null || !loaded.usableUntil().isAfter(engine.now())) {
      return Optional.of(ImportResult.of(ImportResult.Status.REFUSED));
    }
    loaded.principal().ifPresent(Drafts::checkPrincipal);
    Draft draft = draft(token, loaded);
    if (!claims.claim(claim, loaded.usableUntil())) {
      return Optional.empty();
    }
    boolean isStored = false;
    try {
      if (!logins.admit(draft.session())) {
        claims.release(claim);
        return Optional.of(ImportResult.of(ImportResult.Status.LIMIT_REACHED));
      }
      isStored = true;
      if (!source.isStillLive()) {
        takeBack(claim, token.id(), true);
        return Optional.of(ImportResult.of(ImportResult.Status.REFUSED));
      }
    } catch (RuntimeException | Error failure) {
      undo(claim, token.id(), isStored, failure);
      throw failure;
    }
    report(draft, loaded);
    return Optional.of(new ImportResult(ImportResult.Status.IMPORTED, Optional.of(token)));
  }

  /** Makes the credential good for another attempt, unless its session was used and has ended. */
  private void takeBack(String claim, SessionId id, boolean isStored) {
    if (engine.store().delete(id).isPresent() || !isStored) {
      claims.release(claim);
    }
  }

  private void undo(String claim, SessionId id, boolean isStored, Throwable failure) {
    try {
      takeBack(claim, id, isStored);
    } catch (SessionStoreException e) {
      failure.addSuppressed(e);
    }
  }

  /** A session that is not stored yet, and what could not be kept of it. */
  private record Draft(
      StoredSession session,
      Map<String, AttributeCodecException> undecodable,
      TreeSet<String> tooLarge) {}

  private Draft draft(SessionToken token, ImportedSession loaded) {
    Map<String, AttributeCodecException> undecodable = new TreeMap<>(loaded.undecodable());
    TreeSet<String> tooLarge = new TreeSet<>();
    Map<String, AttributeValue> kept = new HashMap<>();
    AttributeLimits.Room room = engine.limits().roomBeside(kept);
    new TreeMap<>(loaded.attributes())
        .forEach(
            (name, value) -> {
              try {
                if (!room.fits(kept, name, engine.attributeValue(name, value))) {
                  tooLarge.add(name);
                }
              } catch (AttributeCodecException e) {
                undecodable.put(name, e);
              }
            });
    Instant now = engine.now();
    Instant deadline = Drafts.deadline(now, engine.policy().absoluteTimeout());
    StoredSessionBuilder next =
        StoredSession.builder(token.id())
            .secretHash(engine.newToken(token.id()).secretHash())
            .previousSecretHash(token.secretHash())
            .previousReadableUntil(deadline)
            .generation(1)
            .rotatedAt(now.minus(LOST_LONG_AGO))
            .createdAt(now)
            .idleTimeout(engine.policy().anonymousIdleTimeout())
            .absoluteDeadline(deadline)
            .attributes(kept);
    loaded
        .principal()
        .ifPresent(
            principal ->
                next.principal(principal)
                    .authenticatedAt(loaded.authenticatedAt())
                    .idleTimeout(engine.policy().idleTimeout()));
    return new Draft(next.build(), undecodable, tooLarge);
  }

  private void report(Draft draft, ImportedSession loaded) {
    Events events = engine.events();
    events.created(draft.session());
    if (loaded.principal().isPresent()) {
      events.authenticated(draft.session());
    }
    draft.undecodable().forEach((name, e) -> events.undecodable(draft.session(), name, e));
    if (!draft.tooLarge().isEmpty()) {
      events.dropped(draft.session(), DropReason.LIMIT, draft.tooLarge());
    }
  }

  private static SessionToken tokenOf(String credential) {
    SessionId id = Claims.id(Claims.digest(ID + credential));
    String secret =
        Base64.getUrlEncoder().withoutPadding().encodeToString(Claims.digest(SECRET + credential));
    return SessionToken.parse(id + "." + secret).orElseThrow();
  }
}

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
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Imports sessions that another library kept.
 *
 * <p>The id of the new session is derived from the old credential, so that all requests with that
 * credential find the same session. Its first token is derived from the credential and the
 * generation of the attempt: a request opens only the session that it has found, and no other one
 * that is stored late under the same id. The session is stored as if its secret had been renewed
 * periodically and the response had been lost: the derived token opens it and is answered with
 * another one, and once the client has presented that, the derived one opens nothing. {@link
 * ImportClaims A claim} of the credential is made before, and outlives the session, so that the
 * credential imports nothing after a logout.
 */
final class Imports {

  /** How long a request waits for another one that imports the same session. */
  private static final Duration UNDER_WAY = Duration.ofSeconds(5);

  /** How long it waits if the other one began so long ago that it has probably failed. */
  private static final Duration OBSERVED = Duration.ofSeconds(1);

  /** Longer than the response to a renewal can be on its way, even if clocks differ. */
  private static final Duration LOST_LONG_AGO = TokenJudge.GUARD.multipliedBy(2);

  /** Longer than any credential is usable. Used for a claim where that is not known. */
  private static final Duration LONGEST_USE = Duration.ofDays(400);

  private static final String ID = "import-id:";
  private static final String SECRET = "import-secret:";

  private final EngineContext engine;
  private final ImportClaims claims;
  private final ImportQueue queue = new ImportQueue();
  private final Authenticator logins;
  private final SessionEnder endings;
  private final ForeignPrincipals principals;

  Imports(
      EngineContext engine,
      ImportClaims claims,
      Authenticator logins,
      SessionEnder endings,
      ForeignPrincipals principals) {
    this.engine = engine;
    this.claims = claims;
    this.logins = logins;
    this.endings = endings;
    this.principals = principals;
  }

  ImportResult importSession(String credential, ImportSource source) {
    SessionId id = idOf(credential);
    try (ImportQueue.Visit visit = queue.enter()) {
      while (true) {
        Optional<ImportResult> result = lookOnce(credential, id, source, visit);
        if (result.isPresent()) {
          return result.get();
        }
        visit.pause();
      }
    }
  }

  /** Finds or makes the session; empty if another call is importing it. */
  private Optional<ImportResult> lookOnce(
      String credential, SessionId id, ImportSource source, ImportQueue.Visit visit) {
    Optional<StoredSession> known = engine.store().find(id);
    if (known.isPresent()) {
      return found(known.get(), credential, source);
    }
    Optional<StoredSession> claim = claims.find(credential);
    if (claim.isEmpty()) {
      return tryOnce(credential, null, id, source);
    }
    if (ImportClaims.isComplete(claim.get())) {
      // It may have been stored after it was looked up.
      known = engine.store().find(id);
      return known.isPresent()
          ? found(known.get(), credential, source)
          : Optional.of(ImportResult.of(ImportResult.Status.SPENT));
    }
    Duration age = claims.age(claim.get());
    if (!visit.hasLasted(age.compareTo(UNDER_WAY) < 0 ? UNDER_WAY : OBSERVED)) {
      return Optional.empty();
    }
    if (age.compareTo(ImportClaims.ABANDONED) < 0) {
      throw new SessionStoreException(
          "import: another request is importing this session; retry "
              + ImportClaims.ABANDONED
              + " after it began");
    }
    return tryOnce(credential, claim.get(), id, source);
  }

  /**
   * Makes a credential import nothing from now on, if there is anything to import, and ends what
   * was imported with it, if it still opens that.
   *
   * @param own the session that the caller ends itself
   */
  void spend(String credential, ImportSource source, Optional<SessionId> own) {
    source
        .load()
        .map(ImportedSession::usableUntil)
        .filter(until -> until.isAfter(engine.now()))
        .ifPresent(until -> claims.spend(credential, until));
    SessionId id = idOf(credential);
    if (own.filter(id::equals).isEmpty()) {
      Optional<StoredSession> known = engine.store().find(id);
      if (known.isPresent()) {
        endings.invalidatePresented(List.of(tokenOf(credential, known.get()).value()));
      } else {
        endings.confirmEnd(id);
      }
    }
  }

  /**
   * Returns the result for a session that was imported before; empty if it is gone, and can be
   * imported again. While its client has only the old credential, a logout of the other library
   * ends it, and so does one that used the credential up.
   */
  private Optional<ImportResult> found(
      StoredSession known, String credential, ImportSource source) {
    SessionToken token = tokenOf(credential, known);
    boolean opens =
        known.previousSecretHash().filter(token.secretHash()::equals).isPresent()
            && Drafts.isUnconfirmed(known);
    if (!opens) {
      return Optional.of(foundBy(token));
    }
    if (claims.hasEndedElsewhere(credential, known, source)) {
      return Optional.of(endUnconfirmed(known, ImportResult.Status.REFUSED));
    }
    return claims
        .completeFor(
            credential,
            engine.now().plus(LONGEST_USE),
            known.fence(),
            () -> engine.store().find(known.id()).isPresent())
        .flatMap(
            claim -> {
              if (Claims.isUsedUp(claim)) {
                return Optional.of(endUnconfirmed(known, ImportResult.Status.SPENT));
              }
              return known.fence() == claim.generation()
                  ? Optional.of(foundBy(token))
                  : endLeftOver(known);
            });
  }

  /**
   * Ends a session that was stored after the import failed, and after another one, whose session
   * has ended since.
   *
   * @return empty if it was ended in between
   */
  private Optional<ImportResult> endLeftOver(StoredSession known) {
    return endIfStill(known)
        ? Optional.of(ImportResult.of(ImportResult.Status.SPENT))
        : Optional.empty();
  }

  private static ImportResult foundBy(SessionToken token) {
    return new ImportResult(ImportResult.Status.FOUND, Optional.of(token));
  }

  /** Ends a session that its credential opens, and must no longer. */
  private ImportResult endUnconfirmed(StoredSession known, ImportResult.Status status) {
    endIfStill(known);
    return ImportResult.of(status);
  }

  /** Ends a session, unless it has a new secret; returns whether this call ended it. */
  private boolean endIfStill(StoredSession known) {
    Optional<StoredSession> deleted = engine.store().delete(known.id(), known.generation());
    deleted.ifPresent(ended -> engine.events().ended(ended, EndReason.REVOKED));
    return deleted.isPresent();
  }

  /**
   * Imports the session, unless another call is first: then the result is empty.
   *
   * @param abandoned an attempt that is to be taken over
   */
  private Optional<ImportResult> tryOnce(
      String credential, @Nullable StoredSession abandoned, SessionId id, ImportSource source) {
    ImportedSession loaded = source.load().orElse(null);
    if (loaded == null || !loaded.usableUntil().isAfter(engine.now())) {
      // Another call may have imported it since, and ended it in the other library.
      return abandoned == null && claims.find(credential).isPresent()
          ? Optional.empty()
          : Optional.of(ImportResult.of(ImportResult.Status.REFUSED));
    }
    if (loaded.principal().filter(principal -> !principals.accepts(principal)).isPresent()) {
      return Optional.of(ImportResult.of(ImportResult.Status.REFUSED));
    }
    Draft draft = draft(id, loaded);
    Optional<StoredSession> attempt =
        abandoned == null
            ? claims.begin(credential, loaded.usableUntil())
            : claims.takeOver(abandoned, loaded.usableUntil());
    return attempt.map(
        begun -> store(credential, begun, draft.of(begun, credential), loaded, source));
  }

  private ImportResult store(
      String credential,
      StoredSession attempt,
      Draft draft,
      ImportedSession loaded,
      ImportSource source) {
    boolean isStored = false;
    try {
      if (!logins.admit(draft.session())) {
        claims.withdrawIncomplete(attempt);
        return ImportResult.of(ImportResult.Status.LIMIT_REACHED);
      }
      isStored = true;
      if (claims.hasEndedElsewhere(credential, draft.session(), source)) {
        refuse(attempt, draft.session());
        return ImportResult.of(ImportResult.Status.REFUSED);
      }
      if (claims.complete(attempt)) {
        report(draft, loaded);
        return new ImportResult(ImportResult.Status.IMPORTED, draft.token());
      }
    } catch (Throwable failure) {
      undo(attempt, draft.session(), isStored, failure);
      throw failure;
    }
    deleteOwn(draft.session());
    if (claims.isUsedUp(attempt)) {
      return ImportResult.of(ImportResult.Status.SPENT);
    }
    throw new SessionStoreException("import: it took so long that another request took over");
  }

  /**
   * Deletes the session of this attempt, unless it is in use: a request that opens it gives it a
   * new secret and the next generation. The session of another attempt differs in both as well.
   *
   * @return whether this call deleted it
   */
  private boolean deleteOwn(StoredSession draft) {
    return engine.store().find(draft.id()).filter(found -> isOwn(found, draft)).isPresent()
        && engine.store().delete(draft.id(), draft.generation()).isPresent();
  }

  private static boolean isOwn(StoredSession session, StoredSession draft) {
    return session.secretHash().equals(draft.secretHash());
  }

  /** Ends the session of this attempt, in use or not, as the other library has ended its own. */
  private void refuse(StoredSession attempt, StoredSession draft) {
    Optional<StoredSession> deleted = engine.store().delete(draft.id());
    if (deleted.filter(ended -> isOwn(ended, draft)).isPresent()) {
      claims.withdraw(attempt);
    } else {
      deleted.ifPresent(ended -> engine.events().ended(ended, EndReason.REVOKED));
    }
  }

  /** Makes the credential usable for another attempt, unless its session was used. */
  private void takeBack(StoredSession attempt, StoredSession draft, boolean isStored) {
    if (deleteOwn(draft)) {
      claims.withdraw(attempt);
    } else if (!isStored) {
      // If another request completed the claim, the session was stored after all.
      claims.withdrawIncomplete(attempt);
    }
  }

  private void undo(
      StoredSession attempt, StoredSession draft, boolean isStored, Throwable failure) {
    try {
      takeBack(attempt, draft, isStored);
    } catch (SessionStoreException e) {
      failure.addSuppressed(e);
    }
  }

  /** A session that is not stored yet, and what could not be kept of it. */
  private record Draft(
      Optional<SessionToken> token,
      StoredSession session,
      Map<String, AttributeCodecException> undecodable,
      TreeSet<String> tooLarge) {

    /**
     * Returns this as the session of an attempt. It has its own version, so that a request which
     * has the session of another attempt changes nothing.
     */
    Draft of(StoredSession attempt, String credential) {
      long generation = ImportClaims.generation(attempt);
      SessionToken opening = tokenOf(credential, generation);
      StoredSession own =
          session.toBuilder()
              .generation(generation)
              .fence(generation)
              .version(generation)
              .previousSecretHash(opening.secretHash())
              .previousReadableUntil(session.absoluteDeadline())
              .build();
      return new Draft(Optional.of(opening), own, undecodable, tooLarge);
    }
  }

  private Draft draft(SessionId id, ImportedSession loaded) {
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
        StoredSession.builder(id)
            .secretHash(engine.newToken(id).secretHash())
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
    return new Draft(Optional.empty(), next.build(), undecodable, tooLarge);
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

  private static SessionId idOf(String credential) {
    return Claims.id(Claims.digest(ID + credential));
  }

  /**
   * Returns the token that a credential derives for an imported session. The fence is the
   * generation that the session began with, as long as a derived token can open it.
   */
  private static SessionToken tokenOf(String credential, StoredSession imported) {
    return tokenOf(credential, imported.fence());
  }

  private static SessionToken tokenOf(String credential, long generation) {
    byte[] digest = Claims.digest(SECRET + generation + ":" + credential);
    String secret = Base64.getUrlEncoder().withoutPadding().encodeToString(digest);
    return SessionToken.parse(idOf(credential) + "." + secret).orElseThrow();
  }
}

package io.coatcheck.session;

import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.session.token.SessionToken;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Optional;

/**
 * Claims of texts that may be used once, kept as sessions that no secret opens. Inserting a session
 * never overwrites, so of all nodes exactly one makes the claim.
 *
 * <p>A text is in use while an attempt holds its claim, and used up from then on. Each attempt has
 * its own generation, so it can withdraw only its own claim, and not even that once the text was
 * used up: the claim then has the generation {@link #USED_UP}, and is final.
 *
 * <p>Each claim has its own principal, because a full store in memory evicts anonymous sessions,
 * and an evicted claim could be made again.
 */
final class Claims {

  /**
   * How much longer than requested a claim is kept. A node whose clock is ahead cleans it up while
   * a node whose clock is behind still accepts what was claimed.
   */
  static final Duration CLOCK_SKEW = Moments.CLOCK_SKEW;

  /** The generation of a final claim: odd, and above that of every attempt. */
  private static final long USED_UP = (1L << 32) + 1;

  /** A generation that no session reaches: each new secret adds 1. */
  private static final long NO_GENERATION = Long.MAX_VALUE;

  /**
   * Matches no session, since generations begin at 0. Used where the session may never have
   * existed.
   */
  private static final long UNKNOWN_GENERATION = -1;

  private static final int HALF_OF_THE_ATTEMPTS = 1 << 30;

  /** How often {@code claim} retries while other requests claim and withdraw the same text. */
  private static final int MAX_TRIES = 100;

  private static final String PRINCIPAL_PREFIX = "coatcheck-claim:";

  private final EngineContext engine;

  Claims(EngineContext engine) {
    this.engine = engine;
  }

  /** Claims a text for good; see {@link SessionBridge#claim}. */
  boolean claim(String text, Instant until) {
    return useUp(record(text, until));
  }

  /** Claims a text for an attempt; see {@link SessionBridge#beginClaim}. */
  Optional<ClaimAttempt> begin(String text, Instant until) {
    StoredSession attempt = attempt(record(text, until));
    try {
      return insert(attempt) ? Optional.of(new ClaimAttempt(this, attempt)) : Optional.empty();
    } catch (SessionStoreException failure) {
      withdrawAfter(failure, attempt);
      throw failure;
    }
  }

  /** Withdraws the claim of an attempt that fails, if the store can do that now. */
  private void withdrawAfter(SessionStoreException failure, StoredSession attempt) {
    try {
      withdraw(attempt);
    } catch (SessionStoreException e) {
      failure.addSuppressed(e);
    }
  }

  private StoredSession record(String text, Instant until) {
    Instant now = engine.now();
    if (!until.isAfter(now)) {
      throw new IllegalArgumentException(
          "until must be in the future, after " + now + ": " + until);
    }
    byte[] digest = digest(text);
    return record(id(digest), principal(digest), now, until);
  }

  /**
   * Returns a claim as that of an attempt: with its own generation, which is even, and with its own
   * version, so that an update that was decided on the claim of an earlier attempt changes nothing.
   */
  StoredSession attempt(StoredSession claim) {
    long own = newGeneration();
    return claim.toBuilder().generation(own).version(own).build();
  }

  /** Returns the generation of an attempt: random, so that the numbers of two are far apart. */
  long newGeneration() {
    return 2L * engine.random().nextInt(HALF_OF_THE_ATTEMPTS);
  }

  /** Withdraws the claim of an attempt; returns false if the attempt no longer holds it. */
  boolean withdraw(StoredSession attempt) {
    return engine.store().delete(attempt.id(), attempt.generation()).isPresent();
  }

  /** Writes the claim of an attempt again; returns false if the attempt no longer holds it. */
  boolean renew(StoredSession attempt) {
    return engine.store().update(attempt, engine.now());
  }

  static boolean isUsedUp(StoredSession claim) {
    return claim.generation() == USED_UP;
  }

  /**
   * Makes a final claim, in place of one that an attempt holds.
   *
   * @return whether there was no claim
   */
  boolean useUp(StoredSession claim) {
    StoredSession used = claim.toBuilder().generation(USED_UP).build();
    for (int tries = 0; tries < MAX_TRIES; tries++) {
      Optional<StoredSession> held = engine.store().find(used.id());
      if (held.isEmpty()) {
        if (insertNew(used)) {
          return true;
        }
      } else if (isUsedUp(held.get())) {
        confirmEarlier(used.id());
        return false;
      } else if (useUp(held.get(), used)) {
        return false;
      }
    }
    throw new SessionStoreException(
        "claim: other requests made and withdrew it " + MAX_TRIES + " times; retry");
  }

  private boolean useUp(StoredSession held, StoredSession used) {
    Instant now = engine.now();
    if (held.isExpiredAt(now)) {
      // An expired claim can no longer be updated.
      withdraw(held);
      return false;
    }
    Instant deadline = Moments.later(held.absoluteDeadline(), used.absoluteDeadline());
    return engine
        .store()
        .update(held.toBuilder().generation(USED_UP).absoluteDeadline(deadline).build(), now);
  }

  /** Inserts a record; returns false if there is another one with the same id. */
  boolean insert(StoredSession record) {
    return engine.store().find(record.id()).isEmpty() && insertNew(record);
  }

  private boolean insertNew(StoredSession record) {
    try {
      engine.store().insert(record);
      return true;
    } catch (SessionStoreException e) {
      // Another node was first, or the answer was lost, or the insertion failed: only the store
      // knows.
      StoredSession found = engine.store().find(record.id()).orElseThrow(() -> e);
      if (!isSame(found, record)) {
        return false;
      }
      confirmAfter(e, record.id());
      return true;
    }
  }

  /** A record that is found after its insertion failed may be one that no replica has. */
  private void confirmAfter(SessionStoreException failure, SessionId id) {
    try {
      confirm(id);
    } catch (SessionStoreException e) {
      failure.addSuppressed(e);
      throw failure;
    }
  }

  /**
   * Waits until the replicas have confirmed a record that was found, if they confirm writes;
   * changes nothing. Every deletion waits for all earlier writes, even if it finds nothing to
   * delete.
   *
   * @throws SessionStoreException if they do not confirm it
   */
  void confirm(SessionId id) {
    Optional<StoredSession> unused = engine.store().delete(id, NO_GENERATION);
  }

  /**
   * Waits in the same way for a record that an earlier call may have written before it failed. Any
   * client can cause such a call, so a store may refuse them if there are too many, unless a
   * deletion of this record has failed on this node.
   */
  private void confirmEarlier(SessionId id) {
    boolean hasFailed = engine.failedDeletions().contains(id);
    Optional<StoredSession> unused =
        engine.store().delete(id, hasFailed ? NO_GENERATION : UNKNOWN_GENERATION);
  }

  /** Returns a record in the form of a session that no secret opens. */
  StoredSession record(SessionId id, String principal, Instant createdAt, Instant until) {
    return StoredSession.builder(id)
        .secretHash(SessionToken.generate(id, engine.random()).secretHash())
        .principal(principal)
        .createdAt(createdAt)
        .authenticatedAt(createdAt)
        .absoluteDeadline(deadline(until))
        .build();
  }

  /** Returns the deadline of a record that is needed until the given moment. */
  static Instant deadline(Instant until) {
    Instant latest = StoredSession.MAX_MOMENT.minus(CLOCK_SKEW);
    return (until.isAfter(latest) ? latest : until).plus(CLOCK_SKEW);
  }

  /** Returns the principal of the records of a text. Listeners are not notified of such records. */
  static String principal(byte[] digest) {
    return PRINCIPAL_PREFIX + HexFormat.of().formatHex(digest);
  }

  /** Returns when a text was claimed; empty if it was not, or the claim was withdrawn. */
  Optional<Instant> claimedAt(String text) {
    return engine.store().find(id(digest(text))).map(StoredSession::createdAt);
  }

  /** Returns whether a session is a claim. Listeners are not notified of the ends of claims. */
  static boolean isClaim(StoredSession session) {
    return session.principal().filter(Claims::isReserved).isPresent();
  }

  /**
   * Returns whether a principal is that of a claim, which no user may have: with a limit of
   * sessions, or by ending them all, a user of that name would delete the claim.
   */
  static boolean isReserved(String principal) {
    return principal.startsWith(PRINCIPAL_PREFIX);
  }

  /**
   * Refuses the principal of a claim.
   *
   * @throws IllegalArgumentException if it is one
   */
  static void checkNotReserved(String principal) {
    if (isReserved(principal)) {
      throw new IllegalArgumentException(
          "principal must not begin with " + PRINCIPAL_PREFIX + ", which is for records");
    }
  }

  private static boolean isSame(StoredSession found, StoredSession claim) {
    return found.secretHash().equals(claim.secretHash());
  }

  static byte[] digest(String text) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /**
   * Returns an id of version 8 (RFC 9562, section 5.8). Among sessions, only imported ones have
   * such an id.
   */
  static SessionId id(byte[] digest) {
    ByteBuffer bytes = ByteBuffer.wrap(digest);
    long most = (bytes.getLong() & ~0xF000L) | 0x8000L;
    long least = (bytes.getLong() & 0x3FFF_FFFF_FFFF_FFFFL) | 0x8000_0000_0000_0000L;
    return SessionId.of(most, least);
  }
}

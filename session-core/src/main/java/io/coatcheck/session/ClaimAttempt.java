package io.coatcheck.session;

import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;

/**
 * A claim of a text by an attempt that may fail, made by {@link SessionBridge#beginClaim}. The text
 * is used up unless the attempt {@linkplain #withdraw withdraws} the claim. Used by one thread at a
 * time; its methods call the store, and block as long as that does.
 *
 * @since 0.1.0
 */
public final class ClaimAttempt {

  private final Claims claims;
  private StoredSession claim;

  ClaimAttempt(Claims claims, StoredSession claim) {
    this.claims = claims;
    this.claim = claim;
  }

  /**
   * Returns whether this attempt still has the claim; false from the moment that {@link
   * SessionBridge#claim} used the text up. Call this last, after storing the result; undo the
   * result if it returns false. If an attempt and a call of {@code claim} overlap, at least one of
   * them then notices the other. Writes the record of the claim, so that no copy of it answers.
   *
   * @throws SessionStoreException if the store failed; a later call may then return false although
   *     the text was not used up
   */
  public boolean isHeld() {
    boolean isHeld = claims.renew(claim);
    if (isHeld) {
      claim = claim.withNextVersion();
    }
    return isHeld;
  }

  /**
   * Withdraws the claim after the attempt has failed, so that the text can be claimed again. Does
   * nothing if the text has been used up or this claim has already been withdrawn; the claim of
   * another attempt stays. Calling it twice is allowed.
   *
   * @return whether this call withdrew the claim
   * @throws SessionStoreException if the store failed: it may be withdrawn or not
   */
  public boolean withdraw() {
    return claims.withdraw(claim);
  }
}

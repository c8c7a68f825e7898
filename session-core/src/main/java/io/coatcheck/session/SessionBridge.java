package io.coatcheck.session;

import io.coatcheck.session.codec.AttributeCodecException;
import io.coatcheck.session.event.CredentialKind;
import io.coatcheck.session.event.CredentialOutcome;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.Optional;

/**
 * The part of the engine that only a bridge calls: the code that moves users from another system,
 * such as an identity provider or another session library. It lets a credential be used once,
 * imports sessions, and ends together the sessions that one login elsewhere began. An application
 * that has no other system needs none of it.
 *
 * <p>Obtained from {@link SessionManager#bridge()}; thread-safe. Methods that call the store block
 * as long as the store does, and throw {@link SessionStoreException} when it fails; then the bridge
 * should answer 503.
 *
 * @since 0.1.0
 */
public final class SessionBridge {

  private final Events events;
  private final Claims claims;
  private final SessionGroups groups;
  private final Imports imports;
  private final ForeignPrincipals principals;

  SessionBridge(
      Events events,
      Claims claims,
      SessionGroups groups,
      Imports imports,
      ForeignPrincipals principals) {
    this.events = events;
    this.claims = claims;
    this.groups = groups;
    this.imports = imports;
    this.principals = principals;
  }

  /**
   * Claims a text that may be used once, for good. Of all calls for a text, of this method and of
   * {@link #beginClaim}, on all nodes of the store, exactly one makes the claim, at least until it
   * expires: 5 minutes after {@code until}, for nodes whose clocks differ. If an attempt has made
   * it, the attempt can no longer withdraw it once this call has returned. The store keeps a hash
   * of the text, in the form of a session that no secret opens and no listener is notified of.
   *
   * @param text may be secret; any length. Begin it with its purpose, which keeps purposes apart
   * @param until must be in the future; to the millisecond
   * @return whether this call made the claim
   * @throws IllegalArgumentException if {@code until} is not in the future; nothing was done
   * @throws SessionStoreException if the store failed: the claim may have been made or not
   */
  public boolean claim(String text, Instant until) {
    return claims.claim(text, until);
  }

  /**
   * Claims a text as {@link #claim} does, for an attempt that can withdraw the claim if it fails,
   * such as the exchange of a credential for a session.
   *
   * @return empty if there is a claim already
   * @throws IllegalArgumentException if {@code until} is not in the future; nothing was done
   * @throws SessionStoreException if the store failed: the claim was not made, or it was, and could
   *     not be withdrawn
   */
  public Optional<ClaimAttempt> beginClaim(String text, Instant until) {
    return claims.begin(text, until);
  }

  /**
   * Returns whether there is a claim of a text.
   *
   * @throws SessionStoreException if the store failed
   */
  public boolean isClaimed(String text) {
    return claims.claimedAt(text).isPresent();
  }

  /**
   * Prepares this manager for groups of sessions. From now on it deletes the record of a membership
   * when it ends the session, which costs a call of the store for each session with a login that
   * ends before it expires, and prolongs the record with its session, which costs two for a login
   * on a session that has one already. Call it when each node starts: {@link #joinGroup} calls it
   * too, but only on the node where a session joins. Calling it again changes nothing.
   *
   * @return {@code false} if the store has no index by principal, which groups need
   */
  public boolean useGroups() {
    return groups.use();
  }

  /**
   * Puts a session into a group of sessions that end together, such as those that one login at an
   * identity provider began; takes it out of the group that it was in. The store keeps a record as
   * long as the session lives, even if later logins prolong it. Then call {@link #groupEndedAt}: a
   * group that ends at the same time may have been read before the session joined.
   *
   * @param group any length; the store keeps a hash of it. Begin it with its purpose
   * @return {@code false} if there is no such session, or no user is logged in to it; then it is
   *     not in a group
   * @throws UnsupportedOperationException if the store has no index by principal
   * @throws SessionStoreException if the store failed: it may have joined or not
   */
  public boolean joinGroup(SessionId id, String group) {
    return groups.join(id, group);
  }

  /**
   * Ends all sessions of a group, for every node, before it returns, and records that, so that a
   * login in progress can find out. A second call ends what is left.
   *
   * @param at the moment that the group ended, which {@link #groupEndedAt} returns
   * @param until how long that is recorded, and 5 minutes longer, for nodes whose clocks differ
   * @return how many sessions ended; 0 if none has joined the group, or they had ended before
   * @throws UnsupportedOperationException if the store has no index by principal
   * @throws SessionStoreException if the store failed: some may have ended
   */
  public int endGroup(String group, Instant at, Instant until) {
    return groups.end(group, at, until);
  }

  /**
   * Ends the sessions of a principal that are in no group, for every node, before it returns. A
   * session that joins a group during the call may or may not be ended.
   *
   * @return how many were ended
   * @throws UnsupportedOperationException if the store has no index by principal
   * @throws SessionStoreException if the store failed: some may have ended
   */
  public int revokeUngrouped(String principal) {
    return groups.endUngrouped(principal);
  }

  /**
   * Returns the latest moment at which a group ended, as {@link #endGroup} recorded it.
   *
   * @return empty if it has not ended, or its end is no longer recorded
   * @throws UnsupportedOperationException if the store has no index by principal
   * @throws SessionStoreException if the store failed
   */
  public Optional<Instant> groupEndedAt(String group) {
    return groups.endedAt(group);
  }

  /**
   * Notifies the listeners of the outcome for another system's credential, given to a bridge.
   *
   * @param session the session that its user has now
   * @param principal the user whom it names, if that is known and was verified
   */
  public void reportCredential(
      CredentialKind kind,
      CredentialOutcome outcome,
      Optional<SessionId> session,
      Optional<String> principal) {
    events.credential(kind, outcome, session, principal);
  }

  /**
   * Notifies the listeners of an attribute of another library's session that could not be decoded,
   * so that nothing is imported. Those of an imported session are reported by {@link
   * #importSession}.
   */
  public void reportUndecodable(String attribute, AttributeCodecException problem) {
    events.undecodable(attribute, problem);
  }

  /**
   * Imports a session that another library kept, once: of all calls for a credential, on all nodes,
   * exactly one stores a session, and the others find it. After that session has ended, or a call
   * of {@link #spendCredential} has returned, the credential imports nothing more.
   *
   * <p>The listeners are notified of a login, and of the attributes that are left out because they
   * cannot be kept. The limits of this manager apply, including one of sessions per principal. If
   * another call for the credential is in progress, this one waits for it, for at most 5 seconds;
   * at most 100 calls wait at a time. If the other call never finishes, because its node died or
   * the store failed, any call a minute or more after it began imports the session.
   *
   * @param credential what the client presents for it, secret; begin it with its purpose
   * @param source called on this thread, possibly several times; its exceptions are rethrown, and
   *     then nothing was imported
   * @throws SessionStoreException if the store failed: the session may have been imported or not,
   *     and a second call finds out; or if another call is in progress and this one does not wait
   *     any longer: nothing was done
   */
  public ImportResult importSession(String credential, ImportSource source) {
    return imports.importSession(credential, source);
  }

  /**
   * Invalidates a credential for future imports, if the source has a session for it. Call it when a
   * logout presents the credential. An import in progress stores nothing either. If the credential
   * still opens a session that was imported with it, that session ends, as does every session whose
   * token comes with a logout.
   *
   * @param credential as for {@link #importSession}
   * @param own the session of the request that logs out, which is left to that logout; empty if it
   *     has none
   * @throws SessionStoreException if the store failed: a second call does it
   */
  public void spendCredential(String credential, ImportSource source, Optional<SessionId> own) {
    imports.spend(credential, source, own);
  }

  /**
   * Returns whether a user whom another system names can log in under that name: it has 1 to 255
   * code points without U+0000 and lone surrogates, and does not begin with {@code
   * coatcheck-claim:}. If not, the reason is logged, without the name, once a minute at most.
   *
   * @param principal any text
   */
  public boolean acceptsPrincipal(String principal) {
    return principals.accepts(principal);
  }
}

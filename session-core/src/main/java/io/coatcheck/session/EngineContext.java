package io.coatcheck.session;

import io.coatcheck.session.codec.AttributeCodecException;
import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.store.LiveSessions;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.NearCopies;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.text.QuotedText;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.session.token.SessionToken;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The settings that the parts of the engine share, and the store, wrapped in {@link
 * ReportingStore}.
 *
 * @param store reports each failure to the listeners
 * @param failedDeletions the sessions whose deletion failed
 * @param index the store's principal index, if it has one
 * @param loginLimit the store's limit of logins, if it has one
 * @param copies the store's copies on this node, if it keeps any
 * @param liveSessions the live sessions, if the store keeps them in this process; else null
 * @param usedInPlace the live sessions, if requests use them in place; else null
 * @param touchInterval the configured touch interval, or the store's
 * @param longestCall how long a call of the store takes at most
 * @param renewInterval the age at which a secret is renewed; zero for never
 * @param endOnReuse whether a secret that a renewal replaced ends the session when presented later
 * @param limits how much a session may hold
 */
record EngineContext(
    SessionStore store,
    FailedDeletions failedDeletions,
    Optional<PrincipalIndex> index,
    Optional<LoginLimit> loginLimit,
    Optional<NearCopies> copies,
    @Nullable LiveSessions liveSessions,
    @Nullable LiveSessions usedInPlace,
    SessionPolicy policy,
    GuardedCodec codec,
    InstantSource clock,
    SecureRandom random,
    Events events,
    Duration touchInterval,
    Duration longestCall,
    Duration renewInterval,
    boolean endOnReuse,
    AttributeLimits limits) {

  /** Wraps the store of a manager that is being built, and reads its capabilities. */
  static EngineContext of(SessionManagerBuilder builder) {
    SessionStore store =
        builder.encryption == null || builder.store.keepsLiveValues()
            ? builder.store
            : new EncryptedStore(builder.store, builder.encryption);
    Events events = new Events(builder.clock, builder.listeners);
    ReportingStore reporting = new ReportingStore(store, events);
    LiveSessions liveSessions = reporting.liveSessions().orElse(null);
    boolean areUsedInPlace = liveSessions != null && liveSessions.areUsableInPlaceOf(store);
    return new EngineContext(
        reporting,
        reporting.failedDeletions(),
        reporting.principalIndex(),
        reporting.loginLimit(),
        reporting.nearCopies(),
        liveSessions,
        areUsedInPlace ? liveSessions : null,
        builder.policy,
        new GuardedCodec(builder.codec),
        builder.clock,
        builder.random == null ? new SecureRandom() : builder.random,
        events,
        builder.touchInterval == null ? store.touchInterval() : builder.touchInterval,
        store.longestCall(),
        builder.renewInterval,
        builder.endOnReuse,
        builder.limits);
  }

  /** Returns the current time in the precision that is stored, milliseconds. */
  Instant now() {
    return Instant.ofEpochMilli(clock.millis());
  }

  /**
   * Returns the value in the form that the store keeps.
   *
   * @throws AttributeCodecException if it cannot be kept; the message names the attribute
   */
  AttributeValue attributeValue(String name, Object value) {
    if (store.keepsLiveValues()) {
      return AttributeValue.live(value, codec.codec());
    }
    try {
      return AttributeValue.encoded(codec.encode(value));
    } catch (AttributeCodecException e) {
      throw new AttributeCodecException(
          "attribute " + QuotedText.of(name) + ": " + e.getMessage(), e);
    }
  }

  SessionToken newToken(SessionId id) {
    return SessionToken.generate(id, random);
  }

  /** Returns the index; throws, naming the operation, if the store has none. */
  PrincipalIndex requiredIndex(String operation) {
    return index.orElseThrow(
        () ->
            new UnsupportedOperationException(operation + " needs a store with a PrincipalIndex"));
  }
}

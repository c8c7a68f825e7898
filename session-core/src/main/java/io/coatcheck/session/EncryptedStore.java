package io.coatcheck.session;

import io.coatcheck.session.codec.AttributeEncryption;
import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.BatchLookup;
import io.coatcheck.session.store.BatchTouch;
import io.coatcheck.session.store.CleanUp;
import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.Evictions;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.NearCopies;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Encrypts attributes before they reach a store. The engine above works on encodings: it compares
 * them, and copies them to sessions with other ids, without any knowledge of keys. The store below,
 * and its near copies, hold only encrypted values.
 */
final class EncryptedStore implements SessionStore {

  private final SessionStore store;
  private final AttributeEncryption encryption;

  EncryptedStore(SessionStore store, AttributeEncryption encryption) {
    this.store = store;
    this.encryption = encryption;
  }

  private StoredSession encrypted(StoredSession session) {
    return with(session, encryption.encrypted(session.id(), session.attributes()));
  }

  private StoredSession decrypted(StoredSession session) {
    return with(session, encryption.decrypted(session.id(), session.attributes()));
  }

  private static StoredSession with(StoredSession session, Map<String, AttributeValue> attributes) {
    return attributes.isEmpty() ? session : session.toBuilder().attributes(attributes).build();
  }

  private Consumer<StoredSession> decrypting(Consumer<StoredSession> receiver) {
    return session -> receiver.accept(decrypted(session));
  }

  private DeletedSessions decryptingAll(DeletedSessions receiver) {
    return DeletedSessions.of(receiver.needAttributes(), decrypting(receiver));
  }

  @Override
  public void insert(StoredSession session) {
    store.insert(encrypted(session));
  }

  @Override
  public Optional<StoredSession> find(SessionId id) {
    return store.find(id).map(this::decrypted);
  }

  @Override
  public boolean update(StoredSession session, Instant now) {
    return store.update(encrypted(session), now);
  }

  @Override
  public boolean touch(SessionId id, Instant lastSeenAt, Instant now) {
    return store.touch(id, lastSeenAt, now);
  }

  @Override
  public Optional<StoredSession> delete(SessionId id) {
    return store.delete(id).map(this::decrypted);
  }

  @Override
  public Optional<StoredSession> delete(SessionId id, long generation) {
    return store.delete(id, generation).map(this::decrypted);
  }

  @Override
  public CleanUp deleteExpired(Instant cutoff, int limit, Consumer<StoredSession> deleted) {
    return store.deleteExpired(cutoff, limit, decrypting(deleted));
  }

  @Override
  public Optional<PrincipalIndex> principalIndex() {
    return store.principalIndex().map(EncryptedIndex::new);
  }

  @Override
  public Optional<LoginLimit> loginLimit() {
    return store.loginLimit().map(this::encrypting);
  }

  private LoginLimit encrypting(LoginLimit limit) {
    return (session, isNew, number, whenFull, now) -> {
      Admission admission = limit.admit(encrypted(session), isNew, number, whenFull, now);
      return new Admission(
          admission.outcome(), admission.evicted().stream().map(this::decrypted).toList());
    };
  }

  @Override
  public Optional<Evictions> evictions() {
    return store.evictions().map(evictions -> evicted -> evictions.onEvicted(decrypting(evicted)));
  }

  @Override
  public Optional<NearCopies> nearCopies() {
    return store.nearCopies().map(EncryptedCopies::new);
  }

  @Override
  public Optional<BatchLookup> batchLookup() {
    return store.batchLookup();
  }

  @Override
  public Optional<BatchTouch> batchTouch() {
    return store.batchTouch();
  }

  @Override
  public boolean keepsLiveValues() {
    return store.keepsLiveValues();
  }

  @Override
  public boolean failsOnUnencodable() {
    return store.failsOnUnencodable();
  }

  @Override
  public Duration touchInterval() {
    return store.touchInterval();
  }

  @Override
  public void close() {
    store.close();
  }

  private final class EncryptedCopies implements NearCopies {

    private final NearCopies copies;

    EncryptedCopies(NearCopies copies) {
      this.copies = copies;
    }

    @Override
    public Lookup lookUp(SessionId id, long minimumGeneration, long minimumVersion) {
      Lookup near = copies.lookUp(id, minimumGeneration, minimumVersion);
      return new Lookup(
          near.session().map(EncryptedStore.this::decrypted), near.isConfirmed(), near.isStale());
    }

    @Override
    public Duration longestAge() {
      return copies.longestAge();
    }

    @Override
    public boolean touchSoon(SessionId id, Instant lastSeenAt, Instant now) {
      return copies.touchSoon(id, lastSeenAt, now);
    }

    @Override
    public Duration touchDelay() {
      return copies.touchDelay();
    }

    @Override
    public boolean touchInOutage(SessionId id, Instant lastSeenAt) {
      return copies.touchInOutage(id, lastSeenAt);
    }

    @Override
    public void onEndedElsewhere(Consumer<StoredSession> gone) {
      copies.onEndedElsewhere(decrypting(gone));
    }
  }

  private final class EncryptedIndex implements PrincipalIndex {

    private final PrincipalIndex index;

    EncryptedIndex(PrincipalIndex index) {
      this.index = index;
    }

    @Override
    public List<StoredSession> findByPrincipal(
        String principal, @Nullable SessionId after, int limit) {
      return index.findByPrincipal(principal, after, limit).stream()
          .map(EncryptedStore.this::decrypted)
          .toList();
    }

    @Override
    public int deleteByPrincipal(String principal, Set<SessionId> except, DeletedSessions deleted) {
      return index.deleteByPrincipal(principal, except, decryptingAll(deleted));
    }

    @Override
    public int deleteOldest(String principal, int keep, Instant now, DeletedSessions deleted) {
      return index.deleteOldest(principal, keep, now, decryptingAll(deleted));
    }
  }
}

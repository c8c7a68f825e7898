package io.coatcheck.session;

import io.coatcheck.session.codec.AttributeEncryption;
import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.CleanUp;
import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.Evictions;
import io.coatcheck.session.store.ForwardingNearCopies;
import io.coatcheck.session.store.ForwardingSessionStore;
import io.coatcheck.session.store.LiveSessions;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.NearCopies;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.ArrayList;
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
final class EncryptedStore extends ForwardingSessionStore {

  private final AttributeEncryption encryption;
  private final Optional<PrincipalIndex> index;
  private final Optional<LoginLimit> limit;
  private final Optional<Evictions> evictions;
  private final Optional<NearCopies> copies;

  EncryptedStore(SessionStore store, AttributeEncryption encryption) {
    super(store);
    this.encryption = encryption;
    index = store.principalIndex().map(EncryptedIndex::new);
    limit = store.loginLimit().map(this::encrypting);
    evictions = store.evictions().map(this::encryptedEvictions);
    copies = store.nearCopies().map(EncryptedCopies::new);
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
    store().insert(encrypted(session));
  }

  @Override
  public Optional<StoredSession> find(SessionId id) {
    return store().find(id).map(this::decrypted);
  }

  @Override
  public boolean update(StoredSession session, Instant now) {
    return store().update(encrypted(session), now);
  }

  @Override
  public Optional<StoredSession> delete(SessionId id) {
    return store().delete(id).map(this::decrypted);
  }

  @Override
  public Optional<StoredSession> delete(SessionId id, long generation) {
    return store().delete(id, generation).map(this::decrypted);
  }

  @Override
  public CleanUp deleteExpired(Instant cutoff, int limit, Consumer<StoredSession> deleted) {
    return store().deleteExpired(cutoff, limit, decrypting(deleted));
  }

  @Override
  public Optional<PrincipalIndex> principalIndex() {
    return index;
  }

  @Override
  public Optional<LoginLimit> loginLimit() {
    return limit;
  }

  @Override
  public Optional<Evictions> evictions() {
    return evictions;
  }

  @Override
  public Optional<NearCopies> nearCopies() {
    return copies;
  }

  /** None: requests that share a session would share its encrypted values. */
  @Override
  public Optional<LiveSessions> liveSessions() {
    return Optional.empty();
  }

  private LoginLimit encrypting(LoginLimit inner) {
    return (session, isNew, number, whenFull, now) -> {
      Admission admission = inner.admit(encrypted(session), isNew, number, whenFull, now);
      return new Admission(
          admission.outcome(), admission.evicted().stream().map(this::decrypted).toList());
    };
  }

  private Evictions encryptedEvictions(Evictions inner) {
    return evicted -> inner.onEvicted(decrypting(evicted));
  }

  private final class EncryptedCopies extends ForwardingNearCopies {

    private final NearCopies inner;

    EncryptedCopies(NearCopies inner) {
      super(inner);
      this.inner = inner;
    }

    @Override
    public Lookup lookUp(SessionId id, long minimumGeneration, long minimumVersion) {
      Lookup found = inner.lookUp(id, minimumGeneration, minimumVersion);
      return new Lookup(
          found.session().map(EncryptedStore.this::decrypted),
          found.isConfirmed(),
          found.isStale());
    }

    @Override
    public void onEndedElsewhere(Consumer<StoredSession> gone) {
      inner.onEndedElsewhere(decrypting(gone));
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
      List<StoredSession> page = new ArrayList<>(index.findByPrincipal(principal, after, limit));
      page.replaceAll(EncryptedStore.this::decrypted);
      return page;
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

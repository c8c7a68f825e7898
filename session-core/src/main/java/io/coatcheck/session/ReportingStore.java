package io.coatcheck.session;

import io.coatcheck.session.store.BatchLookup;
import io.coatcheck.session.store.BatchTouch;
import io.coatcheck.session.store.CleanUp;
import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.Evictions;
import io.coatcheck.session.store.LiveSessions;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.NearCopies;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Notifies the listeners of each failure of a store, then rethrows it. */
final class ReportingStore implements SessionStore {

  private final SessionStore store;
  private final Events events;

  ReportingStore(SessionStore store, Events events) {
    this.store = store;
    this.events = events;
  }

  @Override
  public void insert(StoredSession session) {
    report(
        "insert",
        Optional.of(session.id()),
        () -> {
          store.insert(session);
          return true;
        });
  }

  @Override
  public Optional<StoredSession> find(SessionId id) {
    try {
      return store.find(id);
    } catch (SessionStoreException e) {
      events.storeFailed(Optional.of(id), "find", e);
      throw e;
    }
  }

  @Override
  public boolean update(StoredSession session, Instant now) {
    return report("update", Optional.of(session.id()), () -> store.update(session, now));
  }

  @Override
  public boolean touch(SessionId id, Instant lastSeenAt, Instant now) {
    try {
      return store.touch(id, lastSeenAt, now);
    } catch (SessionStoreException e) {
      events.storeFailed(Optional.of(id), "touch", e);
      throw e;
    }
  }

  @Override
  public Optional<StoredSession> delete(SessionId id) {
    return report("delete", Optional.of(id), () -> store.delete(id));
  }

  @Override
  public Optional<StoredSession> delete(SessionId id, long generation) {
    return report("delete", Optional.of(id), () -> store.delete(id, generation));
  }

  @Override
  public CleanUp deleteExpired(Instant cutoff, int limit, Consumer<StoredSession> deleted) {
    return report(
        "deleteExpired", Optional.empty(), () -> store.deleteExpired(cutoff, limit, deleted));
  }

  @Override
  public Optional<PrincipalIndex> principalIndex() {
    return store.principalIndex().map(ReportingIndex::new);
  }

  @Override
  public Optional<LoginLimit> loginLimit() {
    return store.loginLimit().map(this::reporting);
  }

  private LoginLimit reporting(LoginLimit limit) {
    return (session, isNew, number, whenFull, now) ->
        report(
            "admit",
            Optional.of(session.id()),
            () -> limit.admit(session, isNew, number, whenFull, now));
  }

  @Override
  public Optional<Evictions> evictions() {
    return store.evictions();
  }

  @Override
  public Optional<NearCopies> nearCopies() {
    return store.nearCopies().map(ReportingCopies::new);
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
  public Optional<LiveSessions> liveSessions() {
    return store.liveSessions();
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

  private <T> T report(String operation, Optional<SessionId> id, Supplier<T> call) {
    try {
      return call.get();
    } catch (SessionStoreException e) {
      events.storeFailed(id, operation, e);
      throw e;
    }
  }

  private final class ReportingCopies implements NearCopies {

    private final NearCopies copies;

    ReportingCopies(NearCopies copies) {
      this.copies = copies;
    }

    @Override
    public Lookup lookUp(SessionId id, long minimumGeneration, long minimumVersion) {
      try {
        return copies.lookUp(id, minimumGeneration, minimumVersion);
      } catch (SessionStoreException e) {
        events.storeFailed(Optional.of(id), "find", e);
        throw e;
      }
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
      copies.onEndedElsewhere(gone);
    }
  }

  private final class ReportingIndex implements PrincipalIndex {

    private final PrincipalIndex index;

    ReportingIndex(PrincipalIndex index) {
      this.index = index;
    }

    @Override
    public List<StoredSession> findByPrincipal(
        String principal, @Nullable SessionId after, int limit) {
      return report(
          "findByPrincipal",
          Optional.empty(),
          () -> index.findByPrincipal(principal, after, limit));
    }

    @Override
    public int deleteByPrincipal(String principal, Set<SessionId> except, DeletedSessions deleted) {
      return report(
          "deleteByPrincipal",
          Optional.empty(),
          () -> index.deleteByPrincipal(principal, except, deleted));
    }

    @Override
    public int deleteOldest(String principal, int keep, Instant now, DeletedSessions deleted) {
      return report(
          "deleteOldest",
          Optional.empty(),
          () -> index.deleteOldest(principal, keep, now, deleted));
    }
  }
}

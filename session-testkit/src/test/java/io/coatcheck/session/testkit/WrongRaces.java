package io.coatcheck.session.testkit;

import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Stores that are wrong when operations meet, or when only one generation is to end. */
final class WrongRaces {

  static final List<WrongStore> ALL =
      List.of(
          WrongStore.of(
              "Takes the entries of a principal out of the index first",
              TakingAllFirst::new,
              "deleteByPrincipalAgainstInsertAndLogin_theIndexAgreesWithTheStore"),
          WrongStore.of(
              "Removes an empty entry of the index while a session is added to it",
              RemovingTheEmpty::new,
              "deleteOfTheOnlySessionAgainstInsertAndLogin_theIndexAgreesWithTheStore"),
          WrongStore.of(
              "Compares the generation, and then deletes only what it has read",
              () ->
                  new BrokenStore() {
                    @Override
                    public Optional<StoredSession> delete(SessionId id, long generation) {
                      Optional<StoredSession> read =
                          find(id).filter(session -> session.generation() == generation);
                      window();
                      return read.isPresent() && find(id).equals(read)
                          ? sound.delete(id)
                          : Optional.empty();
                    }
                  },
              "touchAgainstDeleteOfAGeneration_theSessionEnds"),
          WrongStore.of(
              "Returns what it read when it compared the generation",
              () ->
                  new BrokenStore() {
                    @Override
                    public Optional<StoredSession> delete(SessionId id, long generation) {
                      Optional<StoredSession> read =
                          find(id).filter(session -> session.generation() == generation);
                      window();
                      read.ifPresent(session -> sound.delete(id));
                      return read;
                    }
                  },
              "touchAgainstDeleteOfAGeneration_theSessionEnds",
              "deleteOfAGeneration_byManyAndAgainstDelete_handsTheSessionToOne"),
          WrongStore.of(
              "Takes a negative generation for any",
              () ->
                  new BrokenStore() {
                    @Override
                    public Optional<StoredSession> delete(SessionId id, long generation) {
                      return generation < 0 ? delete(id) : super.delete(id, generation);
                    }
                  },
              "deleteOfAGeneration_negative_leavesEverySessionAlone"),
          WrongStore.of(
              "Ends only live sessions of a generation",
              () ->
                  new BrokenStore() {
                    @Override
                    public Optional<StoredSession> delete(SessionId id, long generation) {
                      return find(id).filter(one -> one.isExpiredAt(ContractPart.NOW)).isPresent()
                          ? Optional.empty()
                          : super.delete(id, generation);
                    }
                  },
              "deleteOfAGeneration_thatItHas_returnsItOnceAndItIsGone"),
          WrongStore.of(
              "Leaves the entry of a session of a generation",
              () ->
                  new BrokenStore() {
                    private final Set<String> left = new TreeSet<>();

                    @Override
                    public Optional<StoredSession> delete(SessionId id, long generation) {
                      left.add("entry of " + id);
                      return super.delete(id, generation);
                    }

                    @Override
                    Set<String> leftOver() {
                      return left;
                    }
                  },
              "deleteOfAGeneration_ofEveryKind_leavesNothing"),
          WrongStore.of(
              "Locks the sessions of a batch one after the other, and waits",
              LockingInOrder::new,
              "touchAll_againstTheOppositeOrder_neverFails"));

  private WrongRaces() {}

  /** Keeps an index by principal of its own, apart from the sessions. */
  private abstract static class IndexingApart extends BrokenStore {

    final Map<String, Set<SessionId>> index = new ConcurrentHashMap<>();

    abstract void add(String principal, SessionId id);

    abstract void remove(String principal, SessionId id);

    @Override
    public void insert(StoredSession session) {
      super.insert(session);
      session.principal().ifPresent(name -> add(name, session.id()));
    }

    @Override
    public boolean update(StoredSession session, Instant now) {
      boolean isStored = super.update(session, now);
      if (isStored) {
        session.principal().ifPresent(name -> add(name, session.id()));
      }
      return isStored;
    }

    @Override
    public Optional<StoredSession> delete(SessionId id) {
      Optional<StoredSession> deleted = super.delete(id);
      deleted.flatMap(StoredSession::principal).ifPresent(name -> remove(name, id));
      return deleted;
    }

    @Override
    public List<StoredSession> findByPrincipal(
        String principal, @Nullable SessionId after, int limit) {
      List<StoredSession> found =
          index.getOrDefault(principal, Set.of()).stream()
              .flatMap(id -> find(id).stream())
              .toList();
      return page(found, after, limit);
    }

    @Override
    public int deleteByPrincipal(String principal, Set<SessionId> except, DeletedSessions deleted) {
      List<StoredSession> gone = new ArrayList<>();
      for (SessionId id : index.getOrDefault(principal, Set.of())) {
        delete(id).ifPresent(gone::add);
      }
      gone.forEach(deleted);
      return gone.size();
    }
  }

  private static final class TakingAllFirst extends IndexingApart {

    @Override
    void add(String principal, SessionId id) {
      index.computeIfAbsent(principal, name -> ConcurrentHashMap.newKeySet()).add(id);
    }

    @Override
    void remove(String principal, SessionId id) {
      index.computeIfPresent(
          principal,
          (name, ids) -> {
            ids.remove(id);
            return ids;
          });
    }

    @Override
    public int deleteByPrincipal(String principal, Set<SessionId> except, DeletedSessions deleted) {
      List<StoredSession> gone = new ArrayList<>();
      for (SessionId id : index.getOrDefault(principal, Set.of())) {
        sound.delete(id).ifPresent(gone::add);
      }
      window();
      index.remove(principal);
      gone.forEach(deleted);
      return gone.size();
    }
  }

  private static final class RemovingTheEmpty extends IndexingApart {

    @Override
    void add(String principal, SessionId id) {
      index.computeIfAbsent(principal, name -> ConcurrentHashMap.newKeySet()).add(id);
    }

    @Override
    void remove(String principal, SessionId id) {
      Set<SessionId> ids = index.get(principal);
      if (ids != null && ids.remove(id) && ids.isEmpty()) {
        window();
        index.remove(principal);
      }
    }
  }

  /** Holds the lock of each session until the batch is done. */
  private static final class LockingInOrder extends BrokenStore {

    private final Map<SessionId, ReentrantLock> locks = new ConcurrentHashMap<>();

    @Override
    public Set<SessionId> touchAll(Map<SessionId, Instant> lastSeenAt, Instant now) {
      List<ReentrantLock> held = new ArrayList<>();
      try {
        for (SessionId id : lastSeenAt.keySet()) {
          ReentrantLock lock =
              Objects.requireNonNull(locks.computeIfAbsent(id, each -> new ReentrantLock()));
          if (!lock.tryLock(100, TimeUnit.MILLISECONDS)) {
            throw new SessionStoreException("touchAll failed: deadlock");
          }
          held.add(lock);
          window();
        }
        return super.touchAll(lastSeenAt, now);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new SessionStoreException("touchAll failed: interrupted", e);
      } finally {
        held.forEach(ReentrantLock::unlock);
      }
    }
  }
}

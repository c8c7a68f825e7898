package io.coatcheck.session.testkit;

import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.CleanUp;
import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.token.SessionId;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Stores whose index by principal, or whose limit, is wrong, or leaves something. */
final class WrongIndexes {

  static final List<WrongStore> ALL =
      List.of(
          WrongStore.of(
              "Lists in two trips",
              InTwoTrips::new,
              "findByPrincipalAgainstLogin_neverShowsAnotherPrincipal"),
          WrongStore.of(
              "Takes an empty principal for none",
              () ->
                  new BrokenStore() {
                    @Override
                    public int deleteByPrincipal(
                        String principal, Set<SessionId> except, DeletedSessions deleted) {
                      if (!principal.isEmpty()) {
                        return super.deleteByPrincipal(principal, except, deleted);
                      }
                      List<StoredSession> gone =
                          ids.stream()
                              .flatMap(id -> find(id).stream())
                              .filter(session -> session.principal().isEmpty())
                              .flatMap(session -> delete(session.id()).stream())
                              .toList();
                      gone.forEach(deleted);
                      return gone.size();
                    }
                  },
              "findByPrincipal_textThatIsNoPrincipal_isEmpty"),
          WrongStore.of(
              "Writes a lone surrogate as a question mark",
              () ->
                  new BrokenStore() {
                    @Override
                    public List<StoredSession> findByPrincipal(
                        String principal, @Nullable SessionId after, int limit) {
                      byte[] bytes = principal.getBytes(StandardCharsets.UTF_8);
                      String read = new String(bytes, StandardCharsets.UTF_8);
                      return super.findByPrincipal(read, after, limit);
                    }
                  },
              "findByPrincipal_textThatIsNoPrincipal_isEmpty"),
          WrongStore.of(
              "Fails for a text that is no principal",
              () ->
                  new BrokenStore() {
                    @Override
                    public List<StoredSession> findByPrincipal(
                        String principal, @Nullable SessionId after, int limit) {
                      SampleSessions.authenticated(principal, Instant.EPOCH).build();
                      return super.findByPrincipal(principal, after, limit);
                    }
                  },
              "findByPrincipal_textThatIsNoPrincipal_isEmpty"),
          WrongStore.of(
              "Finds by a pattern",
              () ->
                  new BrokenStore() {
                    @Override
                    public List<StoredSession> findByPrincipal(
                        String principal, @Nullable SessionId after, int limit) {
                      return principal.equals("*")
                          ? page(
                              ids.stream().flatMap(id -> find(id).stream()).toList(), after, limit)
                          : super.findByPrincipal(principal, after, limit);
                    }
                  },
              "findByPrincipal_comparesCodePoints"),
          WrongStore.of(
              "Deletes a principal whose name begins alike",
              () ->
                  new BrokenStore() {
                    @Override
                    public int deleteByPrincipal(
                        String principal, Set<SessionId> except, DeletedSessions deleted) {
                      List<StoredSession> gone =
                          ids.stream()
                              .flatMap(id -> find(id).stream())
                              .filter(one -> one.principal().orElse("").startsWith(principal))
                              .filter(one -> !except.contains(one.id()))
                              .flatMap(one -> delete(one.id()).stream())
                              .toList();
                      gone.forEach(deleted);
                      return gone.size();
                    }
                  },
              "deleteByPrincipal_comparesCodePoints"),
          WrongStore.of(
              "Hands over deleted sessions without their client",
              () ->
                  new BrokenStore() {
                    @Override
                    public int deleteByPrincipal(
                        String principal, Set<SessionId> except, DeletedSessions deleted) {
                      return super.deleteByPrincipal(
                          principal,
                          except,
                          gone -> deleted.accept(gone.toBuilder().userAgent(null).build()));
                    }
                  },
              "deleteByPrincipal_everyCombinationOfOptionalParts_handsOverAllParts"),
          WrongStore.of(
              "Calls the consumers of the index under a lock",
              Locking::new,
              "deleteByPrincipal_consumer_isCalledUnderNoLock",
              "deleteOldest_consumer_isCalledUnderNoLock"),
          WrongStore.of(
              "Looks for the surplus first",
              LookingForTheSurplusFirst::new,
              "deleteOldestAgainstDelete_oneOfThemHandsItOver",
              "deleteOldestAgainstLogin_theIndexAgreesWithTheStore"),
          WrongStore.of(
              "Lists no session that has a new secret",
              () ->
                  new Renewing() {
                    @Override
                    public List<StoredSession> findByPrincipal(
                        String principal, @Nullable SessionId after, int limit) {
                      return page(
                          wholeSessionsOf(principal).stream()
                              .filter(session -> !renewed.contains(session.id()))
                              .toList(),
                          after,
                          limit);
                    }
                  },
              "update_withANewSecret_isSeen"),
          WrongStore.of(
              "Revokes no session that has a new secret",
              () ->
                  new Renewing() {
                    @Override
                    public int deleteByPrincipal(
                        String principal, Set<SessionId> except, DeletedSessions deleted) {
                      Set<SessionId> spared = new HashSet<>(except);
                      spared.addAll(renewed);
                      return super.deleteByPrincipal(principal, spared, deleted);
                    }
                  },
              "deleteByPrincipal_sessionWithANewSecret_isEnded"),
          WrongStore.of(
              "Refuses the largest page",
              () ->
                  new BrokenStore() {
                    @Override
                    public List<StoredSession> findByPrincipal(
                        String principal, @Nullable SessionId after, int limit) {
                      if (limit >= MAX_PAGE) {
                        throw new IllegalArgumentException("limit is too large: " + limit);
                      }
                      return super.findByPrincipal(principal, after, limit);
                    }
                  },
              "findByPrincipal_smallestAndLargestPage_areReturned"),
          WrongStore.of(
              "Counts one page of sessions",
              () ->
                  new BrokenStore() {
                    @Override
                    public Admission admit(
                        StoredSession session,
                        boolean isNew,
                        int limit,
                        WhenFull whenFull,
                        Instant now) {
                      int counted = limit > MAX_PAGE ? Integer.MAX_VALUE : limit;
                      return super.admit(session, isNew, counted, whenFull, now);
                    }
                  },
              "admit_moreSessionsThanAPage_areAllCounted"),
          WrongStore.of(
              "Leaves the entry of a deleted session",
              () -> new Leaving(true, false, false, false),
              "delete_ofEveryKind_leavesNothing",
              "updatesAndTouches_thenDelete_leaveNothing"),
          WrongStore.of(
              "Leaves the entry of an expired session",
              () -> new Leaving(false, true, false, false),
              "deleteExpired_ofEveryKind_leavesNothing",
              "updatesAndTouches_thenExpiry_leaveNothing",
              "touchAll_thenExpiry_leavesNothing"),
          WrongStore.of(
              "Leaves the entry of the principal before",
              () -> new Leaving(false, false, true, false),
              "updatesAndTouches_thenDelete_leaveNothing",
              "updatesAndTouches_thenExpiry_leaveNothing"),
          WrongStore.of(
              "Leaves an entry of what was refused",
              () -> new Leaving(false, false, false, true),
              "whatWasRefused_leavesNothing"),
          WrongStore.of(
              "Leaves the entries of a principal whose sessions all end",
              () ->
                  new BrokenStore() {
                    private final Set<String> left = new TreeSet<>();

                    @Override
                    public int deleteByPrincipal(
                        String principal, Set<SessionId> except, DeletedSessions deleted) {
                      left.add(principal);
                      return super.deleteByPrincipal(principal, except, deleted);
                    }

                    @Override
                    Set<String> leftOver() {
                      return left;
                    }
                  },
              "deleteByPrincipal_leavesNothing"),
          WrongStore.of(
              "Leaves the entries of evicted sessions",
              () ->
                  new BrokenStore() {
                    private final Set<String> left = new TreeSet<>();

                    @Override
                    public Admission admit(
                        StoredSession session,
                        boolean isNew,
                        int limit,
                        WhenFull whenFull,
                        Instant now) {
                      Admission admission = super.admit(session, isNew, limit, whenFull, now);
                      admission.evicted().forEach(one -> left.add(one.id().toString()));
                      return admission;
                    }

                    @Override
                    Set<String> leftOver() {
                      return left;
                    }
                  },
              "admitAndDeleteOldest_leaveNothing"));

  private WrongIndexes() {}

  /** Asks for the ids first and then for the sessions, whosever they are by then. */
  private static final class InTwoTrips extends BrokenStore {
    @Override
    public List<StoredSession> findByPrincipal(
        String principal, @Nullable SessionId after, int limit) {
      List<SessionId> found =
          super.findByPrincipal(principal, after, limit).stream().map(StoredSession::id).toList();
      window();
      return new ArrayList<>(
          found.stream().flatMap(id -> find(id).stream()).map(IndexPart::listed).toList());
    }
  }

  /** Refuses other threads while it hands over. */
  private static final class Locking extends BrokenStore {
    private volatile @Nullable Thread owner;

    @Override
    public void insert(StoredSession session) {
      Thread holding = owner;
      if (holding != null && holding != Thread.currentThread()) {
        throw new IllegalStateException("locked by " + holding);
      }
      super.insert(session);
    }

    private Consumer<StoredSession> locked(Consumer<StoredSession> deleted) {
      return gone -> {
        owner = Thread.currentThread();
        try {
          deleted.accept(gone);
        } finally {
          owner = null;
        }
      };
    }

    @Override
    public int deleteByPrincipal(String principal, Set<SessionId> except, DeletedSessions deleted) {
      return super.deleteByPrincipal(principal, except, locked(deleted)::accept);
    }

    @Override
    public int deleteOldest(String principal, int keep, Instant now, DeletedSessions deleted) {
      return super.deleteOldest(principal, keep, now, locked(deleted)::accept);
    }
  }

  private static final class LookingForTheSurplusFirst extends BrokenStore {
    @Override
    public int deleteOldest(String principal, int keep, Instant now, DeletedSessions deleted) {
      List<StoredSession> live = wholeSessionsOf(principal);
      live.sort(Comparator.comparing(one -> one.authenticatedAt().orElseThrow()));
      List<StoredSession> gone = live.subList(0, Math.max(0, live.size() - keep));
      window();
      gone.forEach(one -> sound.delete(one.id()));
      gone.forEach(deleted);
      return gone.size();
    }
  }

  /** Has an index of its own, which it forgets to clean in one of four places. */
  private static final class Leaving extends BrokenStore {
    private final boolean onDelete;
    private final boolean onExpiry;
    private final boolean onLogin;
    private final boolean onRefusal;
    private final Map<SessionId, String> principals = new ConcurrentHashMap<>();
    private final Set<String> left = new ConcurrentSkipListSet<>();

    Leaving(boolean onDelete, boolean onExpiry, boolean onLogin, boolean onRefusal) {
      this.onDelete = onDelete;
      this.onExpiry = onExpiry;
      this.onLogin = onLogin;
      this.onRefusal = onRefusal;
    }

    @Override
    Set<String> leftOver() {
      return left;
    }

    @Override
    public void insert(StoredSession session) {
      if (onRefusal && find(session.id()).isPresent()) {
        left.add("entry of " + session.id());
      }
      super.insert(session);
      principals.put(session.id(), session.principal().orElse(""));
    }

    @Override
    public boolean update(StoredSession session, Instant now) {
      boolean updated = super.update(session, now);
      String name = session.principal().orElse("");
      if (updated && onLogin && !name.equals(principals.put(session.id(), name))) {
        left.add("entry of " + session.id());
      }
      return updated;
    }

    @Override
    public Optional<StoredSession> delete(SessionId id) {
      if (onDelete) {
        left.add("entry of " + id);
      }
      return super.delete(id);
    }

    @Override
    public CleanUp deleteExpired(Instant cutoff, int limit, Consumer<StoredSession> deleted) {
      return super.deleteExpired(
          cutoff,
          limit,
          gone -> {
            if (onExpiry) {
              left.add("entry of " + gone.id());
            }
            deleted.accept(gone);
          });
    }
  }

  /** Knows the sessions of the same principal that got a new secret. */
  private static class Renewing extends BrokenStore {
    final Set<SessionId> renewed = ConcurrentHashMap.newKeySet();

    @Override
    public boolean update(StoredSession session, Instant now) {
      boolean isRenewal =
          find(session.id())
              .filter(stored -> stored.principal().equals(session.principal()))
              .filter(stored -> stored.generation() < session.generation())
              .isPresent();
      boolean isStored = super.update(session, now);
      if (isStored && isRenewal) {
        renewed.add(session.id());
      }
      return isStored;
    }
  }
}

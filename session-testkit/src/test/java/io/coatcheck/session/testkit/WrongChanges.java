package io.coatcheck.session.testkit;

import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.CleanUp;
import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Stores that keep a part of a session twice and change one of them, or leave parts out. */
final class WrongChanges {

  static final List<WrongStore> ALL =
      List.of(
          WrongStore.of(
              "Limits by the expiry that was written with the session",
              () ->
                  new Behind() {
                    @Override
                    public Admission admit(
                        StoredSession session,
                        boolean isNew,
                        int limit,
                        WhenFull whenFull,
                        Instant now) {
                      long overlooked =
                          wholeSessionsOf(session.principal().orElseThrow()).stream()
                              .filter(one -> written(one).isExpiredAt(now))
                              .count();
                      return super.admit(session, isNew, limit + (int) overlooked, whenFull, now);
                    }
                  },
              "admit_keptAliveByActivity_isCountedAndEvictedAsItWasThen"),
          WrongStore.of(
              "Looks for the surplus by the expiry that was written with the session",
              () ->
                  new Behind() {
                    @Override
                    public int deleteOldest(
                        String principal, int keep, Instant now, DeletedSessions deleted) {
                      return wholeSessionsOf(principal).stream()
                              .allMatch(one -> written(one).isExpiredAt(now))
                          ? 0
                          : super.deleteOldest(principal, keep, now, deleted);
                    }
                  },
              "deleteOldest_keptAliveByActivity_isCounted"),
          WrongStore.of(
              "Lists activity as it was written with the session",
              () ->
                  new Behind() {
                    @Override
                    public List<StoredSession> findByPrincipal(
                        String principal, @Nullable SessionId after, int limit) {
                      List<StoredSession> page = super.findByPrincipal(principal, after, limit);
                      page.replaceAll(this::written);
                      return page;
                    }
                  },
              "touch_isSeen"),
          WrongStore.of(
              "Has stamps of activity as it was written with the session",
              () ->
                  new Behind() {
                    @Override
                    public Map<SessionId, Stamp> stamps(Set<SessionId> ids) {
                      Map<SessionId, Stamp> stamps = super.stamps(ids);
                      stamps.replaceAll(
                          (id, stamp) -> new Stamp(stamp.version(), written.get(id).lastSeenAt()));
                      return stamps;
                    }
                  },
              "stamps_seenAgain_areAsTheyAreNow"),
          WrongStore.of(
              "Hands over activity as it was written with the session",
              () ->
                  new Behind() {
                    @Override
                    public Optional<StoredSession> delete(SessionId id, long generation) {
                      return super.delete(id, generation).map(this::written);
                    }

                    @Override
                    public CleanUp deleteExpired(
                        Instant cutoff, int limit, Consumer<StoredSession> deleted) {
                      return super.deleteExpired(
                          cutoff, limit, gone -> deleted.accept(written(gone)));
                    }

                    @Override
                    public int deleteByPrincipal(
                        String principal, Set<SessionId> except, DeletedSessions deleted) {
                      return super.deleteByPrincipal(
                          principal, except, gone -> deleted.accept(written(gone)));
                    }
                  },
              "delete_seenAgain_returnsItAsItWasThen",
              "deleteExpired_seenAgain_handsItOverAsItWasThen",
              "deleteByPrincipal_seenAgain_handsItOverAsItWasThen"),
          WrongStore.of(
              "Orders sessions by their first login",
              () ->
                  new Behind() {
                    @Override
                    public int deleteOldest(
                        String principal, int keep, Instant now, DeletedSessions deleted) {
                      List<StoredSession> live = new ArrayList<>(wholeSessionsOf(principal));
                      live.removeIf(one -> one.isExpiredAt(now));
                      live.sort(Comparator.comparing(one -> firstLogins.get(one.id())));
                      List<StoredSession> gone =
                          live.subList(0, Math.max(0, live.size() - keep)).stream()
                              .flatMap(one -> sound.delete(one.id()).stream())
                              .toList();
                      gone.forEach(deleted);
                      return gone.size();
                    }

                    @Override
                    public Admission admit(
                        StoredSession session,
                        boolean isNew,
                        int limit,
                        WhenFull whenFull,
                        Instant now) {
                      Admission admission = super.admit(session, isNew, limit, whenFull, now);
                      List<StoredSession> oldest =
                          new ArrayList<>(wholeSessionsOf(session.principal().orElseThrow()));
                      oldest.addAll(admission.evicted());
                      oldest.removeIf(one -> one.id().equals(session.id()));
                      oldest.sort(Comparator.comparing(one -> firstLogins.get(one.id())));
                      return new Admission(
                          admission.outcome(), oldest.subList(0, admission.evicted().size()));
                    }
                  },
              "deleteOldest_loggedInAgain_isKept",
              "admit_loggedInAgain_isNotTheOldest"),
          WrongStore.of(
              "Keeps the idle timeout at a login",
              () ->
                  new BrokenStore() {
                    @Override
                    public Admission admit(
                        StoredSession session,
                        boolean isNew,
                        int limit,
                        WhenFull whenFull,
                        Instant now) {
                      StoredSession login =
                          find(session.id())
                              .map(
                                  old ->
                                      session.toBuilder()
                                          .idleTimeout(old.idleTimeout().orElse(null))
                                          .build())
                              .orElse(session);
                      return super.admit(login, isNew, limit, whenFull, now);
                    }
                  },
              "admit_knownSession_storesAllItsParts"),
          WrongStore.of(
              "Evicts without attributes",
              () ->
                  new BrokenStore() {
                    @Override
                    public Admission admit(
                        StoredSession session,
                        boolean isNew,
                        int limit,
                        WhenFull whenFull,
                        Instant now) {
                      Admission admission = super.admit(session, isNew, limit, whenFull, now);
                      return new Admission(
                          admission.outcome(),
                          admission.evicted().stream().map(IndexPart::listed).toList());
                    }
                  },
              "admit_keptAliveByActivity_isCountedAndEvictedAsItWasThen"),
          WrongStore.of(
              "Ends the surplus without attributes",
              () ->
                  new BrokenStore() {
                    @Override
                    public int deleteOldest(
                        String principal, int keep, Instant now, DeletedSessions deleted) {
                      return super.deleteOldest(
                          principal, keep, now, gone -> deleted.accept(IndexPart.listed(gone)));
                    }
                  },
              "deleteOldest_everyCombinationOfOptionalParts_handsOverAllParts",
              "deleteOldest_moreThanAStep_deletesAllButThese"),
          WrongStore.of(
              "Reads attributes for the first step only",
              () ->
                  new BrokenStore() {
                    @Override
                    public int deleteByPrincipal(
                        String principal, Set<SessionId> except, DeletedSessions deleted) {
                      return super.deleteByPrincipal(principal, except, inSteps(deleted)::accept);
                    }

                    @Override
                    public CleanUp deleteExpired(
                        Instant cutoff, int limit, Consumer<StoredSession> deleted) {
                      return super.deleteExpired(cutoff, limit, inSteps(deleted));
                    }
                  },
              "deleteByPrincipal_moreThanAStep_endsAll",
              "deleteExpired_untilOneCallIsComplete_takesAll"),
          WrongStore.of(
              "Stores the moment of an update as activity",
              () ->
                  new BrokenStore() {
                    @Override
                    public boolean update(StoredSession session, Instant now) {
                      return super.update(
                          session.lastSeenAt().isBefore(now)
                              ? session.toBuilder().lastSeenAt(now).build()
                              : session,
                          now);
                    }
                  },
              "update_momentOfTheCall_isNotStored"),
          WrongStore.of(
              "Copies the set of the sessions to spare",
              () ->
                  new BrokenStore() {
                    @Override
                    public int deleteByPrincipal(
                        String principal, Set<SessionId> except, DeletedSessions deleted) {
                      return super.deleteByPrincipal(principal, new HashSet<>(except), deleted);
                    }
                  },
              "deleteByPrincipal_exceptedByARule_areSpared"),
          WrongStore.of(
              "Compares principals by their hash code",
              () ->
                  new BrokenStore() {
                    private String similar(String principal) {
                      return principals.stream()
                          .filter(name -> name.hashCode() == principal.hashCode())
                          .findFirst()
                          .orElse(principal);
                    }

                    private final Set<String> principals = ConcurrentHashMap.newKeySet();

                    @Override
                    public void insert(StoredSession session) {
                      super.insert(session);
                      session.principal().ifPresent(principals::add);
                    }

                    @Override
                    public Admission admit(
                        StoredSession session,
                        boolean isNew,
                        int limit,
                        WhenFull whenFull,
                        Instant now) {
                      String similar = similar(session.principal().orElseThrow());
                      principals.add(session.principal().orElseThrow());
                      return super.admit(
                          session.toBuilder().principal(similar).build(),
                          isNew,
                          limit,
                          whenFull,
                          now);
                    }

                    @Override
                    public List<StoredSession> findByPrincipal(
                        String principal, @Nullable SessionId after, int limit) {
                      return super.findByPrincipal(similar(principal), after, limit);
                    }

                    @Override
                    public int deleteByPrincipal(
                        String principal, Set<SessionId> except, DeletedSessions deleted) {
                      return super.deleteByPrincipal(similar(principal), except, deleted);
                    }
                  },
              "findByPrincipal_comparesCodePoints",
              "deleteByPrincipal_comparesCodePoints",
              "admit_comparesCodePoints"));

  private WrongChanges() {}

  /** Passes on the first hundred sessions with attributes, and the others without. */
  private static Consumer<StoredSession> inSteps(Consumer<StoredSession> deleted) {
    List<SessionId> passed = new ArrayList<>();
    return gone -> {
      passed.add(gone.id());
      deleted.accept(passed.size() <= 100 ? gone : IndexPart.listed(gone));
    };
  }

  /** Remembers each session as it was written last, without activity since then. */
  private static class Behind extends BrokenStore {
    final Map<SessionId, StoredSession> written = new ConcurrentHashMap<>();
    final Map<SessionId, Instant> firstLogins = new ConcurrentHashMap<>();

    final StoredSession written(StoredSession session) {
      return session.toBuilder().lastSeenAt(written.get(session.id()).lastSeenAt()).build();
    }

    private void remember(StoredSession session) {
      find(session.id()).ifPresent(stored -> written.put(stored.id(), stored));
      session.authenticatedAt().ifPresent(login -> firstLogins.putIfAbsent(session.id(), login));
    }

    @Override
    public void insert(StoredSession session) {
      super.insert(session);
      remember(session);
    }

    @Override
    public boolean update(StoredSession session, Instant now) {
      boolean updated = super.update(session, now);
      remember(session);
      return updated;
    }

    @Override
    public Admission admit(
        StoredSession session, boolean isNew, int limit, WhenFull whenFull, Instant now) {
      Admission admission = super.admit(session, isNew, limit, whenFull, now);
      remember(session);
      return admission;
    }
  }
}

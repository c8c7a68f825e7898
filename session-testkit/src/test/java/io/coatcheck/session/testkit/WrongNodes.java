package io.coatcheck.session.testkit;

import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.CleanUp;
import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Stores that do something only for the sessions that the same node began. */
final class WrongNodes {

  static final List<WrongStore> ALL =
      List.of(
          WrongStore.of(
              "Cleans up what this node began",
              CleaningUp::new,
              "deleteExpired_begunOnAnotherNode_takesThem"),
          WrongStore.of(
              "Lists what this node began",
              Listing::new,
              "findByPrincipal_several_returnsAllWithAllOtherParts"),
          WrongStore.of(
              "Revokes what this node began",
              Revoking::new,
              "deleteByPrincipal_begunOnAnotherNode_endsThem",
              "deleteOldest_begunOnAnotherNode_endsThem"),
          WrongStore.of(
              "Limits what this node began",
              Limiting::new,
              "admit_begunOnAnotherNode_areCountedAndEvicted"),
          WrongStore.of(
              "Empties the store when it starts",
              () -> new Shared(true, false),
              "startOfANode_leavesTheSessions"),
          WrongStore.of(
              "Empties the store when it stops",
              () -> new Shared(false, true),
              "closeOfANode_leavesTheSessions"),
          WrongStore.of(
              "Keeps moments as its clock shows them",
              LocalTimes::new,
              "timeZone_ofANode_changesNoMoment"),
          WrongStore.of(
              "Writes numbers in its own language",
              LocalNumbers::new,
              "locale_ofANode_changesNothing"),
          WrongStore.of(
              "Takes the latest moment for now",
              LatestMoment::new,
              "clock_ofAnotherNodeThatIsAhead_changesNothing"),
          WrongStore.of(
              "Has room for two megabytes",
              () ->
                  new BrokenStore() {
                    @Override
                    public void insert(StoredSession session) {
                      int bytes =
                          session.attributes().values().stream()
                              .mapToInt(value -> value.bytes().length)
                              .sum();
                      if (bytes > 2 << 20) {
                        throw new SessionStoreException("too large");
                      }
                      super.insert(session);
                    }
                  },
              "insert_asMuchAsAttributesMayTake_isFoundAndReplaced"));

  private WrongNodes() {}

  /** A node that knows the sessions that it began itself. */
  private abstract static class Knowing extends BrokenStore {

    Knowing(@Nullable SessionStore shared) {
      super(shared == null ? new BrokenStore().sound : shared);
    }

    final boolean isOwn(StoredSession session) {
      return ids.contains(session.id());
    }

    /** Returns which sessions of a principal another node began. */
    final Set<SessionId> foreign(String principal) {
      Set<SessionId> foreign = new HashSet<>();
      Stream.of(soundIndex.findByPrincipal(principal, null, PrincipalIndex.MAX_PAGE))
          .flatMap(List::stream)
          .filter(session -> !isOwn(session))
          .forEach(session -> foreign.add(session.id()));
      return foreign;
    }
  }

  private static final class CleaningUp extends Knowing {
    CleaningUp() {
      this(null);
    }

    private CleaningUp(@Nullable SessionStore shared) {
      super(shared);
    }

    @Override
    BrokenStore otherNode() {
      return new CleaningUp(sound);
    }

    @Override
    public CleanUp deleteExpired(Instant cutoff, int limit, Consumer<StoredSession> deleted) {
      List<StoredSession> gone =
          ids.stream()
              .flatMap(id -> find(id).stream())
              .filter(session -> session.isExpiredAt(cutoff))
              .limit(limit)
              .flatMap(session -> delete(session.id()).stream())
              .toList();
      gone.forEach(deleted);
      return new CleanUp(gone.size(), gone.size() < limit);
    }
  }

  private static final class Listing extends Knowing {
    Listing() {
      this(null);
    }

    private Listing(@Nullable SessionStore shared) {
      super(shared);
    }

    @Override
    BrokenStore otherNode() {
      return new Listing(sound);
    }

    @Override
    public List<StoredSession> findByPrincipal(
        String principal, @Nullable SessionId after, int limit) {
      return page(wholeSessionsOf(principal).stream().filter(this::isOwn).toList(), after, limit);
    }
  }

  private static final class Revoking extends Knowing {
    Revoking() {
      this(null);
    }

    private Revoking(@Nullable SessionStore shared) {
      super(shared);
    }

    @Override
    BrokenStore otherNode() {
      return new Revoking(sound);
    }

    @Override
    public int deleteByPrincipal(String principal, Set<SessionId> except, DeletedSessions deleted) {
      Set<SessionId> spared = foreign(principal);
      spared.addAll(except);
      return super.deleteByPrincipal(principal, spared, deleted);
    }

    @Override
    public int deleteOldest(String principal, int keep, Instant now, DeletedSessions deleted) {
      return foreign(principal).isEmpty() ? super.deleteOldest(principal, keep, now, deleted) : 0;
    }
  }

  private static final class Limiting extends Knowing {
    Limiting() {
      this(null);
    }

    private Limiting(@Nullable SessionStore shared) {
      super(shared);
    }

    @Override
    BrokenStore otherNode() {
      return new Limiting(sound);
    }

    @Override
    public Admission admit(
        StoredSession session, boolean isNew, int limit, WhenFull whenFull, Instant now) {
      int others = foreign(session.principal().orElse("")).size();
      return super.admit(session, isNew, limit + others, whenFull, now);
    }
  }

  /** Empties the sessions of all nodes when a node starts or stops. */
  private static final class Shared extends BrokenStore {
    private final boolean atStart;
    private final boolean atStop;

    /** The ids that any node inserted. */
    private final Set<SessionId> known;

    Shared(boolean atStart, boolean atStop) {
      this.atStart = atStart;
      this.atStop = atStop;
      known = ids;
    }

    private Shared(Shared first) {
      super(first.sound);
      atStart = first.atStart;
      atStop = first.atStop;
      known = first.known;
    }

    @Override
    BrokenStore otherNode() {
      if (atStart) {
        known.forEach(sound::delete);
      }
      return new Shared(this);
    }

    @Override
    public void close() {
      if (atStop) {
        known.forEach(sound::delete);
      }
    }
  }

  /** Has a clock: the latest moment that any node gave. */
  private static final class LatestMoment extends BrokenStore {
    private final AtomicReference<Instant> latest = new AtomicReference<>(Instant.EPOCH);

    private Instant later(Instant now) {
      return latest.accumulateAndGet(now, (one, other) -> one.isAfter(other) ? one : other);
    }

    @Override
    public boolean update(StoredSession session, Instant now) {
      return super.update(session, later(now));
    }

    @Override
    public boolean touch(SessionId id, Instant lastSeenAt, Instant now) {
      return super.touch(id, lastSeenAt, later(now));
    }
  }

  /** Keeps each creation as the local time of day that the node's clock showed. */
  private static final class LocalTimes extends BrokenStore {
    private final Map<SessionId, LocalDateTime> times = new ConcurrentHashMap<>();

    @Override
    public void insert(StoredSession session) {
      times.put(session.id(), LocalDateTime.ofInstant(session.createdAt(), ZoneId.systemDefault()));
      super.insert(session);
    }

    @Override
    public Optional<StoredSession> find(SessionId id) {
      return super.find(id)
          .map(
              session ->
                  session.toBuilder()
                      .createdAt(times.get(id).atZone(ZoneId.systemDefault()).toInstant())
                      .build());
    }
  }

  /** Keeps each session under its id in digits of the default locale. */
  private static final class LocalNumbers extends BrokenStore {
    private final Set<String> keys = ConcurrentHashMap.newKeySet();

    private static String key(SessionId id) {
      return String.format(
          Locale.getDefault(Locale.Category.FORMAT), "%d", id.leastSignificantBits());
    }

    @Override
    public void insert(StoredSession session) {
      super.insert(session);
      keys.add(key(session.id()));
    }

    @Override
    public Optional<StoredSession> find(SessionId id) {
      return super.find(id).filter(session -> keys.contains(key(id)));
    }
  }
}

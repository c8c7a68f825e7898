package io.coatcheck.session.testkit;

import io.coatcheck.session.store.CleanUp;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;

/** Stores of which one of the six methods, or what is said of all of them, is wrong. */
final class WrongVerbs {

  static final List<WrongStore> ALL =
      List.of(
          WrongStore.of(
              "Compares versions as doubles",
              ComparingDoubles::new,
              "update_versionBeyondDoubles_isComparedExactly"),
          WrongStore.of(
              "Compares generations as doubles",
              () ->
                  new BrokenStore() {
                    @Override
                    public Optional<StoredSession> delete(SessionId id, long generation) {
                      return find(id)
                          .filter(found -> (double) found.generation() == (double) generation)
                          .flatMap(found -> delete(id));
                    }
                  },
              "deleteOfAGeneration_beyondDoubles_isComparedExactly"),
          WrongStore.of(
              "Deletes any generation",
              () ->
                  new BrokenStore() {
                    @Override
                    public Optional<StoredSession> delete(SessionId id, long generation) {
                      return delete(id);
                    }
                  },
              "deleteOfAGeneration_thatItDoesNotHave_leavesItAlone"),
          refusing(
              "Names no session in a message",
              session -> new SessionStoreException("insert failed"),
              "insert_knownId_messageNamesTheSessionAndNothingSecret"),
          refusing(
              "Names the hash in a message",
              session ->
                  new SessionStoreException(
                      session.id()
                          + " exists: "
                          + HexFormat.of().formatHex(session.secretHash().toBytes())),
              "insert_knownId_messageNamesTheSessionAndNothingSecret"),
          refusing(
              "Has the row in the exception of the driver",
              session ->
                  new SessionStoreException(
                      session.id() + " exists",
                      new IllegalStateException(
                          HexFormat.of()
                              .withUpperCase()
                              .formatHex(session.secretHash().toBytes()))),
              "insert_knownId_messageNamesTheSessionAndNothingSecret"),
          refusing(
              "Throws something else for a known id",
              session -> new IllegalStateException("exists: " + session.id()),
              "insert_knownId_throwsAndChangesNothing"),
          WrongStore.of(
              "Keeps activity in seconds",
              () ->
                  new BrokenStore() {
                    @Override
                    public boolean touch(SessionId id, Instant lastSeenAt, Instant now) {
                      return super.touch(id, lastSeenAt.truncatedTo(ChronoUnit.SECONDS), now);
                    }
                  },
              "touch_oneMillisecondLater_isStored"),
          WrongStore.of(
              "Cuts off moments that are out of range",
              () ->
                  new BrokenStore() {
                    @Override
                    public boolean touch(SessionId id, Instant lastSeenAt, Instant now) {
                      return super.touch(id, inRange(lastSeenAt), inRange(now));
                    }

                    @Override
                    public boolean update(StoredSession session, Instant now) {
                      return super.update(session, inRange(now));
                    }

                    @Override
                    public CleanUp deleteExpired(
                        Instant cutoff, int limit, Consumer<StoredSession> deleted) {
                      return super.deleteExpired(inRange(cutoff), limit, deleted);
                    }
                  },
              "touch_momentOutOfRange_throwsAndDoesNothing",
              "update_momentOutOfRange_throwsAndDoesNothing",
              "deleteExpired_momentOutOfRange_throwsAndDoesNothing"),
          WrongStore.of(
              "Answers false at the last version",
              () ->
                  new BrokenStore() {
                    @Override
                    public boolean update(StoredSession session, Instant now) {
                      return session.version() < Long.MAX_VALUE && super.update(session, now);
                    }
                  },
              "update_lastVersion_throwsAndChangesNothing"),
          WrongStore.of(
              "Expires by an index that a touch does not move",
              Unmoved::new,
              "touch_movesTheExpiry",
              "deleteExpired_touchedMeanwhile_spares",
              "touchAll_movesTheExpiryOfTheCleanUp"),
          WrongStore.of(
              "Compares moments as text",
              ComparingText::new,
              "deleteExpired_momentsOfAnyLength_areComparedAsNumbers"),
          WrongStore.of(
              "Calls the consumer under its lock",
              Locking::new,
              "deleteExpired_consumer_isCalledUnderNoLock"),
          WrongStore.of(
              "Suppresses an exception in itself",
              () ->
                  new BrokenStore() {
                    @Override
                    public CleanUp deleteExpired(
                        Instant cutoff, int limit, Consumer<StoredSession> deleted) {
                      List<StoredSession> gone = new ArrayList<>();
                      CleanUp cleanUp = super.deleteExpired(cutoff, limit, gone::add);
                      Throwable first = null;
                      for (StoredSession session : gone) {
                        try {
                          deleted.accept(session);
                        } catch (Error | RuntimeException e) {
                          if (first == null) {
                            first = e;
                          } else {
                            first.addSuppressed(e);
                          }
                        }
                      }
                      if (first instanceof Error error) {
                        throw error;
                      }
                      return cleanUp;
                    }
                  },
              "deleteExpired_consumerThatThrowsAnError_isStillHandedTheOthers"),
          WrongStore.of(
              "Finds what this node remembers",
              Remembering::new,
              "anotherNodesChanges_areSeenAtOnce"),
          WrongStore.of(
              "Closes its methods, and not its capabilities",
              () ->
                  new BrokenStore() {
                    private boolean closed;

                    @Override
                    public Optional<StoredSession> find(SessionId id) {
                      if (closed) {
                        throw new SessionStoreException("closed");
                      }
                      return super.find(id);
                    }

                    @Override
                    public void close() {
                      closed = true;
                    }
                  },
              "close_thenAnyOperation_throws"),
          WrongStore.of(
              "Fails when it is closed twice",
              () ->
                  new BrokenStore() {
                    private boolean closed;

                    @Override
                    public void close() {
                      if (closed && calledByATest()) {
                        throw new SessionStoreException("closed already");
                      }
                      closed = true;
                    }
                  },
              "close_twice_isFine"),
          WrongStore.of(
              "Makes a new index each time",
              () ->
                  new BrokenStore() {
                    @Override
                    public Optional<PrincipalIndex> principalIndex() {
                      return Optional.of(new BrokenStore(sound));
                    }
                  },
              "capabilities_areTheSameEachTime",
              "principalIndex_isTheSameEachTime"),
          WrongStore.of(
              "Limits without an index",
              () ->
                  new BrokenStore() {
                    @Override
                    public Optional<PrincipalIndex> principalIndex() {
                      return Optional.empty();
                    }
                  },
              "loginLimit_isThereOnlyWithAPrincipalIndex"),
          WrongStore.of(
              "Wants activity before it happens",
              () ->
                  new BrokenStore() {
                    @Override
                    public Duration touchInterval() {
                      return Duration.ofSeconds(-1);
                    }
                  },
              "touchInterval_isNotNegative"),
          WrongStore.of(
              "Answers before it is asked",
              () ->
                  new BrokenStore() {
                    @Override
                    public Duration longestCall() {
                      return Duration.ZERO;
                    }
                  },
              "longestCall_isPositive"));

  private WrongVerbs() {}

  private static Instant inRange(Instant moment) {
    if (moment.isBefore(Instant.EPOCH)) {
      return Instant.EPOCH;
    }
    return moment.isAfter(StoredSession.MAX_MOMENT) ? StoredSession.MAX_MOMENT : moment;
  }

  /** Closing after a test may be repeated; only the test itself must notice. */
  private static boolean calledByATest() {
    return StackWalker.getInstance()
        .walk(
            frames -> frames.anyMatch(frame -> frame.getMethodName().equals("close_twice_isFine")));
  }

  private static WrongStore refusing(
      String fault, Function<StoredSession, RuntimeException> refusal, String... tests) {
    return WrongStore.of(
        fault,
        () ->
            new BrokenStore() {
              @Override
              public void insert(StoredSession session) {
                Optional<StoredSession> stored = find(session.id());
                if (stored.isPresent()) {
                  throw refusal.apply(stored.get());
                }
                super.insert(session);
              }
            },
        tests);
  }

  private static final class ComparingDoubles extends BrokenStore {
    @Override
    public boolean update(StoredSession session, Instant now) {
      StoredSession wanted =
          find(session.id())
              .filter(found -> (double) found.version() == (double) session.version())
              .map(found -> session.toBuilder().version(found.version()).build())
              .orElse(session);
      return super.update(wanted, now);
    }
  }

  private static final class Unmoved extends BrokenStore {
    private final Map<SessionId, Instant> expiries = new ConcurrentHashMap<>();

    @Override
    public void insert(StoredSession session) {
      super.insert(session);
      expiries.put(session.id(), session.expiresAt());
    }

    @Override
    public CleanUp deleteExpired(Instant cutoff, int limit, Consumer<StoredSession> deleted) {
      List<StoredSession> gone =
          expiries.keySet().stream()
              .filter(id -> !expiries.get(id).isAfter(cutoff))
              .flatMap(id -> delete(id).stream())
              .toList();
      gone.forEach(deleted);
      return new CleanUp(gone.size(), true);
    }
  }

  private static final class ComparingText extends BrokenStore {
    @Override
    public CleanUp deleteExpired(Instant cutoff, int limit, Consumer<StoredSession> deleted) {
      String last = Long.toString(cutoff.toEpochMilli());
      List<StoredSession> gone =
          ids.stream()
              .flatMap(id -> find(id).stream())
              .filter(one -> Long.toString(one.expiresAtMillis()).compareTo(last) <= 0)
              .flatMap(one -> delete(one.id()).stream())
              .toList();
      gone.forEach(deleted);
      return new CleanUp(gone.size(), true);
    }
  }

  /** Holds its lock while it hands over; whoever waits too long gets an exception. */
  private static final class Locking extends BrokenStore {
    private final ReentrantLock lock = new ReentrantLock();

    @Override
    public void insert(StoredSession session) {
      try {
        if (!lock.tryLock(200, TimeUnit.MILLISECONDS)) {
          throw new SessionStoreException("locked");
        }
      } catch (InterruptedException e) {
        throw new SessionStoreException("interrupted", e);
      }
      try {
        super.insert(session);
      } finally {
        lock.unlock();
      }
    }

    @Override
    public CleanUp deleteExpired(Instant cutoff, int limit, Consumer<StoredSession> deleted) {
      lock.lock();
      try {
        return super.deleteExpired(cutoff, limit, deleted);
      } finally {
        lock.unlock();
      }
    }
  }

  private static final class Remembering extends BrokenStore {
    private final Map<SessionId, Optional<StoredSession>> seen = new ConcurrentHashMap<>();

    Remembering() {}

    private Remembering(SessionStore sound) {
      super(sound);
    }

    @Override
    BrokenStore otherNode() {
      return new Remembering(sound);
    }

    @Override
    public Optional<StoredSession> find(SessionId id) {
      return seen.computeIfAbsent(id, super::find);
    }

    @Override
    public boolean update(StoredSession session, Instant now) {
      seen.remove(session.id());
      return super.update(session, now);
    }

    @Override
    public Optional<StoredSession> delete(SessionId id) {
      seen.remove(id);
      return super.delete(id);
    }
  }
}

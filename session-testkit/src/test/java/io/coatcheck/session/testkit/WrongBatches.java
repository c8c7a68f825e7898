package io.coatcheck.session.testkit;

import io.coatcheck.session.store.BatchLookup;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;

/** Stores whose stamps or touches of many sessions are wrong. */
final class WrongBatches {

  static final List<WrongStore> ALL =
      List.of(
          touching(
              "Touches by writing whole sessions back",
              (store, id, moment, now) -> {
                Optional<StoredSession> found = store.find(id).filter(one -> !one.isExpiredAt(now));
                found.ifPresent(
                    session -> {
                      BrokenStore.window();
                      store.overwrite(session.seenAt(moment));
                    });
                return found.isPresent();
              },
              "touchAllAgainstUpdate_theUpdateIsKept",
              "touchAll_againstDelete_neverRevives"),
          touching(
              "Looks at the expiry first",
              (store, id, moment, now) -> {
                boolean live = store.find(id).filter(one -> !one.isExpiredAt(now)).isPresent();
                BrokenStore.window();
                if (live && !store.sound.touch(id, moment, now)) {
                  store.sound.insert(SampleSessions.anonymous(id, now).lastSeenAt(moment).build());
                }
                return live;
              },
              "touchAllAgainstDeleteExpired_oneOfThemWins"),
          touching(
              "Moves moments back",
              (store, id, moment, now) -> {
                Optional<StoredSession> found = store.find(id).filter(one -> !one.isExpiredAt(now));
                found.ifPresent(one -> store.overwrite(one.toBuilder().lastSeenAt(moment).build()));
                return found.isPresent();
              },
              "touchAll_earlierOrSameMoment_succeedsAndChangesNothing"),
          touching(
              "Creates what it touches",
              (store, id, moment, now) -> {
                if (store.find(id).isEmpty()) {
                  store.sound.insert(SampleSessions.anonymous(id, now).build());
                }
                return store.sound.touch(id, moment, now);
              },
              "touchAll_deleted_neverCreates"),
          touching(
              "Touches what has expired",
              (store, id, moment, now) -> store.sound.touch(id, moment, Instant.EPOCH),
              "touchAll_anySessionAtItsExpiry_isLeftAlone"),
          touching(
              "Counts a batch as an update",
              (store, id, moment, now) ->
                  store
                      .find(id)
                      .filter(one -> store.sound.update(one.seenAt(moment), now))
                      .isPresent(),
              "touchAll_doesNotCostAnUpdateItsRace",
              "touchAll_anySession_changesTheLastSeenMomentAlone"),
          touching(
              "Answers with all that it was asked for",
              (store, id, moment, now) -> {
                store.sound.touch(id, moment, now);
                return true;
              },
              "touchAll_eachByItsOwnMoment",
              "touchAll_deleted_neverCreates"),
          touching(
              "Touches in the memory of this node",
              (store, id, moment, now) ->
                  store.find(id).filter(one -> !one.isExpiredAt(now)).isPresent(),
              "touchAll_onAnotherNode_isSeenAtOnce",
              "touchAll_movesTheExpiry_andNotTheAbsoluteDeadline"),
          WrongStore.of(
              "Touches all by the latest moment",
              () ->
                  new BrokenStore() {
                    @Override
                    public Set<SessionId> touchAll(
                        Map<SessionId, Instant> lastSeenAt, Instant now) {
                      Map<SessionId, Instant> latest = new HashMap<>(lastSeenAt);
                      lastSeenAt.values().stream()
                          .max(Instant::compareTo)
                          .ifPresent(moment -> latest.replaceAll((id, own) -> moment));
                      return super.touchAll(latest, now);
                    }
                  },
              "touchAll_eachByItsOwnMoment"),
          WrongStore.of(
              "Touches the first hundred",
              () ->
                  new BrokenStore() {
                    @Override
                    public Set<SessionId> touchAll(
                        Map<SessionId, Instant> lastSeenAt, Instant now) {
                      Map<SessionId, Instant> some = new HashMap<>(lastSeenAt);
                      lastSeenAt.keySet().stream().skip(100).forEach(some::remove);
                      return super.touchAll(some, now);
                    }
                  },
              "touchAll_asManyAsAllowed_areAllTouched",
              "touchAll_moreThanAllowed_isRefused"),
          WrongStore.of(
              "Touches some before it finds a moment out of range",
              () ->
                  new BrokenStore() {
                    @Override
                    public Set<SessionId> touchAll(
                        Map<SessionId, Instant> lastSeenAt, Instant now) {
                      if (lastSeenAt.values().stream()
                          .anyMatch(moment -> moment.isAfter(StoredSession.MAX_MOMENT))) {
                        lastSeenAt.keySet().forEach(id -> sound.touch(id, now.plusSeconds(1), now));
                      }
                      return super.touchAll(lastSeenAt, now);
                    }
                  },
              "touchAll_momentOutOfRange_throwsAndDoesNothing"),
          WrongStore.of(
              "Owns the set that it returns",
              () ->
                  new BrokenStore() {
                    @Override
                    public Set<SessionId> touchAll(
                        Map<SessionId, Instant> lastSeenAt, Instant now) {
                      return Collections.unmodifiableSet(super.touchAll(lastSeenAt, now));
                    }
                  },
              "touchAll_answerIsTheCallersToChange"),
          WrongStore.of(
              "Takes stamps from the memory of this node",
              RememberingStamps::new,
              "stamps_afterAChangeOnAnotherNode_areAsTheyAreNow"),
          stamping(
              "Hides the stamps of expired sessions",
              stamps -> {
                stamps.values().removeIf(one -> one.lastSeenAt().equals(Instant.EPOCH));
                return stamps;
              },
              "stamps_ofAnExpiredSession_areReturned"),
          stamping(
              "Keeps the version of a stamp in 32 bits",
              stamps -> {
                stamps.replaceAll(
                    (id, one) -> new BatchLookup.Stamp((int) one.version(), one.lastSeenAt()));
                return stamps;
              },
              "stamps_ofEveryKind_tellVersionAndLastSeen"),
          stamping(
              "Owns the map that it returns",
              Collections::unmodifiableMap,
              "stamps_areTheCallersToChange"),
          WrongStore.of(
              "Has stamps of the first five hundred",
              () ->
                  new BrokenStore() {
                    @Override
                    public Map<SessionId, Stamp> stamps(Set<SessionId> ids) {
                      Set<SessionId> some = new HashSet<>(ids);
                      ids.stream().skip(500).forEach(some::remove);
                      return super.stamps(some);
                    }
                  },
              "stamps_asManyAsAllowed_areAllReturned",
              "stamps_moreThanAllowed_areRefused"),
          WrongStore.of(
              "Has a stamp of what is absent",
              () ->
                  new BrokenStore() {
                    @Override
                    public Map<SessionId, Stamp> stamps(Set<SessionId> ids) {
                      Map<SessionId, Stamp> stamps = super.stamps(ids);
                      ids.forEach(id -> stamps.putIfAbsent(id, new Stamp(0, Instant.EPOCH)));
                      return stamps;
                    }
                  },
              "stamps_tellVersionAndLastSeenOfThoseThatExist",
              "stamps_followUpdateTouchAndDelete"),
          WrongStore.of(
              "Reads the two parts of a stamp one after the other",
              () ->
                  new BrokenStore() {
                    @Override
                    public Map<SessionId, Stamp> stamps(Set<SessionId> ids) {
                      Map<SessionId, Stamp> first = super.stamps(ids);
                      window();
                      Map<SessionId, Stamp> second = super.stamps(ids);
                      first.replaceAll(
                          (id, one) ->
                              new Stamp(one.version(), second.getOrDefault(id, one).lastSeenAt()));
                      return first;
                    }
                  },
              "stampsDuringUpdates_growAndAgreeWithTheirParts"));

  private WrongBatches() {}

  private static WrongStore touching(String fault, Touch touch, String... tests) {
    return WrongStore.of(
        fault,
        () -> {
          class Touching extends BrokenStore {
            Touching() {}

            Touching(SessionStore sound) {
              super(sound);
            }

            @Override
            SessionStore otherNode() {
              return new Touching(sound);
            }

            @Override
            public Set<SessionId> touchAll(Map<SessionId, Instant> lastSeenAt, Instant now) {
              Set<SessionId> touched = new HashSet<>();
              lastSeenAt.forEach(
                  (id, moment) -> {
                    if (touch.of(this, id, moment, now)) {
                      touched.add(id);
                    }
                  });
              return touched;
            }
          }
          return new Touching();
        },
        tests);
  }

  private static WrongStore stamping(
      String fault, UnaryOperator<Map<SessionId, BatchLookup.Stamp>> change, String... tests) {
    return WrongStore.of(
        fault,
        () ->
            new BrokenStore() {
              @Override
              public Map<SessionId, Stamp> stamps(Set<SessionId> ids) {
                return change.apply(super.stamps(ids));
              }
            },
        tests);
  }

  private interface Touch {
    boolean of(BrokenStore store, SessionId id, Instant moment, Instant now);
  }

  private static final class RememberingStamps extends BrokenStore {
    private final Map<SessionId, Stamp> seen = new ConcurrentHashMap<>();

    RememberingStamps() {}

    private RememberingStamps(SessionStore sound) {
      super(sound);
    }

    @Override
    SessionStore otherNode() {
      return new RememberingStamps(sound);
    }

    @Override
    public Map<SessionId, Stamp> stamps(Set<SessionId> ids) {
      super.stamps(ids).forEach(seen::putIfAbsent);
      Map<SessionId, Stamp> stamps = new HashMap<>(seen);
      stamps.keySet().retainAll(ids);
      return stamps;
    }
  }
}

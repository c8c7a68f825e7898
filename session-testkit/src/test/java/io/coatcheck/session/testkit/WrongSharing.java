package io.coatcheck.session.testkit;

import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.LiveSessions;
import io.coatcheck.session.store.LiveSessions.UsableSession;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiPredicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Stores whose live sessions are wrong. */
final class WrongSharing {

  static final List<WrongStore> ALL =
      List.of(
          sharing(
              "Returns another live session each time",
              live -> new Forwarding(live) {},
              "get_isTheSame_asLongAsTheSessionLives"),
          sharing(
              "Returns an unchanged session as a newer one",
              live ->
                  new Forwarding(live) {
                    @Override
                    public @Nullable StoredSession newerThan(long version) {
                      return super.newerThan(-1);
                    }
                  },
              "newerThan_isWhatFindReturns_ifItChanged"),
          sharing(
              "Attaches whatever was attached before",
              live ->
                  new Forwarding(live) {
                    @Override
                    public boolean replaceAttachment(
                        @Nullable Object expected, @Nullable Object next) {
                      return super.replaceAttachment(attachment(), next);
                    }
                  },
              "attachment_isReplacedInOneStep_andIsNotStored"),
          sharing(
              "Compares and attaches in two steps",
              live ->
                  new Forwarding(live) {
                    @Override
                    public boolean replaceAttachment(
                        @Nullable Object expected, @Nullable Object next) {
                      Object attached = attachment();
                      BrokenStore.window();
                      return attached == expected && super.replaceAttachment(attachment(), next);
                    }
                  },
              "replaceAttachment_manyAtOnce_oneWins"),
          WrongStore.of(
              "Detaches at a login",
              () ->
                  new Sharing() {
                    @Override
                    public boolean update(StoredSession session, Instant now) {
                      boolean updated = super.update(session, now);
                      LiveSessions.LiveSession live = live().get(session.id());
                      if (updated && live != null && session.principal().isPresent()) {
                        live.replaceAttachment(live.attachment(), null);
                      }
                      return updated;
                    }
                  },
              "attachment_staysAtALogin"),
          WrongStore.of(
              "Finds ended sessions",
              () ->
                  new Sharing() {
                    private final Map<SessionId, LiveSessions.LiveSession> seen =
                        new ConcurrentHashMap<>();
                    private final Optional<LiveSessions> remembering =
                        Optional.of(
                            id -> {
                              LiveSessions.LiveSession live = live().get(id);
                              return live == null ? seen.get(id) : remember(id, live);
                            });

                    private LiveSessions.LiveSession remember(
                        SessionId id, LiveSessions.LiveSession live) {
                      seen.put(id, live);
                      return live;
                    }

                    @Override
                    public Optional<LiveSessions> liveSessions() {
                      return remembering;
                    }
                  },
              "get_isTheSame_asLongAsTheSessionLives"),
          WrongStore.of(
              "Leaves the live session of a principal whose sessions all end",
              () ->
                  new Sharing() {
                    private final Map<SessionId, LiveSessions.LiveSession> left =
                        new ConcurrentHashMap<>();
                    private final Optional<LiveSessions> leaving =
                        Optional.of(
                            id -> {
                              LiveSessions.LiveSession live = live().get(id);
                              return live == null ? left.get(id) : live;
                            });

                    @Override
                    public Optional<LiveSessions> liveSessions() {
                      return leaving;
                    }

                    @Override
                    public int deleteByPrincipal(
                        String principal, Set<SessionId> except, DeletedSessions deleted) {
                      for (StoredSession session : wholeSessionsOf(principal)) {
                        LiveSessions.LiveSession live = live().get(session.id());
                        if (live != null) {
                          left.put(session.id(), live);
                        }
                      }
                      return super.deleteByPrincipal(principal, except, deleted);
                    }
                  },
              "get_afterAnyEnd_isNull"),
          usedInPlace(
              "Lets a request bypass a decorator",
              (live, store) -> true,
              live -> live,
              "areUsableInPlaceOf_aDecorator_isFalse"),
          usedInPlace(
              "Touches an expired session in place",
              (live, store) -> store instanceof Sharing,
              live ->
                  new ForwardingUse(live) {
                    @Override
                    public long touch(long moment) {
                      return Math.abs(super.touch(moment));
                    }
                  },
              "use_isTheSession_untilItEnds",
              "use_afterAnyEnd_isNull",
              "touch_inPlace_ofAnExpiredOrEnded_isNegative"),
          usedInPlace(
              "Returns the moment of the touch and not the one before",
              (live, store) -> store instanceof Sharing,
              live ->
                  new ForwardingUse(live) {
                    @Override
                    public long touch(long moment) {
                      return super.touch(moment) < 0 ? -1 : moment;
                    }
                  },
              "use_isTheSession_untilItEnds",
              "touch_inPlace_isThatOfTheStore"),
          updating(
              "Returns what it was given to store",
              (live, session, now) -> live.update(session, now) == null ? null : session,
              "update_inPlace_returnsWhatIsStoredNow"),
          updating(
              "Stores over any version in place",
              (live, session, now) -> {
                UsableSession used = (UsableSession) live.get(session.id());
                StoredSession stored = used == null ? null : used.snapshot();
                return stored == null
                    ? null
                    : live.update(session.toBuilder().version(stored.version()).build(), now);
              },
              "update_inPlace_ofAnotherVersionOrAnEndedSession_isNullAndChangesNothing"),
          updating(
              "Stores an expired session in place",
              (live, session, now) -> live.update(session, session.createdAt()),
              "update_inPlace_ofAnotherVersionOrAnEndedSession_isNullAndChangesNothing"),
          WrongStore.of(
              "Offers live sessions and keeps no live values",
              () ->
                  new Sharing() {
                    @Override
                    public boolean keepsLiveValues() {
                      return false;
                    }
                  },
              "liveSessions_areTheSameEachTime_andKeepLiveValues"));

  private WrongSharing() {}

  private static WrongStore sharing(
      String fault, UnaryOperator<LiveSessions.LiveSession> wrong, String... tests) {
    return WrongStore.of(
        fault,
        () ->
            new Sharing() {
              private final Optional<LiveSessions> wrongly =
                  Optional.of(
                      id -> {
                        LiveSessions.LiveSession live = live().get(id);
                        return live == null ? null : wrong.apply(live);
                      });

              @Override
              public Optional<LiveSessions> liveSessions() {
                return wrongly;
              }
            },
        tests);
  }

  private static WrongStore usedInPlace(
      String fault,
      BiPredicate<LiveSessions, SessionStore> areUsable,
      UnaryOperator<LiveSessions.UsableSession> wrong,
      String... tests) {
    return WrongStore.of(
        fault,
        () ->
            new Sharing() {
              private final Optional<LiveSessions> wrongly =
                  Optional.of(
                      new LiveSessions() {
                        @Override
                        public @Nullable LiveSession get(SessionId id) {
                          return live().get(id);
                        }

                        @Override
                        public boolean areUsableInPlaceOf(SessionStore store) {
                          return areUsable.test(live(), store);
                        }

                        @Override
                        public @Nullable UsableSession use(SessionId id) {
                          UsableSession used = live().use(id);
                          return used == null ? null : wrong.apply(used);
                        }

                        @Override
                        public @Nullable StoredSession update(StoredSession session, Instant now) {
                          return live().update(session, now);
                        }
                      });

              @Override
              public Optional<LiveSessions> liveSessions() {
                return wrongly;
              }
            },
        tests);
  }

  /** A wrong {@link LiveSessions#update}. */
  private interface Update {
    @Nullable StoredSession of(LiveSessions live, StoredSession session, Instant now);
  }

  private static WrongStore updating(String fault, Update wrong, String... tests) {
    return WrongStore.of(
        fault,
        () ->
            new Sharing() {
              private final Optional<LiveSessions> wrongly =
                  Optional.of(
                      new LiveSessions() {
                        @Override
                        public @Nullable LiveSession get(SessionId id) {
                          return live().get(id);
                        }

                        @Override
                        public boolean areUsableInPlaceOf(SessionStore store) {
                          return store instanceof Sharing;
                        }

                        @Override
                        public @Nullable UsableSession use(SessionId id) {
                          return live().use(id);
                        }

                        @Override
                        public @Nullable StoredSession update(StoredSession session, Instant now) {
                          return wrong.of(live(), session, now);
                        }
                      });

              @Override
              public Optional<LiveSessions> liveSessions() {
                return wrongly;
              }
            },
        tests);
  }

  /** A sound store with live sessions. */
  private static class Sharing extends BrokenStore {

    Sharing() {
      super(InMemorySessionStore.builder().build());
    }

    final LiveSessions live() {
      return sound.liveSessions().orElseThrow();
    }
  }

  private abstract static class Forwarding implements LiveSessions.LiveSession {

    private final LiveSessions.LiveSession live;

    Forwarding(LiveSessions.LiveSession live) {
      this.live = live;
    }

    @Override
    public @Nullable StoredSession newerThan(long version) {
      return live.newerThan(version);
    }

    @Override
    public @Nullable Object attachment() {
      return live.attachment();
    }

    @Override
    public boolean replaceAttachment(@Nullable Object expected, @Nullable Object next) {
      return live.replaceAttachment(expected, next);
    }
  }

  private abstract static class ForwardingUse extends Forwarding
      implements LiveSessions.UsableSession {

    private final LiveSessions.UsableSession used;

    ForwardingUse(LiveSessions.UsableSession used) {
      super(used);
      this.used = used;
    }

    @Override
    public @Nullable StoredSession snapshot() {
      return used.snapshot();
    }

    @Override
    public long touch(long moment) {
      return used.touch(moment);
    }
  }
}

package io.coatcheck.session.testkit;

import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.BatchLookup;
import io.coatcheck.session.store.BatchTouch;
import io.coatcheck.session.store.CleanUp;
import io.coatcheck.session.store.DamagedSessionException;
import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.Evictions;
import io.coatcheck.session.store.LiveSessions;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.StoredSessionCodec;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
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

/** A sound store of which a subclass breaks one thing. */
class BrokenStore implements SessionStore, PrincipalIndex, LoginLimit, BatchLookup, BatchTouch {

  final SessionStore sound;
  final PrincipalIndex soundIndex;
  final LoginLimit soundLimit;

  /** All ids that were ever inserted, for what has to look at every session. */
  final Set<SessionId> ids = new ConcurrentSkipListSet<>();

  final Map<SessionId, byte[]> unreadable = new ConcurrentHashMap<>();

  BrokenStore() {
    this(InMemorySessionStore.builder().copyOnRead(true).build());
  }

  BrokenStore(SessionStore sound) {
    this.sound = sound;
    this.soundIndex = sound.principalIndex().orElseThrow();
    this.soundLimit = sound.loginLimit().orElseThrow();
  }

  /** Another node on the same sessions; a store with a memory of its own overrides it. */
  SessionStore otherNode() {
    return this;
  }

  /** Makes the sound store fail from now on. */
  void breakBackend() {
    sound.close();
  }

  /** What would be left over in the backend; a store that leaves something overrides it. */
  Set<String> leftOver() {
    Set<String> left = new TreeSet<>();
    for (SessionId id : ids) {
      sound.find(id).ifPresent(session -> left.add(session.toString()));
    }
    return left;
  }

  /** Replaces the bytes of a session, which then may be unreadable. */
  void overwriteBytes(SessionId id, byte[] bytes) {
    unreadable.put(id, bytes);
  }

  /** Returns a session if it can be read; throws for a newer format. */
  final Optional<StoredSession> readable(Optional<StoredSession> stored) {
    byte[] bytes = stored.map(StoredSession::id).map(unreadable::get).orElse(null);
    try {
      return bytes == null ? stored : Optional.of(StoredSessionCodec.read(bytes));
    } catch (DamagedSessionException damaged) {
      return Optional.empty();
    }
  }

  /** Called for each session that was deleted and could not be read. */
  void deletedUnread(SessionId id) {}

  private boolean isRead(SessionId id) {
    boolean isRead = unreadable.remove(id) == null;
    if (!isRead) {
      deletedUnread(id);
    }
    return isRead;
  }

  /** Hands over what could be read, and forgets the rest. */
  final Consumer<StoredSession> ifReadable(Consumer<StoredSession> deleted) {
    return session -> {
      if (isRead(session.id())) {
        deleted.accept(session);
      }
    };
  }

  /** Puts a session in place of whatever is stored, as no sound store can. */
  final void overwrite(StoredSession session) {
    sound.delete(session.id());
    sound.insert(session);
  }

  /** Returns all sessions of a principal with all their parts, by looking at every session. */
  final List<StoredSession> wholeSessionsOf(String principal) {
    List<StoredSession> found = new ArrayList<>();
    for (SessionId id : ids) {
      sound
          .find(id)
          .filter(session -> session.principal().equals(Optional.of(principal)))
          .ifPresent(found::add);
    }
    return found;
  }

  /** Returns what a sound index would list of some sessions. */
  static List<StoredSession> page(
      List<StoredSession> sessions, @Nullable SessionId after, int limit) {
    return new ArrayList<>(
        sessions.stream()
            .map(IndexPart::listed)
            .sorted(IndexPart.BY_ID)
            .filter(session -> after == null || session.id().compareTo(after) > 0)
            .limit(limit)
            .toList());
  }

  /** Hands a session over on a thread of its own. */
  static void elsewhere(Consumer<StoredSession> consumer, StoredSession session) {
    Race.among(
        List.of(
            () -> {
              consumer.accept(session);
              return true;
            }));
  }

  /** Lets other threads come between a look and a write. */
  @SuppressWarnings("ThreadPriorityCheck") // It only makes likely what may happen anyway.
  static void window() {
    for (int i = 0; i < 3; i++) {
      Thread.yield();
    }
  }

  @Override
  public void insert(StoredSession session) {
    ids.add(session.id());
    sound.insert(session);
  }

  @Override
  public Optional<StoredSession> find(SessionId id) {
    return readable(sound.find(id));
  }

  @Override
  public boolean update(StoredSession session, Instant now) {
    return sound.update(session, now);
  }

  @Override
  public boolean touch(SessionId id, Instant lastSeenAt, Instant now) {
    return sound.touch(id, lastSeenAt, now);
  }

  @Override
  public Optional<StoredSession> delete(SessionId id) {
    return sound.delete(id).filter(session -> isRead(id));
  }

  @Override
  public Optional<StoredSession> delete(SessionId id, long generation) {
    return sound.delete(id, generation);
  }

  @Override
  public CleanUp deleteExpired(Instant cutoff, int limit, Consumer<StoredSession> deleted) {
    return sound.deleteExpired(cutoff, limit, ifReadable(deleted));
  }

  @Override
  public Optional<PrincipalIndex> principalIndex() {
    return Optional.of(this);
  }

  @Override
  public Optional<LoginLimit> loginLimit() {
    return Optional.of(this);
  }

  @Override
  public Optional<BatchLookup> batchLookup() {
    return Optional.of(this);
  }

  @Override
  public Optional<BatchTouch> batchTouch() {
    return Optional.of(this);
  }

  @Override
  public Optional<Evictions> evictions() {
    return sound.evictions();
  }

  @Override
  public Optional<LiveSessions> liveSessions() {
    return sound.liveSessions();
  }

  @Override
  public boolean keepsLiveValues() {
    return sound.keepsLiveValues();
  }

  @Override
  public Duration touchInterval() {
    return sound.touchInterval();
  }

  @Override
  public Duration longestCall() {
    return sound.longestCall();
  }

  @Override
  public void close() {
    sound.close();
  }

  @Override
  public List<StoredSession> findByPrincipal(
      String principal, @Nullable SessionId after, int limit) {
    List<StoredSession> page = new ArrayList<>();
    SessionId last = after;
    List<StoredSession> next;
    do {
      next = soundIndex.findByPrincipal(principal, last, limit);
      for (StoredSession session : next) {
        last = session.id();
        if (page.size() < limit && readable(Optional.of(session)).isPresent()) {
          page.add(session);
        }
      }
    } while (next.size() == limit && page.size() < limit);
    return page;
  }

  @Override
  public int deleteByPrincipal(String principal, Set<SessionId> except, DeletedSessions deleted) {
    return soundIndex.deleteByPrincipal(
        principal, except, DeletedSessions.of(deleted.needAttributes(), ifReadable(deleted)));
  }

  @Override
  public int deleteOldest(String principal, int keep, Instant now, DeletedSessions deleted) {
    return soundIndex.deleteOldest(principal, keep, now, deleted);
  }

  @Override
  public Admission admit(
      StoredSession session, boolean isNew, int limit, WhenFull whenFull, Instant now) {
    ids.add(session.id());
    return soundLimit.admit(session, isNew, limit, whenFull, now);
  }

  @Override
  public Map<SessionId, Stamp> stamps(Set<SessionId> ids) {
    if (ids.size() > BatchLookup.MAX_IDS) {
      throw new IllegalArgumentException("too many ids: " + ids.size());
    }
    Map<SessionId, Stamp> stamps = new HashMap<>();
    for (SessionId id : ids) {
      sound
          .find(id)
          .ifPresent(found -> stamps.put(id, new Stamp(found.version(), found.lastSeenAt())));
    }
    return stamps;
  }

  @Override
  public Set<SessionId> touchAll(Map<SessionId, Instant> lastSeenAt, Instant now) {
    if (lastSeenAt.size() > BatchTouch.MAX_IDS) {
      throw new IllegalArgumentException("too many ids: " + lastSeenAt.size());
    }
    StoredSession.millisOf(now, "now");
    lastSeenAt.values().forEach(moment -> StoredSession.millisOf(moment, "lastSeenAt"));
    Set<SessionId> touched = new HashSet<>();
    lastSeenAt.forEach(
        (id, moment) -> {
          if (sound.touch(id, moment, now)) {
            touched.add(id);
          }
        });
    return touched;
  }
}

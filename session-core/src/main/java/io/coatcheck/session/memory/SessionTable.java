package io.coatcheck.session.memory;

import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.Admission.Outcome;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Holds all slots: those of anonymous sessions in {@link AnonymousSlots}, those of authenticated
 * ones in a map and also by principal. Every slot is in the {@link ExpiryCalendar} too.
 *
 * <p>The two kinds are separate because only one may be evicted. A single cache in which
 * authenticated sessions had no weight would walk past all of them at each eviction. A session that
 * logs in moves to the map and never back. Its slot is in both for a moment: no reader misses it.
 *
 * <p><b>Locks.</b> {@link #structure} is held while a session is inserted, its principal changed,
 * or a login admitted; so one lock serves all principals, for a few microseconds at a time and
 * without calling outside code. Reading, touching, updating attributes, deleting and expiring take
 * no lock; a writer waits for this one if it meets a slot that an admission has frozen. Lock order:
 * this lock, then those inside Caffeine, then those inside the maps and the calendar; a thread that
 * holds one never acquires an earlier one. The listener of evictions is called when none is held.
 */
final class SessionTable {

  private static final Comparator<Candidate> AUTHENTICATED_LONGEST_AGO =
      Comparator.comparing((Candidate one) -> PrincipalSessions.Login.of(one.session));

  private final long maximum;
  private final Consumer<StoredSession> evictionNotice;
  private final SlotTable authenticated = new SlotTable();
  private final AnonymousSlots anonymous;
  private final SlotsByPrincipal byPrincipal = new SlotsByPrincipal();
  private final ExpiryCalendar calendar = new ExpiryCalendar();
  private final ReentrantLock structure = new ReentrantLock();
  private final PrincipalSessions ofPrincipals =
      new PrincipalSessions(byPrincipal, structure, this::end);

  /**
   * Creates an empty table.
   *
   * @param evictionNotice called for each evicted session, under no lock; must not throw
   */
  SessionTable(long maximum, Consumer<StoredSession> evictionNotice) {
    this.maximum = maximum;
    this.evictionNotice = evictionNotice;
    anonymous = new AnonymousSlots(maximum, calendar::place);
  }

  /** Returns a session and counts it as used; null if there is none. */
  @Nullable StoredSession find(SessionId id) {
    StoredSession session = read(authenticated.get(id));
    if (session == null) {
      session = read(anonymous.use(id));
    }
    // It may have logged in between the two look-ups.
    return session != null ? session : read(authenticated.get(id));
  }

  /** Returns the slot of an existing session and counts it as used; null if there is none. */
  @Nullable Slot use(SessionId id) {
    Slot slot = live(authenticated.get(id));
    if (slot == null) {
      slot = live(anonymous.use(id));
    }
    // It may have logged in between the two look-ups, as in find.
    return slot != null ? slot : live(authenticated.get(id));
  }

  /** Returns the slot of an existing session, without affecting eviction. */
  @Nullable Slot peek(SessionId id) {
    Slot slot = live(authenticated.get(id));
    if (slot == null) {
      slot = live(anonymous.peek(id));
    }
    return slot != null ? slot : live(authenticated.get(id));
  }

  /** Returns the session in a slot for a writer; null if it has ended. */
  @Nullable StoredSession settled(Slot slot) {
    return slot.settled(structure);
  }

  /** Adds a session, or throws and leaves the table as it was. */
  void insert(StoredSession session) {
    locked(
        () -> {
          refuseKnown(session.id());
          long room = room(session.id(), 0);
          if (session.principal().isPresent()) {
            anonymous.bound(room - 1);
            Slot slot = new Slot(session.id());
            register(slot, session);
            slot.replace(null, session);
            calendar.place(slot);
          } else {
            Slot slot = new Slot(session);
            anonymous.put(session.id(), slot, room);
            calendar.place(slot);
          }
          return session;
        });
  }

  /** Updates a session, and returns what is stored now; null if it was not updated. */
  @Nullable StoredSession update(Slot slot, StoredSession session, Instant now) {
    while (true) {
      StoredSession stored = settled(slot);
      if (stored == null) {
        return null;
      }
      Optional<StoredSession> next = session.replacing(stored, slot.seen(), now);
      if (next.isEmpty()) {
        return null;
      }
      if (!stored.principal().equals(session.principal())) {
        return locked(
            () -> {
              try (Step step = new Step()) {
                return updatePrincipal(slot, session, now, step);
              }
            });
      }
      if (slot.replace(stored, next.get())) {
        replan(slot, stored, next.get());
        return next.get();
      }
    }
  }

  /** Stores a login of a session's principal within a limit. */
  Admission admit(StoredSession session, boolean isNew, int limit, WhenFull whenFull, Instant now) {
    return locked(() -> admitLocked(session, isNew, limit, whenFull, now));
  }

  /** Ends the session in a slot; null if it does not meet the condition, or has ended. */
  @Nullable StoredSession end(Slot slot, Predicate<StoredSession> condition) {
    while (true) {
      StoredSession stored = settled(slot);
      if (stored == null || !condition.test(stored)) {
        return null;
      }
      StoredSession ended = slot.empty(stored);
      if (ended != null) {
        forget(slot, stored);
        return ended;
      }
    }
  }

  /** Returns the sessions by principal, to list or end them. */
  PrincipalSessions ofPrincipals() {
    return ofPrincipals;
  }

  /**
   * Ends expired sessions.
   *
   * @param limit the most that are ended, and about how many are checked
   * @param ended receives the ended sessions
   * @return whether all sessions that may have expired were checked
   */
  boolean endExpired(Instant cutoff, int limit, List<StoredSession> ended) {
    return calendar.visit(
        cutoff,
        limit,
        slot -> {
          StoredSession session = endIfExpired(slot, cutoff);
          if (session != null) {
            ended.add(session);
          }
          return ended.size() < limit;
        });
  }

  private @Nullable StoredSession endIfExpired(Slot slot, Instant cutoff) {
    while (true) {
      StoredSession stored = settled(slot);
      if (stored == null || !slot.isExpired(stored, cutoff)) {
        return null;
      }
      if (slot.expire(stored, cutoff)) {
        forget(slot, stored);
        return slot.asSeen(stored);
      }
    }
  }

  /** Returns about how many sessions there are. */
  long size() {
    return authenticated.size() + anonymous.size();
  }

  /** Returns whether all parts are empty, for tests. */
  boolean isEmpty() {
    return size() == 0 && byPrincipal.size() == 0 && calendar.isEmpty();
  }

  /** Removes everything. No session is added afterwards, not even by a call that began before. */
  void close() {
    structure.lock();
    try {
      authenticated.close();
      byPrincipal.clear();
      calendar.close();
      anonymous.close();
    } finally {
      structure.unlock();
    }
  }

  private Admission admitLocked(
      StoredSession session, boolean isNew, int limit, WhenFull whenFull, Instant now) {
    if (isNew) {
      refuseKnown(session.id());
    }
    Slot known = peek(session.id());
    Slot own = known == null ? new Slot(session.id()) : known;
    StoredSession stored = own.read();
    if (!isNew && (stored == null || session.replacing(stored, own.seen(), now).isEmpty())) {
      return new Admission(Outcome.CONFLICT, List.of());
    }
    // No need to count further: the login is refused, or too many sessions would have to end.
    long most = whenFull == WhenFull.EVICT_OLDEST ? (long) limit + LoginLimit.MAX_EVICTED : limit;
    List<Candidate> oldest;
    try (Step step = new Step()) {
      List<Candidate> others = freezeLive(session.principal().orElseThrow(), own, now, step, most);
      int excess = Math.max(0, others.size() - limit + 1);
      if (excess > 0 && whenFull == WhenFull.REFUSE_NEWCOMER) {
        return new Admission(Outcome.REFUSED, List.of());
      }
      if (excess > LoginLimit.MAX_EVICTED) {
        return new Admission(Outcome.CROWDED, List.of());
      }
      others.sort(AUTHENTICATED_LONGEST_AGO);
      oldest = others.subList(0, excess);
      oldest.forEach(one -> one.frozen.becomes(null));
      if (isNew) {
        anonymous.bound(room(session.id(), excess) - 1);
        step.begin(own, session);
        register(own, session);
        step.take();
        calendar.place(own);
      } else if (updatePrincipal(own, session, now, step) == null) {
        return new Admission(Outcome.CONFLICT, List.of());
      }
      oldest.forEach(one -> forget(one.slot, one.session));
    }
    // Only now: until the step was taken, touches of the others succeeded.
    return new Admission(
        Outcome.STORED, oldest.stream().map(one -> one.slot.asSeen(one.session)).toList());
  }

  /** Freezes other live sessions of a principal, so that their number does not change. */
  private List<Candidate> freezeLive(
      String principal, Slot own, Instant now, Step step, long most) {
    List<Candidate> live = new ArrayList<>();
    SessionId after = null;
    List<Slot> slots = byPrincipal.page(principal, after, PrincipalSessions.PAGE);
    for (; !slots.isEmpty(); slots = byPrincipal.page(principal, after, PrincipalSessions.PAGE)) {
      for (Slot slot : slots) {
        after = slot.id();
        StoredSession stored = slot == own ? null : slot.read();
        while (stored != null
            && PrincipalSessions.isOf(principal, stored)
            && !slot.isExpired(stored, now)) {
          Step.Frozen frozen = step.freeze(slot, stored);
          if (frozen != null) {
            live.add(new Candidate(slot, stored, frozen));
            break;
          }
          stored = slot.read();
        }
        if (live.size() >= most) {
          return live;
        }
      }
    }
    return live;
  }

  /**
   * Updates a session whose principal may change, as part of the step. The slot is frozen last,
   * when nothing can stop the step: an eviction skips a frozen slot. Returns as {@link #update}.
   */
  private @Nullable StoredSession updatePrincipal(
      Slot slot, StoredSession session, Instant now, Step step) {
    boolean moved = register(slot, session);
    StoredSession stored = slot.read();
    while (stored != null) {
      Optional<StoredSession> next = session.replacing(stored, slot.seen(), now);
      if (next.isEmpty()) {
        break;
      }
      Step.Frozen frozen = step.freeze(slot, stored);
      if (frozen != null) {
        frozen.becomes(next.get());
        step.take();
        replan(slot, stored, next.get());
        if (!stored.principal().equals(session.principal())) {
          stored.principal().ifPresent(principal -> byPrincipal.remove(principal, slot));
        }
        anonymous.remove(session.id(), slot);
        return next.get();
      }
      stored = slot.read();
    }
    if (moved) {
      authenticated.remove(slot);
    }
    if (stored == null || !stored.principal().equals(session.principal())) {
      session.principal().ifPresent(principal -> byPrincipal.remove(principal, slot));
    }
    return null;
  }

  /** Registers an authenticated session; returns whether its slot was not yet registered. */
  private boolean register(Slot slot, StoredSession session) {
    boolean isNew = authenticated.put(slot);
    session.principal().ifPresent(principal -> byPrincipal.add(principal, slot));
    return isNew;
  }

  /** Removes all references to a slot that is now empty. */
  private void forget(Slot slot, StoredSession ended) {
    ended.principal().ifPresent(principal -> byPrincipal.remove(principal, slot));
    authenticated.remove(slot);
    anonymous.remove(ended.id(), slot);
    calendar.place(slot);
  }

  /** Updates the calendar for an earlier expiry; it finds a later one by itself. */
  private void replan(Slot slot, StoredSession stored, StoredSession next) {
    if (slot.expiresAtMillis(next) < slot.expiresAtMillis(stored)) {
      calendar.place(slot);
    }
  }

  private void refuseKnown(SessionId id) {
    if (peek(id) != null) {
      throw new SessionStoreException("insert: the session exists already: " + id);
    }
  }

  /** Returns the room that the authenticated sessions leave for anonymous ones, at least 1. */
  private long room(SessionId id, int leaving) {
    long room = maximum - authenticated.size() + leaving;
    if (room < 1) {
      throw new SessionStoreException(
          "insert: no room for session "
              + id
              + ": all "
              + maximum
              + " sessions are authenticated and none of them is evicted; raise maximumSessions");
    }
    return room;
  }

  private static @Nullable StoredSession read(@Nullable Slot slot) {
    if (slot == null) {
      return null;
    }
    StoredSession session = slot.read();
    return session == null ? null : slot.asSeen(session);
  }

  private static @Nullable Slot live(@Nullable Slot slot) {
    return slot == null || slot.read() == null ? null : slot;
  }

  private <T extends @Nullable Object> T locked(Supplier<T> change) {
    List<StoredSession> evicted = List.of();
    structure.lock();
    try {
      return change.get();
    } finally {
      try {
        evicted = anonymous.takeEvicted();
      } finally {
        structure.unlock();
      }
      evicted.forEach(evictionNotice);
    }
  }

  /** A session that may be ended in favour of another of its principal. */
  private record Candidate(Slot slot, StoredSession session, Step.Frozen frozen) {}
}

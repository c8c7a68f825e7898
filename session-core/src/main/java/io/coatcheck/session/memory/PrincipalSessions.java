package io.coatcheck.session.memory;

import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.concurrent.locks.Lock;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Lists and ends the sessions of one principal in a {@link SessionTable}, a page at a time. Only
 * listing takes the table's lock.
 */
final class PrincipalSessions {

  /** How many sessions of a principal are read at a time. */
  static final int PAGE = 1_000;

  private final SlotsByPrincipal slots;
  private final Lock structure;
  private final Ender ender;

  /** Ends the session in a slot if it meets a condition; returns null otherwise. */
  @FunctionalInterface
  interface Ender {
    @Nullable StoredSession end(Slot slot, Predicate<StoredSession> condition);
  }

  PrincipalSessions(SlotsByPrincipal slots, Lock structure, Ender ender) {
    this.slots = slots;
    this.structure = structure;
    this.ender = ender;
  }

  static boolean isOf(String principal, StoredSession session) {
    return session.principal().filter(principal::equals).isPresent();
  }

  /**
   * Returns a consistent page of the sessions of a principal, all as of the same moment.
   *
   * @param after the last id of the page before; null for the first page
   */
  List<StoredSession> page(String principal, @Nullable SessionId after, int limit) {
    // Without the lock, a page could show an old session from before an admission and the new one
    // from after it.
    structure.lock();
    try {
      while (true) {
        List<Slot> seen = new ArrayList<>();
        List<StoredSession> sessions = new ArrayList<>();
        SessionId last = after;
        List<Slot> page;
        do {
          page = slots.page(principal, last, limit - sessions.size());
          for (Slot slot : page) {
            if (addIfOf(principal, slot, sessions)) {
              seen.add(slot);
            }
            last = slot.id();
          }
        } while (!page.isEmpty() && sessions.size() < limit);
        if (seen.stream().noneMatch(slot -> slot.read() == null)) {
          return sessions;
        }
      }
    } finally {
      structure.unlock();
    }
  }

  private static boolean addIfOf(String principal, Slot slot, List<StoredSession> sessions) {
    StoredSession stored = slot.read();
    return stored != null && isOf(principal, stored) && sessions.add(slot.asSeen(stored));
  }

  /** Ends all sessions of a principal except some; returns how many. */
  int endAll(String principal, Set<SessionId> except, Consumer<StoredSession> ended) {
    // A session that begins later has a slot after this one, or need not be ended.
    return endIf(
        principal, slots.last(principal), session -> !except.contains(session.id()), ended);
  }

  /**
   * Ends the live sessions of a principal that were authenticated longest ago, until {@code keep}
   * are left; returns how many were ended.
   */
  int endOldest(String principal, int keep, Instant now, Consumer<StoredSession> ended) {
    PriorityQueue<Login> youngest = new PriorityQueue<>();
    boolean surplus = false;
    SessionId after = null;
    List<Slot> page = slots.page(principal, after, PAGE);
    for (; !page.isEmpty(); page = slots.page(principal, after, PAGE)) {
      for (Slot slot : page) {
        after = slot.id();
        StoredSession stored = slot.read();
        if (stored != null && isOf(principal, stored) && !slot.isExpired(stored, now)) {
          youngest.add(Login.of(stored));
          if (youngest.size() > keep) {
            youngest.remove();
            surplus = true;
          }
        }
      }
    }
    Login oldestKept = youngest.peek();
    if (!surplus || oldestKept == null) {
      return 0;
    }
    return endIf(
        principal,
        null,
        session -> !session.isExpiredAt(now) && Login.of(session).compareTo(oldestKept) < 0,
        ended);
  }

  /**
   * Ends the sessions of a principal that meet a condition.
   *
   * @param last the last slot to check; null for no bound
   * @param condition applied to a session as it was last seen
   */
  private int endIf(
      String principal,
      @Nullable Slot last,
      Predicate<StoredSession> condition,
      Consumer<StoredSession> taker) {
    int number = 0;
    SessionId after = null;
    boolean more = true;
    while (more) {
      List<Slot> page = slots.page(principal, after, PAGE);
      List<StoredSession> ended = new ArrayList<>();
      for (Slot slot : page) {
        after = slot.id();
        StoredSession session =
            ender.end(
                slot, stored -> isOf(principal, stored) && condition.test(slot.asSeen(stored)));
        if (session != null) {
          ended.add(session);
        }
      }
      ended.forEach(taker);
      number += ended.size();
      more =
          !page.isEmpty() && (last == null || Slot.compareIds(page.get(page.size() - 1), last) < 0);
    }
    return number;
  }

  /** When a session was authenticated; the least is the first to be ended. */
  record Login(Instant authenticatedAt, SessionId id) implements Comparable<Login> {

    static Login of(StoredSession session) {
      return new Login(session.authenticatedAt().orElseThrow(), session.id());
    }

    @Override
    public int compareTo(Login other) {
      int order = authenticatedAt.compareTo(other.authenticatedAt);
      return order != 0 ? order : id.compareTo(other.id);
    }
  }
}

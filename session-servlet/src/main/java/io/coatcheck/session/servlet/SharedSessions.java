package io.coatcheck.session.servlet;

import io.coatcheck.session.Session;
import io.coatcheck.session.token.SessionId;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The sessions of the requests that are under way in this process, where the store keeps live
 * sessions: requests of one session that came with the same login get one {@link SharedSession},
 * also from different filters.
 *
 * <p>A hash table by session id, of fixed size. The store's own record of the session could hold
 * the object as well. But it is old and the object is new, and a reference from an old object to a
 * new one in each request costs the garbage collector (G1's refinement threads) more than the rest
 * of the request costs the library. This table is a few memory cards, however many sessions there
 * are.
 *
 * <p>Thread-safe, without locks. Holds nothing once the requests have ended.
 */
@SuppressWarnings("ReferenceEquality") // The objects of all logins of a session are equal.
final class SharedSessions {

  private static final int PLACES = 4096;

  /** A session, or an immutable list of those whose ids have the same place; null for none. */
  private static final AtomicReferenceArray<@Nullable Object> UNDER_WAY =
      new AtomicReferenceArray<>(PLACES);

  private SharedSessions() {}

  /**
   * Adds the view of a request or access that is under way.
   *
   * @return the object that all requests of the session under way share
   */
  static SharedSession join(Session session, HttpSessionView view) {
    SessionId id = session.id();
    int place = place(id);
    while (true) {
      Object here = UNDER_WAY.get(place);
      SharedSession known = here == null ? null : find(view, here);
      if (known != null && known.open(view)) {
        return known;
      }
      SharedSession fresh = SharedSession.of(id, view);
      if (UNDER_WAY.compareAndSet(place, here, with(fresh, without(known, here)))) {
        return fresh;
      }
    }
  }

  /** Removes a view. Once none is left, the next request of the session gets another object. */
  static void leave(SharedSession left, HttpSessionView view) {
    if (!left.close(view)) {
      return;
    }
    int place = place(left.sessionId());
    while (true) {
      Object here = UNDER_WAY.get(place);
      // A request that came meanwhile may have replaced it already.
      boolean isThere = here == left || (here != null && isAmong(left, sessions(here)));
      if (!isThere || UNDER_WAY.compareAndSet(place, here, without(left, here))) {
        return;
      }
    }
  }

  /**
   * Removes all views of an application that has ended: a request that continues asynchronously,
   * and is never completed, would keep its classes in memory where this class outlives them.
   */
  static void leaveAll(SessionListeners ofApplication) {
    for (int place = 0; place < PLACES; place++) {
      Object here = UNDER_WAY.get(place);
      if (here != null) {
        for (SharedSession one : sessions(here)) {
          for (HttpSessionView view : one.views()) {
            if (view.scope().listeners() == ofApplication) {
              leave(one, view);
            }
          }
        }
      }
    }
  }

  /** Returns whether a request of the session is under way. */
  static boolean contains(SessionId id) {
    Object here = UNDER_WAY.get(place(id));
    return here != null && sessions(here).stream().anyMatch(one -> one.sessionId().equals(id));
  }

  /** Compares by identity: the objects of all logins of a session are equal. */
  private static boolean isAmong(SharedSession one, List<SharedSession> all) {
    return all.stream().anyMatch(other -> other == one);
  }

  static int place(SessionId id) {
    return id.hashCode() & (PLACES - 1);
  }

  private static @Nullable SharedSession find(HttpSessionView view, Object here) {
    if (here instanceof SharedSession only) {
      return only.isOf(view) ? only : null;
    }
    for (SharedSession one : sessions(here)) {
      if (one.isOf(view)) {
        return one;
      }
    }
    return null;
  }

  private static Object with(SharedSession fresh, @Nullable Object others) {
    if (others == null) {
      return fresh;
    }
    List<SharedSession> all = new ArrayList<>(sessions(others));
    all.add(fresh);
    return List.copyOf(all);
  }

  private static @Nullable Object without(@Nullable SharedSession one, @Nullable Object here) {
    if (here == one || here == null) {
      return here == one ? null : here;
    }
    if (one == null || here instanceof SharedSession) {
      return here;
    }
    List<SharedSession> others = new ArrayList<>(sessions(here));
    others.removeIf(other -> other == one);
    return others.size() == 1 ? others.get(0) : List.copyOf(others);
  }

  @SuppressWarnings("unchecked")
  private static List<SharedSession> sessions(Object here) {
    return here instanceof SharedSession only ? List.of(only) : (List<SharedSession>) here;
  }
}

package io.coatcheck.examples.customstore;

import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.Admission.Outcome;
import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.HandOver;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.StoredSessionCodec;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/** The sessions of a principal, and the limit of their number. */
final class MvPrincipalIndex implements PrincipalIndex, LoginLimit {

  private static final int STEP_ROWS = 100;

  private static final Comparator<Login> OLDEST_FIRST =
      Comparator.comparing(Login::authenticatedAt).thenComparing(Login::id);

  private final SessionMaps maps;

  MvPrincipalIndex(SessionMaps maps) {
    this.maps = maps;
  }

  /** The parts of a session that decide which session ends first. */
  private record Login(Instant authenticatedAt, SessionId id) {
    static Login of(StoredSession session) {
      return new Login(session.authenticatedAt().orElseThrow(), session.id());
    }
  }

  @Override
  public List<StoredSession> findByPrincipal(
      String principal, @Nullable SessionId after, int limit) {
    if (limit < 1 || limit > MAX_PAGE) {
      throw new IllegalArgumentException("limit must be from 1 to " + MAX_PAGE + ": " + limit);
    }
    return maps.change(
        "findByPrincipal",
        () -> {
          List<StoredSession> page = new ArrayList<>();
          String id = maps.byPrincipal.next(principal, after == null ? "" : after.toString());
          for (; id != null && page.size() < limit; id = maps.byPrincipal.next(principal, id)) {
            maps.read(id)
                .filter(session -> isOf(principal, session))
                .map(session -> session.toBuilder().attributes(Map.of()).build())
                .ifPresent(page::add);
          }
          return page;
        });
  }

  @Override
  public int deleteByPrincipal(String principal, Set<SessionId> except, DeletedSessions deleted) {
    return delete(
        "deleteByPrincipal",
        principal,
        deleted,
        (id, last) -> !except.contains(SessionId.parse(id).orElseThrow()));
  }

  @Override
  public int deleteOldest(String principal, int keep, Instant now, DeletedSessions deleted) {
    if (keep < 1) {
      throw new IllegalArgumentException("keep must be at least 1: " + keep);
    }
    StoredSession.millisOf(now, "now");
    PriorityQueue<Login> youngest = new PriorityQueue<>(OLDEST_FIRST);
    boolean isSurplus = false;
    SessionId after = null;
    List<StoredSession> page;
    do {
      page = findByPrincipal(principal, after, MAX_PAGE);
      for (StoredSession session : page) {
        after = session.id();
        if (!session.isExpiredAt(now)) {
          youngest.add(Login.of(session));
        }
        if (youngest.size() > keep) {
          youngest.remove();
          isSurplus = true;
        }
      }
    } while (page.size() == MAX_PAGE);
    if (!isSurplus) {
      return 0;
    }
    Login oldestKept = youngest.element();
    return delete(
        "deleteOldest",
        principal,
        deleted,
        (id, last) ->
            last.filter(session -> !session.isExpiredAt(now))
                .filter(session -> OLDEST_FIRST.compare(Login.of(session), oldestKept) < 0)
                .isPresent());
  }

  /**
   * Deletes sessions of a principal in steps, up to the one that is the last when it begins.
   *
   * @param doomed asked for the id and the session of each, which is empty if it cannot be read
   */
  private int delete(
      String operation,
      String principal,
      DeletedSessions deleted,
      BiPredicate<String, Optional<StoredSession>> doomed) {
    HandOver handOver = new HandOver(deleted);
    int number = 0;
    try {
      Optional<String> last =
          maps.call(operation, () -> Optional.ofNullable(maps.byPrincipal.last(principal)));
      Optional<String> after = Optional.of("");
      while (last.isPresent() && after.isPresent()) {
        String from = after.get();
        Step step = maps.change(operation, () -> step(principal, from, last.get(), doomed));
        step.gone().forEach(handOver);
        number += step.number();
        after = step.after();
      }
    } catch (SessionStoreException failure) {
      handOver.addTo(failure);
      throw failure;
    }
    handOver.finish();
    return number;
  }

  /**
   * The result of a step.
   *
   * @param gone the removed sessions that could be read
   * @param number how many sessions were removed
   * @param after where the next step continues; empty if there is none
   */
  private record Step(List<StoredSession> gone, int number, Optional<String> after) {}

  private Step step(
      String principal,
      String from,
      String last,
      BiPredicate<String, Optional<StoredSession>> doomed) {
    List<StoredSession> gone = new ArrayList<>();
    int number = 0;
    long size = 0;
    String after = from;
    String id = maps.byPrincipal.next(principal, after, last);
    for (int row = 0; id != null && row < STEP_ROWS && size < SessionMaps.STEP_BYTES; row++) {
      Optional<StoredSession> stored = maps.peek(id);
      boolean isOthers = stored.filter(session -> !isOf(principal, session)).isPresent();
      if (maps.sessions.containsKey(id) && !isOthers && doomed.test(id, stored)) {
        maps.remove(id, stored);
        stored.ifPresent(gone::add);
        number++;
        size += stored.map(SessionMaps::size).orElse(0L);
      }
      after = id;
      id = maps.byPrincipal.next(principal, after, last);
    }
    return new Step(gone, number, id == null ? Optional.empty() : Optional.of(after));
  }

  @Override
  public Admission admit(
      StoredSession session, boolean isNew, int limit, WhenFull whenFull, Instant now) {
    String principal =
        session
            .principal()
            .orElseThrow(() -> new IllegalArgumentException("session must have a principal"));
    if (limit < 1) {
      throw new IllegalArgumentException("limit must be at least 1: " + limit);
    }
    StoredSession.millisOf(now, "now");
    String id = session.id().toString();
    return maps.change(
        "admit of session " + id,
        () -> {
          if (isNew && maps.sessions.containsKey(id)) {
            throw new SessionStoreException("admit: session exists already: " + id);
          }
          Optional<StoredSession> stored = maps.read(id);
          Optional<StoredSession> next =
              isNew ? Optional.of(session) : stored.flatMap(old -> session.replacing(old, now));
          if (next.isEmpty()) {
            return new Admission(Outcome.CONFLICT, List.of());
          }
          List<Login> others = others(principal, session.id(), now);
          int excess = Math.max(0, others.size() - limit + 1);
          if (excess > 0 && whenFull == WhenFull.REFUSE_NEWCOMER) {
            return new Admission(Outcome.REFUSED, List.of());
          }
          if (excess > MAX_EVICTED) {
            return new Admission(Outcome.CROWDED, List.of());
          }
          // If the session cannot be written, no other session may end.
          StoredSessionCodec.write(next.get());
          List<StoredSession> evicted =
              others.stream()
                  .sorted(OLDEST_FIRST)
                  .limit(excess)
                  .flatMap(login -> maps.remove(login.id().toString()).stream())
                  .toList();
          maps.put(stored.orElse(null), next.get());
          return new Admission(Outcome.STORED, evicted);
        });
  }

  /** Returns the other live sessions of a principal. */
  private List<Login> others(String principal, SessionId own, Instant now) {
    List<Login> others = new ArrayList<>();
    String id = maps.byPrincipal.next(principal, "");
    for (; id != null; id = maps.byPrincipal.next(principal, id)) {
      maps.read(id)
          .filter(session -> isOf(principal, session) && !session.isExpiredAt(now))
          .filter(session -> !session.id().equals(own))
          .map(Login::of)
          .ifPresent(others::add);
    }
    return others;
  }

  private static boolean isOf(String principal, StoredSession session) {
    return session.principal().equals(Optional.of(principal));
  }
}

package io.coatcheck.session.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.StoredSessionBuilder;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * What a flood of visitors without a cookie does to those who are there already.
 *
 * <p>The store is at its bound: one half of its sessions is authenticated, the other half anonymous
 * and in use. Then ten times the bound of anonymous sessions arrive, none of which is used again,
 * while the active ones go on at one request a newcomer, and people log in: an anonymous session
 * for the login page, a look at it, and the login after this or that many newcomers.
 */
class FloodTest {

  private static final int[] PATIENCE = {1, 10, 100, 1_000, 10_000};

  @Test
  void flood_tenTimesTheBound_sparesSessionsInUse() {
    Figures figures = flood(10_000);
    assertThat(figures.authenticatedLeft).isEqualTo(figures.authenticated);
    assertThat(figures.loginsLeft).isEqualTo(figures.logins);
    assertThat(figures.activeLeft).isGreaterThan(figures.active * 95 / 100);
    assertThat(figures.inStore).isLessThanOrEqualTo(10_000);
    assertThat(figures.told).as("each evicted session is reported once").isEqualTo(figures.evicted);
  }

  /**
   * {@code ./mvnw -pl session-core -am test -Dtest=FloodTest
   * -Dsurefire.failIfNoSpecifiedTests=false -Dtests.excluded= -Dtests.jvm=} prints the figures.
   */
  @Test
  @Tag("long")
  void flood_tenTimesTheBound_figures() {
    Figures figures = flood(100_000);
    figures.lines().forEach((what, figure) -> System.out.printf("%-60s %s%n", what, figure));
    assertThat(figures.authenticatedLeft).isEqualTo(figures.authenticated);
    assertThat(figures.loginsLeft).isEqualTo(figures.logins);
  }

  private static Figures flood(int bound) {
    Random random = new Random(20261123);
    Instant now = Sessions.NOW;
    InMemorySessionStore store = InMemorySessionStore.builder().maximumSessions(bound).build();
    Figures figures = new Figures();
    store.evictions().orElseThrow().onEvicted(evicted -> figures.told++);

    List<StoredSession> active = new ArrayList<>();
    List<StoredSession> authenticated = new ArrayList<>();
    for (int i = 0; i < bound / 2; i++) {
      active.add(insert(store, Sessions.anonymous()));
      authenticated.add(insert(store, Sessions.of("p" + i)));
    }
    for (int i = 0; i < 2 * bound; i++) {
      request(store, active.get(random.nextInt(active.size())), now);
    }

    int newcomers = 10 * bound;
    List<StoredSession> logins = new ArrayList<>();
    List<Visitor> waiting = new ArrayList<>();
    long begun = System.nanoTime();
    for (int i = 0; i < newcomers; i++) {
      insert(store, Sessions.anonymous());
      List<StoredSession> kind = random.nextBoolean() ? active : authenticated;
      request(store, kind.get(random.nextInt(kind.size())), now.plusMillis(i));
      if (i % 1_000 == 0) {
        StoredSession visitor = insert(store, Sessions.anonymous());
        request(store, visitor, now);
        waiting.add(new Visitor(visitor, i + PATIENCE[i / 1_000 % PATIENCE.length], i));
      }
      for (int w = waiting.size() - 1; w >= 0; w--) {
        Visitor visitor = waiting.get(w);
        if (visitor.comesBackAt == i) {
          waiting.remove(w);
          logins.add(figures.login(store, visitor, now));
        }
      }
    }
    for (Visitor visitor : waiting) {
      logins.add(figures.login(store, visitor, now));
    }
    figures.nanosPerNewcomer = (System.nanoTime() - begun) / newcomers;
    figures.newcomers = newcomers;
    figures.active = active.size();
    figures.activeLeft = left(store, active);
    figures.authenticated = authenticated.size();
    figures.authenticatedLeft = left(store, authenticated);
    figures.logins = logins.size();
    figures.loginsLeft = left(store, logins);
    figures.inStore = store.table().size();
    figures.evicted = figures.inserted(bound) - figures.inStore;
    return figures;
  }

  private static StoredSession insert(InMemorySessionStore store, StoredSessionBuilder builder) {
    StoredSession session = builder.build();
    store.insert(session);
    return session;
  }

  private static void request(InMemorySessionStore store, StoredSession session, Instant now) {
    store.find(session.id());
    store.touch(session.id(), now, now);
  }

  private static int left(InMemorySessionStore store, List<StoredSession> sessions) {
    return (int) sessions.stream().filter(one -> store.find(one.id()).isPresent()).count();
  }

  private record Visitor(StoredSession session, int comesBackAt, int cameAt) {}

  /** What survived. */
  private static final class Figures {
    private int newcomers;
    private long nanosPerNewcomer;
    private int active;
    private int activeLeft;
    private int authenticated;
    private int authenticatedLeft;
    private int logins;
    private int loginsLeft;
    private int visitors;
    private int insertedAtLogin;
    private long inStore;
    private long evicted;
    private long told;
    private final Map<Integer, int[]> byPatience = new LinkedHashMap<>();

    /** Logs in on the visitor's session if it is still there, and else on a new one. */
    StoredSession login(InMemorySessionStore store, Visitor visitor, Instant now) {
      visitors++;
      StoredSession seen = visitor.session;
      StoredSession login =
          store.find(seen.id()).orElse(seen).toBuilder()
              .principal("visitor" + visitors)
              .authenticatedAt(now)
              .build();
      int[] counts =
          byPatience.computeIfAbsent(visitor.comesBackAt - visitor.cameAt, key -> new int[2]);
      counts[0]++;
      if (store.update(login, now)) {
        counts[1]++;
        return login;
      }
      insertedAtLogin++;
      return insert(store, Sessions.of("visitor" + visitors));
    }

    long inserted(int bound) {
      return bound + (long) newcomers + visitors + insertedAtLogin;
    }

    Map<String, String> lines() {
      Map<String, String> lines = new LinkedHashMap<>();
      lines.put("newcomers, none of them used again", "" + newcomers);
      lines.put("authenticated sessions left", authenticatedLeft + " of " + authenticated);
      lines.put("active anonymous sessions left", activeLeft + " of " + active);
      lines.put("logins that are in the store at the end", loginsLeft + " of " + logins);
      byPatience.forEach(
          (patience, counts) ->
              lines.put(
                  "  of them on the session of the login page, after " + patience + " newcomers",
                  counts[1] + " of " + counts[0]));
      lines.put("sessions in the store", "" + inStore);
      lines.put("sessions evicted, and told", evicted + ", " + told);
      lines.put("nanoseconds a newcomer, with one request beside it", "" + nanosPerNewcomer);
      return lines;
    }
  }
}

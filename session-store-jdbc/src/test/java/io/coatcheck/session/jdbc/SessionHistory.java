package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.LoginOutcome;
import io.coatcheck.session.Resolution;
import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.testkit.MutableClock;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.session.token.SessionToken;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A random history of one client that hops between nodes, beside a model that knows what must come
 * of it. Requests may stay open while others run and end. After each step the model is compared
 * with what a node answers for every token that was ever sent.
 *
 * <p>Nodes that keep copies are compared for the client alone, who presents the version hints that
 * it was given; for all other tokens, nodes without copies are asked.
 */
final class SessionHistory {

  private static final String[] USERS = {"alice", "bob"};
  private static final String[] NAMES = {"cart", "note", "theme"};

  private final List<SessionManager> nodes;
  private final List<MutableClock> clocks;

  /** Those of the nodes that answer from the store alone, or others that do. */
  private final List<SessionManager> exact;

  /** Counts the sessions in the store, expired ones included. */
  private final IntSupplier rows;

  private final Random random;
  private final List<String> log = new ArrayList<>();

  private final Map<SessionId, Modelled> alive = new HashMap<>();
  private final Map<String, Issued> issued = new LinkedHashMap<>();
  private final List<Open> open = new ArrayList<>();
  private @Nullable String cookie;

  /** What the client says that it has seen. */
  private List<String> hints = List.of();

  private boolean losesHints;
  private int counter;

  /** What a session must be like. */
  private static final class Modelled {
    private @Nullable String principal;
    private long generation;
    private long fence;
    private Map<String, String> attributes = new TreeMap<>();
    private @Nullable Instant authenticatedAt;
  }

  private record Issued(SessionId id, long generation) {}

  /** A request that has begun and not ended. */
  private static final class Open {
    private final SessionManager node;
    private final Session session;
    private final SessionId id;
    private final long generation;
    private final @Nullable String principal;
    private final @Nullable Instant authenticatedAt;
    private final Map<String, String> seen;
    private final Map<String, Optional<String>> changes = new TreeMap<>();

    private Open(SessionManager node, Session session, Modelled modelled) {
      this.node = node;
      this.session = session;
      id = session.id();
      generation = modelled.generation;
      principal = modelled.principal;
      authenticatedAt = modelled.authenticatedAt;
      seen = new TreeMap<>(modelled.attributes);
    }

    /** Returns whether there was a login since, which no request from before undoes. */
    private boolean isFromBeforeALoginOf(@Nullable Modelled modelled) {
      return modelled != null
          && !(Objects.equals(modelled.principal, principal)
              && Objects.equals(modelled.authenticatedAt, authenticatedAt));
    }
  }

  SessionHistory(
      List<SessionManager> nodes,
      List<MutableClock> clocks,
      List<SessionManager> exact,
      IntSupplier rows,
      long seed) {
    this.nodes = nodes;
    this.clocks = clocks;
    this.exact = exact;
    this.rows = rows;
    random = new Random(seed);
    log.add("seed " + seed);
  }

  /** Has the client present no hint. */
  SessionHistory losingHints() {
    losesHints = true;
    return this;
  }

  void run(int steps) {
    try {
      for (int i = 0; i < steps; i++) {
        step();
        compare();
      }
      while (!open.isEmpty()) {
        save(open.remove(0));
        compare();
      }
    } catch (AssertionError | RuntimeException e) {
      // The reason first, for readers of a report that cuts long messages off.
      throw new AssertionError(e + "\nin the history of " + String.join("\n  ", log), e);
    }
  }

  private void step() {
    if (cookie == null || !isAlive(cookie)) {
      if (random.nextInt(3) == 0) {
        loginFromNothing();
      } else {
        beginAnonymous();
      }
      return;
    }
    switch (random.nextInt(16)) {
      case 0, 1, 2 -> save(change(begin()));
      case 3, 4 -> login(change(begin()));
      case 5 -> renew(change(begin()));
      case 6 -> logout(begin());
      case 7 -> revokeAllOf();
      case 8, 9, 10 -> open.add(change(begin()));
      case 11 -> finishOne();
      case 12 -> finishOne();
      case 13 -> pass(Duration.ofSeconds(random.nextInt(90)));
      case 14 -> save(begin());
      default -> {
        if (random.nextInt(6) == 0) {
          expire();
        } else {
          revokeOthers(begin());
        }
      }
    }
  }

  private SessionManager node() {
    int number = random.nextInt(nodes.size());
    log.add("on node " + number + ":");
    return nodes.get(number);
  }

  private String user() {
    return USERS[random.nextInt(USERS.length)];
  }

  private Open begin() {
    SessionManager node = node();
    Resolution resolution = node.adapter().resolve(List.of(String.valueOf(cookie)), hints);
    assertThat(resolution).isInstanceOf(Resolution.Live.class);
    Session session = ((Resolution.Live) resolution).session();
    assertSame(session, alive.get(session.id()));
    return new Open(node, session, alive.get(session.id()));
  }

  /** The response goes out; the client keeps the hint that it carries. */
  private void answer(SessionManager node, Session session) {
    Optional<String> hint = node.adapter().versionHints().flatMap(given -> given.take(session));
    if (hint.isPresent() && !losesHints) {
      hints = List.of(hint.get());
    }
  }

  private Open change(Open request) {
    for (int i = random.nextInt(3); i >= 0; i--) {
      String name = NAMES[random.nextInt(NAMES.length)];
      if (random.nextInt(4) == 0) {
        // A change even if it has not seen the attribute: another request may have set it since.
        request.session.removeAttribute(name);
        request.changes.put(name, Optional.empty());
      } else {
        String value = "v" + counter++;
        request.session.setAttribute(name, value);
        request.changes.put(name, Optional.of(value));
      }
    }
    log.add("  changes " + request.changes + " on " + request.session);
    return request;
  }

  private static void apply(Open request, Map<String, String> attributes) {
    request.changes.forEach(
        (name, value) ->
            value.ifPresentOrElse(set -> attributes.put(name, set), () -> attributes.remove(name)));
  }

  private void beginAnonymous() {
    SessionManager node = node();
    Session session =
        node.adapter().create(node.adapter().resolve(cookie == null ? List.of() : List.of(cookie)));
    session.setAttribute("cart", "new");
    node.save(session);
    if (session.isEphemeral()) {
      log.add("  ephemeral");
      return;
    }
    Modelled modelled = new Modelled();
    modelled.attributes.put("cart", "new");
    alive.put(session.id(), modelled);
    log.add("  begins " + session);
    send(session);
  }

  private void loginFromNothing() {
    SessionManager node = node();
    LoginOutcome result = node.authenticate(null, user(), LoginOptions.defaults());
    adopt(((LoginOutcome.Granted) result).session(), Map.of());
  }

  /** Takes a session that began with a login into the model. */
  private void adopt(Session session, Map<String, String> attributes) {
    Modelled modelled = new Modelled();
    modelled.principal = session.principal().orElseThrow();
    modelled.generation = session.generation();
    modelled.fence = session.generation();
    modelled.attributes = new TreeMap<>(attributes);
    modelled.authenticatedAt = session.authenticatedAt().orElseThrow();
    assertThat(alive).doesNotContainKey(session.id());
    alive.put(session.id(), modelled);
    log.add("  logs in anew " + session + " as " + modelled.principal);
    send(session);
  }

  private void send(Session session) {
    SessionToken token = session.unsentToken().orElseThrow();
    session.markTokenSent();
    cookie = token.value();
    issued.put(cookie, new Issued(session.id(), session.generation()));
  }

  private void save(Open request) {
    Modelled modelled = alive.get(request.id);
    boolean merges =
        (modelled != null && request.generation >= modelled.fence) || request.changes.isEmpty();
    log.add("  saves " + request.session + ", merges " + merges);

    assertThat(request.node.save(request.session)).isEqualTo(merges);

    if (merges && modelled != null) {
      apply(request, modelled.attributes);
    }
    answer(request.node, request.session);
  }

  private void login(Open request) {
    String user = user();
    Modelled modelled = alive.get(request.id);
    LoginOutcome result = request.node.authenticate(request.session, user, LoginOptions.defaults());
    Session session = ((LoginOutcome.Granted) result).session();
    if (request.principal != null && !request.principal.equals(user)) {
      if (!request.isFromBeforeALoginOf(modelled)) {
        alive.remove(request.id);
      }
      adopt(session, Map.of());
      return;
    }
    boolean isSame =
        modelled != null
            && modelled.generation == request.generation
            && Objects.equals(modelled.principal, request.principal);
    if (!isSame) {
      Map<String, String> attributes = new TreeMap<>();
      if (request.principal == null) {
        attributes.putAll(request.seen);
      }
      apply(request, attributes);
      adopt(session, attributes);
      return;
    }
    assertThat(session.id()).isEqualTo(request.id);
    modelled.generation++;
    if (modelled.principal == null) {
      modelled.fence = modelled.generation;
    }
    modelled.principal = user;
    modelled.authenticatedAt = session.authenticatedAt().orElseThrow();
    apply(request, modelled.attributes);
    log.add("  logs in " + session + " as " + user);
    send(session);
    answer(request.node, session);
  }

  private void renew(Open request) {
    Modelled modelled = alive.get(request.id);
    boolean expected = modelled != null && modelled.generation == request.generation;
    log.add("  renews " + request.session + ", succeeds " + expected);

    assertThat(request.node.renew(request.session)).isEqualTo(expected);

    if (expected) {
      modelled.generation++;
      modelled.fence = modelled.generation;
      apply(request, modelled.attributes);
      send(request.session);
    }
    answer(request.node, request.session);
  }

  /** A session that was logged in to since, of the same principal too, is left alone. */
  private void logout(Open request) {
    boolean isFromBefore = request.isFromBeforeALoginOf(alive.get(request.id));

    boolean hasEnded = request.node.invalidate(request.session);

    log.add("  logs out " + request.session + ", ends it " + hasEnded);
    assertThat(hasEnded).isEqualTo(!isFromBefore);
    if (hasEnded) {
      alive.remove(request.id);
    }
  }

  private void revokeAllOf() {
    String user = user();
    log.add("revokes all of " + user);
    long expected = alive.values().stream().filter(one -> user.equals(one.principal)).count();

    assertThat(node().revokeAllOf(user)).isEqualTo((int) expected);

    alive.values().removeIf(one -> user.equals(one.principal));
  }

  private void revokeOthers(Open request) {
    request.node.revokeOthers(request.session);
    log.add("  revokes others of " + request.session);
    if (request.principal != null) {
      alive
          .entrySet()
          .removeIf(
              entry ->
                  request.principal.equals(entry.getValue().principal)
                      && !entry.getKey().equals(request.id));
    }
  }

  private void finishOne() {
    if (!open.isEmpty()) {
      Open request = open.remove(random.nextInt(open.size()));
      log.add("ends an open request:");
      switch (random.nextInt(5)) {
        case 0 -> login(request);
        case 1 -> renew(request);
        case 2 -> logout(request);
        default -> save(request);
      }
    }
  }

  private void pass(Duration time) {
    log.add("passes " + time);
    clocks.forEach(clock -> clock.advance(time));
  }

  private void expire() {
    // Past every deadline, on the node whose clock is behind too.
    pass(Duration.ofHours(25));
    alive.clear();
    SessionManager cleaning = node();
    // It skips a row while the activity of a session is being stored, which nodes with copies do
    // at any time.
    long deadline = System.nanoTime() + Table.PATIENCE.toNanos();
    while (rows.getAsInt() > 0) {
      assertThat(System.nanoTime() - deadline).as("what has expired is still there").isNegative();
      cleaning.cleanUp();
    }
  }

  private boolean isAlive(String token) {
    Issued known = issued.get(token);
    Modelled modelled = known == null ? null : alive.get(known.id());
    return modelled != null && modelled.generation == known.generation();
  }

  /** Asks every node for the client's session, and an exact one for every token ever sent. */
  private void compare() {
    if (cookie != null && isAlive(cookie)) {
      for (SessionManager one : nodes) {
        Resolution own = one.adapter().resolve(List.of(cookie), hints);
        assertThat(own).as("node %d", nodes.indexOf(one)).isInstanceOf(Resolution.Live.class);
        assertSame(((Resolution.Live) own).session(), alive.get(issued.get(cookie).id()));
      }
    }
    int number = random.nextInt(exact.size());
    SessionManager node = exact.get(number);
    List<String> tokens = new ArrayList<>(issued.keySet());
    for (String token : tokens.subList(Math.max(0, tokens.size() - 12), tokens.size())) {
      Resolution resolution = node.adapter().resolve(List.of(token));
      Issued known = issued.get(token);
      assertThat(resolution instanceof Resolution.Live)
          .as(
              "exact node %d, session %s~%d: %s",
              number, known.id(), known.generation(), resolution)
          .isEqualTo(isAlive(token));
      if (resolution instanceof Resolution.Live live) {
        assertSame(live.session(), alive.get(known.id()));
      }
    }
  }

  private static void assertSame(Session session, Modelled modelled) {
    assertThat(session.principal()).isEqualTo(Optional.ofNullable(modelled.principal));
    assertThat(session.authenticatedAt()).isEqualTo(Optional.ofNullable(modelled.authenticatedAt));
    assertThat(session.generation()).isEqualTo(modelled.generation);
    Map<String, String> attributes = new TreeMap<>();
    session
        .attributeNames()
        .forEach(name -> attributes.put(name, String.valueOf(session.attribute(name))));
    assertThat(attributes).isEqualTo(modelled.attributes);
  }
}

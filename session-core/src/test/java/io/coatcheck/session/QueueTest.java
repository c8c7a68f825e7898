package io.coatcheck.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.event.EndReason;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * I19: no code of the application runs in the queue of saves. Each test has such code save another
 * session, of the same queue, on another thread, and wait for that.
 */
class QueueTest {

  private final ExecutorService threads = Executors.newCachedThreadPool();

  /** What the application's code does when it is called; it does it once. */
  private final AtomicReference<Runnable> whenCalled = new AtomicReference<>(() -> {});

  private volatile Predicate<SessionEvent> awaited = event -> false;
  private final List<Boolean> went = new ArrayList<>();

  private final EngineFixture fixture =
      new EngineFixture(
          new HookedStore(
              InMemorySessionStore.builder().copyOnRead(true).maximumSessions(3).build(),
              EngineFixture.TOUCH_INTERVAL),
          builder ->
              builder
                  .codec(new CallingCodec())
                  .renewInterval(Duration.ofMinutes(5))
                  .sessionsPerPrincipal(1, WhenFull.EVICT_OLDEST)
                  .storeTimeout(Duration.ofMinutes(1))
                  .listener(this::hear));
  private final SessionManager manager = fixture.manager;

  /** Of the queue of which all others in a test are. */
  private final String bobs = fixture.loggedIn("bob");

  @AfterEach
  void close() {
    fixture.close();
    threads.shutdownNow();
  }

  private void hear(SessionEvent event) {
    if (awaited.test(event)) {
      whenCalled.getAndSet(() -> {}).run();
    }
  }

  /** Calls the application when it encodes a list. */
  private final class CallingCodec implements AttributeCodec {

    @Override
    public byte[] encode(Object value) {
      if (value instanceof List) {
        whenCalled.getAndSet(() -> {}).run();
      }
      return EngineFixture.CODEC.encode(value);
    }

    @Override
    public Object decode(byte[] bytes) {
      return EngineFixture.CODEC.decode(bytes);
    }
  }

  private static int queueOf(SessionId id) {
    int hash = id.hashCode();
    return (hash ^ hash >>> 16) & 511;
  }

  /** Begins a session, not stored yet, whose saves queue with those of bob. */
  private Session begin() {
    int queue = queueOf(fixture.live(bobs).id());
    while (true) {
      Session session = manager.adapter().create(manager.adapter().resolve(List.of()));
      if (queueOf(session.id()) == queue) {
        return session;
      }
    }
  }

  private String anonymous() {
    Session session = begin();
    session.setAttribute("list", new ArrayList<>(List.of("a")));
    manager.save(session);
    return EngineFixture.sent(session);
  }

  private void saveBobs() {
    Session other = fixture.live(bobs);
    other.setAttribute("n", went.size());
    try {
      went.add(threads.submit(() -> manager.save(other)).get(30, TimeUnit.SECONDS));
    } catch (TimeoutException stuck) {
      went.add(false);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private void on(Predicate<SessionEvent> event) {
    whenCalled.set(this::saveBobs);
    awaited = event;
  }

  private void on(Class<? extends SessionEvent> type) {
    on(type::isInstance);
  }

  private void onEnded(EndReason reason) {
    on(event -> event instanceof SessionEvent.Ended ended && ended.reason() == reason);
  }

  private void assertWent() {
    assertThat(went).as("another session was saved meanwhile").containsExactly(true);
  }

  @Test
  @DisplayName("attack 9, stores 12: Created")
  void created() {
    Session session = begin();
    session.setAttribute("a", "1");
    on(SessionEvent.Created.class);
    manager.save(session);
    assertWent();
  }

  @Test
  @DisplayName("attack 9, stores 12: Authenticated, on a session that exists")
  void authenticated() {
    Session session = fixture.live(anonymous());
    on(SessionEvent.Authenticated.class);
    manager.authenticate(session, "alice", LoginOptions.defaults());
    assertWent();
  }

  @Test
  @DisplayName("attack 9, stores 12: Created and Authenticated, where the session is gone")
  void authenticated_anew() {
    Session session = fixture.live(anonymous());
    manager.revoke(session.id());
    on(SessionEvent.Created.class);
    manager.authenticate(session, "alice", LoginOptions.defaults());
    assertWent();
  }

  @Test
  @DisplayName("attack 9: Ended, of sessions that a login evicts")
  void ended_byTheLimit() {
    fixture.loggedIn("alice");
    Session session = fixture.live(anonymous());
    onEnded(EndReason.LIMIT);
    manager.authenticate(session, "alice", LoginOptions.defaults());
    assertWent();
  }

  @Test
  @DisplayName("attack 9: Ended, of sessions that a full store evicts")
  void ended_byTheStore() {
    anonymous();
    anonymous();
    Session session = begin();
    session.setAttribute("a", "1");
    onEnded(EndReason.CAPACITY);
    manager.save(session);
    assertWent();
  }

  @Test
  @DisplayName("attack 9: Renewed, by changeSessionId")
  void renewed() {
    Session session = fixture.live(anonymous());
    on(SessionEvent.Renewed.class);
    manager.renew(session);
    assertWent();
  }

  @Test
  @DisplayName("attack 9: Renewed, periodically")
  void renewed_inPassing() {
    String token = anonymous();
    fixture.clock.advance(Duration.ofMinutes(5));
    Session session = fixture.live(token);
    on(SessionEvent.Renewed.class);
    assertThat(manager.adapter().renewIfDue(session)).isTrue();
    assertWent();
  }

  @Test
  @DisplayName("attack 9: SavedAfterConflict")
  void savedAfterConflict() {
    String token = anonymous();
    Session session = fixture.live(token);
    session.setAttribute("a", "1");
    Session other = fixture.live(token);
    other.setAttribute("b", "1");
    manager.save(other);
    on(SessionEvent.SavedAfterConflict.class);
    manager.save(session);
    assertWent();
  }

  @Test
  @DisplayName("attack 9: WriteDropped")
  void writeDropped() {
    Session session = fixture.live(anonymous());
    session.setAttribute("a", "1");
    manager.revoke(session.id());
    on(SessionEvent.WriteDropped.class);
    manager.save(session);
    assertWent();
  }

  @Test
  @DisplayName("attack 9: StoreFailed")
  void storeFailed() {
    Session session = fixture.live(anonymous());
    session.setAttribute("a", "1");
    fixture.store.beforeNext(
        "update",
        () -> {
          throw new SessionStoreException("down");
        });
    on(SessionEvent.StoreFailed.class);
    try {
      manager.save(session);
    } catch (SessionStoreException expected) {
      assertWent();
      return;
    }
    throw new AssertionError("must fail");
  }

  @Test
  @DisplayName("attack 9: AttributeUnencodable")
  void unencodable() {
    Session session = fixture.live(anonymous());
    List<Object> list = new ArrayList<>(List.of("a"));
    session.setAttribute("list", list);
    list.add(new Object());
    on(SessionEvent.AttributeUnencodable.class);
    manager.save(session);
    assertWent();
  }

  @Test
  @DisplayName("attack 9, I19: a value that is encoded, because it was set")
  void encoding_ofWhatWasSet() {
    Session session = fixture.live(anonymous());
    session.setAttribute("list", new ArrayList<>(List.of("b")));
    whenCalled.set(this::saveBobs);
    manager.save(session);
    assertWent();
  }

  @Test
  @DisplayName("attack 9, I19: a value that is encoded, to see whether it was changed in place")
  void encoding_ofWhatWasRead() {
    Session session = fixture.live(anonymous());
    session.attribute("list");
    session.setAttribute("a", "1");
    whenCalled.set(this::saveBobs);
    manager.save(session);
    assertWent();
  }

  @Test
  @DisplayName("attack 9, I19: a value that is encoded for a login, and for a renewal")
  void encoding_forALogin() {
    Session session = fixture.live(anonymous());
    session.attribute("list");
    whenCalled.set(this::saveBobs);
    manager.authenticate(session, "alice", LoginOptions.defaults());
    assertWent();

    session.setAttribute("list", new ArrayList<>(List.of("b")));
    whenCalled.set(this::saveBobs);
    manager.renew(session);
    assertThat(went).containsExactly(true, true);
  }

  @Test
  @DisplayName("I19: code of a value may use the session itself, from another thread")
  void encoding_mayUseTheSession() {
    Session session = fixture.live(anonymous());
    session.attribute("list");
    session.setAttribute("a", "1");
    Runnable use =
        () -> {
          try {
            went.add(
                threads
                    .submit(() -> session.attributeNames().contains("list") && !session.isNew())
                    .get(30, TimeUnit.SECONDS));
          } catch (Exception e) {
            went.add(false);
          }
        };
    whenCalled.set(use);
    manager.save(session);
    whenCalled.set(use);
    session.setAttribute("list", new ArrayList<>(Arrays.asList("b")));

    assertThat(went).containsExactly(true, true);
  }

  @Test
  @DisplayName("F37: two saves of one request: the older one does not undo the newer one")
  void save_overtakenWhileItEncodes_keepsTheNewer() {
    String token = anonymous();
    Session session = fixture.live(token);
    session.setAttribute("x", "1");
    session.setAttribute("list", new ArrayList<>(List.of("b")));
    whenCalled.set(
        () -> {
          session.setAttribute("x", "2");
          manager.save(session);
        });
    manager.save(session);

    assertThat(fixture.live(token).attribute("x")).isEqualTo("2");
  }
}

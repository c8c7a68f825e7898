package io.coatcheck.session;

import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.codec.JavaSerializationCodec;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionToken;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;

/** A manager on a store in memory that behaves like a remote one, with hooks, and its events. */
final class EngineFixture implements AutoCloseable {

  static final AttributeCodec CODEC = JavaSerializationCodec.builder().build();
  static final Duration TOUCH_INTERVAL = Duration.ofMinutes(1);
  static final Duration RENEWAL = Duration.ofMinutes(5);

  final TestClock clock = new TestClock();
  final HookedStore store;
  final List<SessionEvent> events = new CopyOnWriteArrayList<>();
  final SessionManager manager;

  EngineFixture() {
    this(builder -> builder);
  }

  EngineFixture(UnaryOperator<SessionManagerBuilder> settings) {
    this(
        new HookedStore(InMemorySessionStore.builder().copyOnRead(true).build(), TOUCH_INTERVAL),
        settings);
  }

  /** Returns a fixture whose sessions get a new secret every {@link #RENEWAL}, and end on reuse. */
  static EngineFixture renewing() {
    return new EngineFixture(builder -> builder.renewInterval(RENEWAL).endOnReuse(true));
  }

  EngineFixture(HookedStore store, UnaryOperator<SessionManagerBuilder> settings) {
    this.store = store;
    manager =
        settings
            .apply(
                SessionManager.builder(store)
                    .clock(clock)
                    .codec(CODEC)
                    .cleanUpInterval(Duration.ZERO)
                    .storeTimeout(Duration.ofMinutes(1))
                    .listener(events::add))
            .build();
  }

  void pass(Duration time) {
    clock.advance(time);
  }

  /** Begins and stores a session that holds something, and returns its token's text. */
  String anonymous() {
    Session session = manager.adapter().create(manager.adapter().resolve(List.of()));
    session.setAttribute("cart", "a book");
    manager.save(session);
    return sent(session);
  }

  /** Logs in on no session, and returns the token's text. */
  String loggedIn(String principal) {
    return sent(granted(manager.authenticate(null, principal, LoginOptions.defaults())));
  }

  /** Serves one request, and returns the token that its client has then. */
  String serve(String token) {
    Session session = live(token);
    boolean isRenewed = manager.adapter().renewIfDue(session);
    if (!manager.save(session)) {
      throw new AssertionError("not saved");
    }
    return isRenewed ? sent(session) : token;
  }

  /** Serves a request when a renewal is due, and returns the token that its client has then. */
  String renewed(String token) {
    pass(RENEWAL);
    return serve(token);
  }

  Session live(String token) {
    Resolution resolution = manager.adapter().resolve(List.of(token));
    if (resolution instanceof Resolution.Live live) {
      return live.session();
    }
    throw new AssertionError("not live: " + resolution);
  }

  boolean isLive(String token) {
    return manager.adapter().resolve(List.of(token)) instanceof Resolution.Live;
  }

  StoredSession stored(Session session) {
    return store.find(session.id()).orElseThrow();
  }

  static Session granted(LoginOutcome authentication) {
    if (authentication instanceof LoginOutcome.Granted granted) {
      return granted.session();
    }
    throw new AssertionError("not granted: " + authentication);
  }

  /** Takes the token as the response would, and returns its text. */
  static String sent(Session session) {
    SessionToken token = session.unsentToken().orElseThrow();
    session.markTokenSent();
    return token.value();
  }

  <T extends SessionEvent> List<T> eventsOf(Class<T> type) {
    return events.stream().filter(type::isInstance).map(type::cast).toList();
  }

  @Override
  public void close() {
    manager.close();
  }
}

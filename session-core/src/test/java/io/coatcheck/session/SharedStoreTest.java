package io.coatcheck.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionToken;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Writes to the store in memory, whose sessions the engine uses in place. */
class SharedStoreTest {

  private final TestClock clock = new TestClock();
  private final InMemorySessionStore store = InMemorySessionStore.builder().build();
  private final List<SessionEvent> events = new CopyOnWriteArrayList<>();
  private final SessionManager manager =
      SessionManager.builder(store)
          .clock(clock)
          .codec(EngineFixture.CODEC)
          .cleanUpInterval(Duration.ZERO)
          .storeTimeout(Duration.ofMinutes(1))
          .listener(events::add)
          .build();

  private final SessionToken token = begin(0);

  @BeforeEach
  void requireUseInPlace() {
    assertThat(FlightRecording.recordsStoreCalls())
        .as("store calls are recorded, so that no session is used in place")
        .isFalse();
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private SessionToken begin(long version) {
    StoredSession draft = manager.adapter().create(manager.adapter().resolve(List.of())).snapshot();
    SessionToken fresh = SessionToken.generate(draft.id(), new SecureRandom());
    store.insert(
        draft.toBuilder()
            .secretHash(fresh.secretHash())
            .attribute("cart", AttributeValue.live("a book", EngineFixture.CODEC))
            .version(version)
            .build());
    return fresh;
  }

  private Session live(SessionToken presented) {
    return ((Resolution.Live) manager.adapter().resolve(List.of(presented.value()))).session();
  }

  @Test
  @DisplayName("after a save, the request has the very snapshot that is stored")
  void save_thenSnapshot_isWhatIsStored() {
    Session session = live(token);
    clock.advance(Duration.ofSeconds(5));
    live(token);
    session.setAttribute("cart", "a pen");
    assertThat(manager.save(session)).isTrue();

    assertThat(store.find(session.id())).contains(session.snapshot());
    assertThat(session.snapshot().version()).isEqualTo(1);
    assertThat(session.snapshot().lastSeenAt()).as("the touch").isEqualTo(clock.instant());
    assertThat(live(token).attribute("cart")).isEqualTo("a pen");
  }

  @Test
  @DisplayName("I4: two requests that loaded before either saved: both changes are there")
  void save_afterAnotherRequest_merges() {
    Session one = live(token);
    Session other = live(token);
    one.setAttribute("one", "1");
    other.setAttribute("other", "2");
    assertThat(manager.save(one)).isTrue();
    assertThat(manager.save(other)).isTrue();

    assertThat(live(token).attributeNames()).containsExactly("cart", "one", "other");
    assertThat(events)
        .filteredOn(SessionEvent.SavedAfterConflict.class::isInstance)
        .as("saves that were tried again")
        .hasSize(1);
  }

  @Test
  void login_keepsIdAndAttributes_andStoresThePrincipal() {
    Session session = live(token);
    session.setAttribute("seen", "yes");
    assertThat(manager.authenticate(session, "alice", LoginOptions.defaults()))
        .isInstanceOf(LoginOutcome.Granted.class);

    StoredSession stored = store.find(token.id()).orElseThrow();
    assertThat(stored).isEqualTo(session.snapshot());
    assertThat(stored.principal()).contains("alice");
    assertThat(stored.previousSecretHash()).contains(token.secretHash());
    assertThat(stored.attributes()).containsOnlyKeys("cart", "seen");
  }

  @Test
  void save_ofASessionThatHasEnded_isDropped() {
    Session session = live(token);
    session.setAttribute("cart", "a pen");
    assertThat(store.delete(token.id())).isPresent();

    assertThat(manager.save(session)).isFalse();
    assertThat(session.isEnded()).isTrue();
    assertThat(store.find(token.id())).isEmpty();
  }

  @Test
  @DisplayName("listeners are notified of a failure of the store that is used in place")
  void save_theLastVersion_failsAndIsReported() {
    SessionToken last = begin(Long.MAX_VALUE);
    Session session = live(last);
    session.setAttribute("cart", "a pen");

    assertThatExceptionOfType(SessionStoreException.class)
        .isThrownBy(() -> manager.save(session))
        .withMessageContaining("has the last possible version");
    assertThat(events)
        .filteredOn(SessionEvent.StoreFailed.class::isInstance)
        .singleElement()
        .isInstanceOfSatisfying(
            SessionEvent.StoreFailed.class,
            failed -> {
              assertThat(failed.operation()).isEqualTo("update");
              assertThat(failed.sessionId()).contains(last.id());
            });
  }

  @Test
  void save_toAClosedStore_failsAndIsReported() {
    Session session = live(token);
    session.setAttribute("cart", "a pen");
    store.close();

    assertThatExceptionOfType(SessionStoreException.class).isThrownBy(() -> manager.save(session));
    assertThat(events).filteredOn(SessionEvent.StoreFailed.class::isInstance).hasSize(1);
  }

  @Test
  @DisplayName("an equal object may have been set since, so the step is decided again; once")
  void update_equalObjectSetMeanwhile_isDecidedAgain() {
    String first = new String("a book".toCharArray());
    assertThat(decisions(() -> set(first))).isEqualTo(2);
  }

  @Test
  @DisplayName("a change of another attribute leaves the object the same")
  void update_otherAttributeSetMeanwhile_isDecidedOnce() {
    assertThat(
            decisions(
                () -> {
                  Session other = live(token);
                  other.setAttribute("other", "1");
                  assertThat(manager.save(other)).isTrue();
                }))
        .isEqualTo(1);
    assertThat(live(token).attributeNames()).containsExactly("cart", "other");
  }

  private void set(Object cart) {
    Session other = live(token);
    other.setAttribute("cart", cart);
    assertThat(manager.save(other)).isTrue();
  }

  /** Returns how often a step on the cart is decided, if something happens after the first time. */
  private int decisions(Runnable meanwhile) {
    AtomicInteger calls = new AtomicInteger();
    assertThat(
            manager.update(
                live(token),
                "cart",
                String.class,
                cart -> {
                  if (calls.incrementAndGet() == 1) {
                    meanwhile.run();
                  }
                  return cart.orElseThrow() + ", a pen";
                }))
        .contains("a book, a pen");
    return calls.get();
  }
}

package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.mockito.Mockito.mock;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.LoginOutcome;
import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.testkit.MutableClock;
import jakarta.servlet.ServletContext;
import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionBindingEvent;
import jakarta.servlet.http.HttpSessionBindingListener;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("What Tomcat keeps at a session to close its WebSockets")
class ContainerValuesTest {

  private static final String NAME =
      "org.apache.tomcat.websocket.server.WsHttpSessionBindingListener";

  private final List<HttpSession> unbound = new ArrayList<>();
  private final MutableClock clock = MutableClock.at(Instant.parse("2026-01-01T00:00:00Z"));
  private final InMemorySessionStore store = InMemorySessionStore.builder().build();
  private final SessionManager manager =
      SessionManager.builder(store).clock(clock).cleanUpInterval(Duration.ZERO).build();
  private final SessionListeners listeners =
      new SessionListeners(manager, mock(ServletContext.class));
  private final ContainerValues values = listeners.containerValues();
  private final HttpSessionBindingListener value =
      new HttpSessionBindingListener() {
        @Override
        public void valueUnbound(HttpSessionBindingEvent event) {
          unbound.add(event.getSession());
        }
      };

  @AfterEach
  void close() {
    manager.close();
  }

  private Session login() {
    return login(LoginOptions.defaults());
  }

  private Session login(LoginOptions options) {
    return ((LoginOutcome.Granted) manager.authenticate(null, "alice", options)).session();
  }

  private StoredSession stored(Session session) {
    return store.find(session.id()).orElseThrow();
  }

  @Test
  @DisplayName("it is notified once of the end on another node, and that the session is not valid")
  void endElsewhere_isReported() {
    Session session = login();
    values.put(session, NAME, value);
    SessionEvent end = new SessionEvent.EndedElsewhere(manager.clock().instant(), stored(session));

    listeners.onEvent(end);
    listeners.onEvent(end);

    assertThat(unbound).hasSize(1);
    assertThatThrownBy(() -> unbound.get(0).getCreationTime())
        .as("how Tomcat tells an end from a removal")
        .isInstanceOf(IllegalStateException.class);
    assertThat(values.get(session, NAME)).isNull();
  }

  @Test
  @DisplayName("a socket that is open for days is closed at the end of its session")
  void endAfterDays_isReported() {
    Session session = login(LoginOptions.builder().remembered(true).build());
    values.put(session, NAME, value);
    StoredSession stored = stored(session);
    clock.advance(Duration.between(clock.instant(), stored.absoluteDeadline()));

    listeners.onEvent(new SessionEvent.EndedElsewhere(clock.instant(), stored));

    assertThat(unbound).hasSize(1);
  }

  @Test
  @DisplayName("also where a later login has prolonged the session")
  void endAfterALaterLogin_isReported() {
    Session session = login();
    values.put(session, NAME, value);
    StoredSession stored = stored(session);
    clock.advance(Duration.ofHours(1));
    StoredSession prolonged =
        stored.toBuilder().absoluteDeadline(clock.instant().plus(Duration.ofDays(30))).build();
    listeners.onEvent(new SessionEvent.Authenticated(clock.instant(), prolonged));
    clock.advance(Duration.ofDays(30));

    listeners.onEvent(new SessionEvent.EndedElsewhere(clock.instant(), prolonged));

    assertThat(unbound).hasSize(1);
  }

  @Test
  @DisplayName("what is left of a session whose end was not reported here goes after its deadline")
  void leftover_goesAfterTheDeadline() {
    Session session = login();
    values.put(session, NAME, value);
    clock.advance(Duration.between(clock.instant(), session.absoluteDeadline()));
    clock.advance(Duration.ofDays(1).plusSeconds(1));

    assertThat(values.get(session, NAME)).isNull();
  }

  @Test
  void endOfAnotherSession_isNotReported() {
    Session session = login();
    values.put(session, NAME, value);

    listeners.onEvent(new SessionEvent.EndedElsewhere(manager.clock().instant(), stored(login())));

    assertThat(unbound).isEmpty();
    assertThat(values.get(session, NAME)).isSameAs(value);
  }

  @Test
  @DisplayName("I2: a session that ended while the socket was opened takes nothing")
  void put_afterTheEnd_isIllegal() {
    Session session = login();
    manager.revokeAllOf("alice");

    assertThatThrownBy(() -> values.put(session, NAME, value))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("has ended");
    assertThat(values.get(session, NAME)).isNull();
  }

  @Test
  void removed_isNotNotifiedOfTheEnd() {
    Session session = login();
    values.put(session, NAME, value);

    assertThat(values.remove(session, NAME)).isSameAs(value);
    listeners.onEvent(new SessionEvent.EndedElsewhere(manager.clock().instant(), stored(session)));

    assertThat(unbound).isEmpty();
  }
}

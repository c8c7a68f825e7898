package io.coatcheck.session.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.event.CredentialKind;
import io.coatcheck.session.event.CredentialOutcome;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.StoreOperation;
import io.coatcheck.session.testkit.FaultyStore;
import io.coatcheck.session.testkit.MutableClock;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What became of each token is counted, and reported as an event. */
class ExchangeReportTest {

  private final MutableClock clock = MutableClock.at(Instant.parse("2026-01-01T00:00:00Z"));
  private final FaultyStore store = FaultyStore.wrap(InMemorySessionStore.builder().build());
  private final List<SessionEvent> events = new CopyOnWriteArrayList<>();
  private JwtExchange exchange;
  private Node node;

  @BeforeEach
  void start() throws Exception {
    SessionManager manager =
        SessionManager.builder(store)
            .clock(clock)
            .cleanUpInterval(Duration.ZERO)
            .listener(events::add)
            .build();
    exchange = JwtExchange.builder(manager, this::verified).build();
    node = new Node(manager, exchange);
  }

  @AfterEach
  void stop() throws Exception {
    node.close();
  }

  /** What is tested here is not the verification. */
  private Optional<VerifiedToken> verified(String token) {
    if (token.equals("broken")) {
      throw new IllegalStateException("the keys cannot be fetched");
    }
    Instant now = clock.instant();
    return token.startsWith("good")
        ? Optional.of(VerifiedToken.of("alice", "issuer", token, now, now.plusSeconds(60)))
        : Optional.empty();
  }

  private Node.Answer present(String token) throws Exception {
    return node.get("/", "Authorization", "Bearer " + token);
  }

  private SessionEvent.ForeignCredential reported(
      CredentialOutcome outcome, Optional<SessionId> session, Optional<String> principal) {
    return new SessionEvent.ForeignCredential(
        clock.instant(), session, principal, CredentialKind.JWT, outcome);
  }

  @Test
  void eachOutcome_isCountedAndReported() throws Exception {
    assertThat(present("good").principal()).isEqualTo("alice");
    present("good");
    present("bad");
    assertThat(present("broken").status()).isEqualTo(503);
    store.failBefore(StoreOperation.FIND, 1);
    assertThat(present("good2").status()).isEqualTo(503);
    Optional<SessionId> session = Optional.of(node.manager().sessionsOf("alice").get(0).id());
    Optional<String> alice = Optional.of("alice");
    assertThat(events)
        .filteredOn(SessionEvent.ForeignCredential.class::isInstance)
        .containsExactly(
            reported(CredentialOutcome.ACCEPTED, session, alice),
            reported(CredentialOutcome.SPENT, Optional.empty(), alice),
            reported(CredentialOutcome.REFUSED, Optional.empty(), Optional.empty()),
            reported(CredentialOutcome.FAILED, Optional.empty(), Optional.empty()),
            reported(CredentialOutcome.FAILED, Optional.empty(), Optional.empty()));
    assertThat(exchange.counts().accepted()).isEqualTo(1);
    assertThat(exchange.counts().spent()).isEqualTo(1);
    assertThat(exchange.counts().refused()).isEqualTo(1);
    assertThat(exchange.counts().failed()).isEqualTo(2);
    assertThat(present("good2").result()).as("after the failure").contains("exchanged");
  }
}

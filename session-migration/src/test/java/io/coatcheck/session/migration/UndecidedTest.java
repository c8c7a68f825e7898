package io.coatcheck.session.migration;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.testkit.MutableClock;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** What is answered and logged if the application's code cannot decide on a credential. */
class UndecidedTest {

  private static final String TOKEN = "eyJhbGciOiJSUzI1NiJ9.e30.c2ln";

  private final Logger logger = (Logger) LoggerFactory.getLogger("io.coatcheck.session.migration");
  private final Level before = logger.getLevel();
  private final ListAppender<ILoggingEvent> lines = new ListAppender<>();
  private final ListAppender<ILoggingEvent> elsewhere = new ListAppender<>();

  @BeforeEach
  void record() {
    lines.start();
    logger.addAppender(lines);
    elsewhere.start();
    ((Logger) LoggerFactory.getLogger("io.coatcheck.session.servlet")).addAppender(elsewhere);
  }

  @AfterEach
  void restore() {
    logger.detachAppender(lines);
    logger.setLevel(before);
    ((Logger) LoggerFactory.getLogger("io.coatcheck.session.servlet")).detachAppender(elsewhere);
  }

  @Test
  void endOfAnOldSession_thatFails_isLoggedWithoutItsId() {
    MutableClock clock = MutableClock.at(Instant.parse("2026-01-01T00:00:00Z"));
    ReplacedSessions replaced = new ReplacedSessions(clock);
    replaced.end(
        TOKEN,
        () -> {
          throw new UncheckedIOException(new ConnectException("cannot delete " + TOKEN));
        });
    assertThat(replaced.isLeft(TOKEN)).isTrue();
    assertThat(lines.list)
        .singleElement()
        .satisfies(
            line -> {
              assertThat(line.getLevel()).isEqualTo(Level.WARN);
              assertThat(line.getFormattedMessage())
                  .contains("could not be ended in the old application", "cannot delete")
                  .doesNotContain(TOKEN);
            });
    clock.advance(Duration.ofSeconds(10));
    replaced.end(TOKEN, () -> {});
    assertThat(replaced.isLeft(TOKEN)).isFalse();
  }

  /** The old application's database may be slow to fail, and each request of a page would wait. */
  @Test
  void endOfAnOldSession_thatFails_isRetriedByOneRequestInTenSeconds() {
    MutableClock clock = MutableClock.at(Instant.parse("2026-01-01T00:00:00Z"));
    ReplacedSessions replaced = new ReplacedSessions(clock);
    AtomicInteger tries = new AtomicInteger();
    AtomicReference<Runnable> meanwhile = new AtomicReference<>(() -> {});
    Runnable ending =
        () -> {
          tries.incrementAndGet();
          meanwhile.get().run();
          throw new UncheckedIOException(refused());
        };
    replaced.end("old", ending);
    clock.advance(Duration.ofSeconds(9));
    replaced.end("old", ending);
    assertThat(tries).hasValue(1);
    clock.advance(Duration.ofSeconds(1));
    meanwhile.set(() -> replaced.end("old", tries::incrementAndGet));
    replaced.end("old", ending);
    assertThat(tries).as("a request at the same time does not retry it").hasValue(2);
    meanwhile.set(() -> {});
    clock.advance(Duration.ofHours(-1));
    replaced.end("old", ending);
    assertThat(tries).as("clock set back").hasValue(3);
    assertThat(replaced.isLeft("old")).isTrue();
  }

  @Test
  void oldSessionsThatAreLeft_areBounded_andThoseOfClientsThatAreGoneDoNotStay() {
    MutableClock clock = MutableClock.at(Instant.parse("2026-01-01T00:00:00Z"));
    ReplacedSessions replaced = new ReplacedSessions(clock);
    for (int i = 0; i <= 1_000; i++) {
      clock.advance(Duration.ofSeconds(1));
      replaced.end(
          "old " + i,
          () -> {
            throw new UncheckedIOException(refused());
          });
    }
    assertThat(replaced.isLeft("old 1000")).isTrue();
    assertThat(replaced.isLeft("old 1")).isTrue();
    assertThat(replaced.isLeft("old 0")).as("forgotten").isFalse();
  }

  @Test
  void cookieThatIsKept_isLoggedOnce_whateverTheNumberOfClients() {
    CookieDeletions deletions = new CookieDeletions("token");
    Instant begin = Instant.parse("2026-01-01T00:00:00Z");
    for (int client = 0; client < 100; client++) {
      assertThat(deletions.isDue("client " + client, begin)).isTrue();
      assertThat(deletions.isDue("client " + client, begin.plusSeconds(60))).isFalse();
    }
    assertThat(deletions.isDue("client 0", begin.minusSeconds(1))).as("clock set back").isTrue();
    assertThat(lines.list)
        .singleElement()
        .satisfies(
            line ->
                assertThat(line.getFormattedMessage())
                    .contains("A client keeps the cookie token, which the answers delete"));
  }

  @Test
  void clientsThatAreRemembered_areBounded() {
    CookieDeletions deletions = new CookieDeletions("token");
    Instant begin = Instant.parse("2026-01-01T00:00:00Z");
    for (int client = 0; client < 10_001; client++) {
      deletions.isDue("client " + client, begin);
    }
    Instant later = begin.plusSeconds(60);
    assertThat(deletions.isDue("client 10000", later)).isFalse();
    assertThat(deletions.isDue("client 0", later)).as("forgotten").isTrue();
  }

  private void present(Function<String, Optional<VerifiedToken>> verifier, int times)
      throws Exception {
    SessionManager manager = SessionManager.builder(InMemorySessionStore.builder().build()).build();
    JwtExchange exchange = JwtExchange.builder(manager, verifier::apply).build();
    Node node = new Node(manager, exchange);
    try {
      for (int i = 1; i < times; i++) {
        node.get("/", "Authorization", "Bearer " + TOKEN);
      }
      Node.Answer answer = node.get("/", "Authorization", "Bearer " + TOKEN);
      assertThat(answer.status()).isEqualTo(503);
      assertThat(answer.retryAfter()).contains("5");
      assertThat(answer.cookies()).isEmpty();
      assertThat(answer.result()).isEmpty();
      assertThat(exchange.counts().failed()).isEqualTo(times);
    } finally {
      node.close();
    }
    assertThat(elsewhere.list).isEmpty();
  }

  private static Optional<VerifiedToken> unreachable(String token) {
    throw new IllegalStateException(
        "no keys for " + token + "\nERROR forged", new UncheckedIOException(refused()));
  }

  private static IOException refused() {
    return new ConnectException("Connection refused");
  }

  @Test
  void keysThatCannotBeFetched_areOneWarningASecond_withoutAStackTrace() throws Exception {
    long begin = System.nanoTime();
    present(UndecidedTest::unreachable, 50);
    long seconds = (System.nanoTime() - begin) / 1_000_000_000L;
    assertThat(lines.list).hasSizeBetween(1, (int) seconds + 1);
    ILoggingEvent line = lines.list.get(0);
    assertThat(line.getLevel()).isEqualTo(Level.WARN);
    assertThat(line.getThrowableProxy()).isNull();
    assertThat(line.getFormattedMessage())
        .contains("TokenVerifier", "Connection refused")
        .doesNotContain(TOKEN, "\n");
  }

  @Test
  void stackTrace_isLoggedAtDebug_unlessItShowsTheToken() throws Exception {
    logger.setLevel(Level.DEBUG);
    present(
        token -> {
          throw new UncheckedIOException(refused());
        },
        1);
    assertThat(lines.list)
        .filteredOn(line -> line.getThrowableProxy() != null)
        .extracting(ILoggingEvent::getLevel)
        .containsExactly(Level.DEBUG);
    lines.list.clear();
    present(UndecidedTest::unreachable, 1);
    assertThat(lines.list).extracting(ILoggingEvent::getThrowableProxy).containsOnlyNulls();
  }

  @Test
  void faultOfTheVerifier_isAnErrorWithItsStackTrace_onceASecond() throws Exception {
    for (Function<String, Optional<VerifiedToken>> faulty :
        List.<Function<String, Optional<VerifiedToken>>>of(
            token -> {
              throw new NullPointerException("sub");
            },
            token -> {
              throw new NoClassDefFoundError("com/example/Keys");
            },
            // A token may be nested so deeply that a parser exhausts the stack.
            token -> {
              throw new StackOverflowError();
            })) {
      lines.list.clear();
      long begin = System.nanoTime();
      present(faulty, 20);
      long seconds = (System.nanoTime() - begin) / 1_000_000_000L;
      assertThat(lines.list).hasSizeBetween(1, (int) seconds + 1);
      assertThat(lines.list.get(0).getLevel()).isEqualTo(Level.ERROR);
      assertThat(lines.list.get(0).getThrowableProxy()).isNotNull();
    }
  }

  @Test
  void logoutTokenThatCannotBeVerified_is503_andTheProviderCanPostItAgain() throws Exception {
    SessionManager manager = SessionManager.builder(InMemorySessionStore.builder().build()).build();
    BackChannelLogout endpoint =
        BackChannelLogout.builder(
                manager,
                token -> {
                  throw new UncheckedIOException(refused());
                })
            .build();
    Node node = new Node(manager, endpoint);
    try {
      Node.Answer answer = node.post("/", "logout_token=" + TOKEN);
      assertThat(answer.status()).isEqualTo(503);
      assertThat(answer.retryAfter()).isPresent();
      assertThat(endpoint.counts().failed()).isEqualTo(1);
    } finally {
      node.close();
    }
    assertThat(lines.list).extracting(ILoggingEvent::getLevel).containsExactly(Level.WARN);
    assertThat(elsewhere.list).isEmpty();
  }
}

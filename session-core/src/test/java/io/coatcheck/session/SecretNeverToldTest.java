package io.coatcheck.session;

import static io.coatcheck.session.EngineFixture.granted;
import static io.coatcheck.session.EngineFixture.sent;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.coatcheck.session.event.AuditListener;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.token.SecretHash;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

@DisplayName(
    "I1: the secret is held by the client and, for one request, in memory, and nowhere else")
class SecretNeverToldTest {

  private final Logger root = (Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME);
  private final ListAppender<ILoggingEvent> appender = new ListAppender<>();
  private final List<String> texts = new ArrayList<>();
  private Level before = Level.DEBUG;

  @BeforeEach
  void listen() {
    before = root.getLevel();
    appender.start();
    root.addAppender(appender);
    root.setLevel(Level.TRACE);
  }

  @AfterEach
  void leave() {
    root.setLevel(before);
    root.detachAppender(appender);
  }

  @Test
  void noSecret_inLogsEventsExceptionsAndTexts() {
    List<String> tokens = new ArrayList<>();
    try (EngineFixture fixture =
        new EngineFixture(builder -> builder.listener(new AuditListener()))) {
      SessionManager manager = fixture.manager;
      String anonymous = fixture.anonymous();
      tokens.add(anonymous);
      Session session = fixture.live(anonymous);
      texts.add(session.toString());
      texts.add(manager.authenticate(session, "alice", LoginOptions.remember()).toString());
      texts.add(session.unsentToken().toString());
      String alice = sent(session);
      tokens.add(alice);
      texts.add(manager.adapter().resolve(List.of(anonymous)).toString());
      texts.add(manager.adapter().resolve(List.of(alice)).toString());
      texts.add(manager.adapter().resolve(List.of(alice + "x")).toString());
      texts.add(manager.adapter().resolve(List.of(alice.substring(0, 79) + "!")).toString());
      Session renewed = fixture.live(alice);
      manager.renew(renewed);
      String next = sent(renewed);
      tokens.add(next);
      texts.add(manager.sessionsOf("alice").toString());
      texts.add(fixture.stored(renewed).toString());
      assertRowsOpenNothing(fixture, next);
      for (String operation : List.of("find", "update", "delete")) {
        fixture.store.beforeNext(
            operation,
            () -> {
              throw new SessionStoreException(operation + ": down");
            });
      }
      collect(() -> manager.adapter().resolve(List.of(next)));
      Session writing = fixture.live(next);
      writing.setAttribute("a", "1");
      collect(() -> manager.save(writing));
      collect(() -> manager.invalidate(writing));
      collect(() -> manager.authenticate(writing, "\uD800", LoginOptions.defaults()));
      tokens.add(sent(granted(manager.authenticate(writing, "bob", LoginOptions.defaults()))));
      fixture.clock.advance(Duration.ofDays(31));
      manager.cleanUp();
      texts.add(fixture.events.toString());
    }
    appender.list.forEach(event -> texts.add(event.getFormattedMessage()));
    assertThat(appender.list).isNotEmpty();
    String all = String.join("\n", texts).toLowerCase(Locale.ROOT);
    for (String token : tokens) {
      String secret = token.substring(37);
      byte[] bytes = Base64.getUrlDecoder().decode(secret);
      assertThat(all)
          .doesNotContain(secret.toLowerCase(Locale.ROOT))
          .doesNotContain(HexFormat.of().formatHex(bytes))
          .doesNotContain(Base64.getEncoder().encodeToString(bytes).toLowerCase(Locale.ROOT));
    }
  }

  private void collect(Runnable call) {
    try {
      call.run();
    } catch (RuntimeException e) {
      for (Throwable cause = e; cause != null; cause = cause.getCause()) {
        texts.add(cause.toString());
      }
    }
  }

  /** F1: what a thief reads in the store cannot be presented. */
  private static void assertRowsOpenNothing(EngineFixture fixture, String token) {
    SecretHash hash = fixture.stored(fixture.live(token)).secretHash();
    String encoded = Base64.getUrlEncoder().withoutPadding().encodeToString(hash.toBytes());

    assertThat(fixture.isLive(token.substring(0, 37) + encoded)).isFalse();
  }
}

package io.coatcheck.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.event.RefusalReason;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.session.token.SessionToken;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class ResolveTest {

  private final EngineFixture fixture = new EngineFixture();
  private final SessionManager manager = fixture.manager;

  @AfterEach
  void close() {
    fixture.close();
  }

  private Resolution resolve(String... presented) {
    return manager.adapter().resolve(List.of(presented));
  }

  private String unknownToken() {
    SecureRandom random = new SecureRandom();
    return SessionToken.generate(SessionId.generate(fixture.clock.instant(), random), random)
        .value();
  }

  private void assertRefused(RefusalReason reason) {
    assertThat(fixture.eventsOf(SessionEvent.TokenRefused.class))
        .extracting(SessionEvent.TokenRefused::reason)
        .containsExactly(reason);
  }

  @Test
  @DisplayName("I7: no token costs no store access and is no event")
  void resolve_nothing_isAbsent() {
    assertThat(resolve()).isInstanceOf(Resolution.Absent.class);
    assertThat(fixture.store.calls).isEmpty();
    assertThat(fixture.events).isEmpty();
  }

  @Test
  @DisplayName("I14: malformed bytes cost no store access, and are reported without their text")
  void resolve_malformed() {
    String value = "'; DROP TABLE http_session; --\r\n";

    assertThat(resolve(value)).isInstanceOf(Resolution.Malformed.class);

    assertThat(fixture.store.calls).isEmpty();
    assertRefused(RefusalReason.MALFORMED);
    assertThat(fixture.events.toString()).doesNotContain("DROP");
  }

  @Test
  @DisplayName("I14: random bytes never throw and never reach the store")
  void resolve_randomBytes_neverThrow() {
    Random random = new Random(14);
    for (int i = 0; i < 20_000; i++) {
      StringBuilder text = new StringBuilder();
      int length = random.nextInt(120);
      for (int c = 0; c < length; c++) {
        text.append((char) random.nextInt(random.nextBoolean() ? 128 : 65536));
      }
      assertThat(resolve(text.toString())).isInstanceOf(Resolution.Malformed.class);
    }
    assertThat(fixture.store.calls).isEmpty();
  }

  @Test
  @DisplayName("F18: a well-formed token that was never issued opens no session")
  void resolve_unknown() {
    assertThat(resolve(unknownToken())).isInstanceOf(Resolution.Unknown.class);
    assertRefused(RefusalReason.UNKNOWN);
  }

  @Test
  @DisplayName("a token within a longer text is read in place, and no other text")
  void resolve_partOfText() {
    String token = fixture.loggedIn("alice");
    String line = "a=b; id=" + token + "; c=d";
    int start = line.indexOf(token);
    int end = start + token.length();

    assertThat(manager.adapter().resolve(line, start, end, List.of()))
        .isInstanceOf(Resolution.Live.class);
    assertThat(manager.adapter().resolve(line, start - 1, end, List.of()))
        .isInstanceOf(Resolution.Malformed.class);
    assertThat(manager.adapter().resolve(line, start, end + 1, List.of()))
        .isInstanceOf(Resolution.Malformed.class);
    assertThat(manager.adapter().resolve(line, start, start, List.of()))
        .isInstanceOf(Resolution.Malformed.class);
    assertThatThrownBy(() -> manager.adapter().resolve(line, start, line.length() + 1, List.of()))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void resolve_live_givesTheSession() {
    String token = fixture.loggedIn("alice");

    Session session = fixture.live(token);

    assertThat(session.principal()).contains("alice");
    assertThat(session.isNew()).isFalse();
    assertThat(fixture.eventsOf(SessionEvent.TokenRefused.class)).isEmpty();
  }

  @Nested
  @DisplayName("I6: to the exact instant")
  class Deadlines {

    @Test
    @DisplayName("idle: refused at the deadline before any cleaner has run (F15, F59)")
    void resolve_idleDeadline() {
      String token = fixture.loggedIn("alice");
      fixture.clock.advance(Duration.ofMinutes(30).minusMillis(1));
      assertThat(fixture.isLive(token)).isTrue();

      fixture.clock.advance(Duration.ofMillis(1));
      assertThat(resolve(token)).isInstanceOf(Resolution.Expired.class);
      assertRefused(RefusalReason.EXPIRED);
    }

    @Test
    @DisplayName("absolute: activity does not extend it (F16)")
    void resolve_absoluteDeadline() {
      String token = fixture.loggedIn("alice");
      for (int minute = 10; minute < 720; minute += 10) {
        fixture.clock.advance(Duration.ofMinutes(10));
        manager.save(fixture.live(token));
      }
      fixture.clock.advance(Duration.ofMinutes(10).minusMillis(1));
      assertThat(fixture.isLive(token)).isTrue();

      fixture.clock.advance(Duration.ofMillis(1));
      assertThat(fixture.isLive(token)).isFalse();
    }

    @Test
    @DisplayName("an anonymous session expires after the shorter idle limit")
    void resolve_anonymousIdleDeadline() {
      String token = fixture.anonymous();
      fixture.clock.advance(Duration.ofMinutes(15).minusMillis(1));
      assertThat(fixture.isLive(token)).isTrue();
      fixture.clock.advance(Duration.ofMillis(1));
      assertThat(fixture.isLive(token)).isFalse();
    }
  }

  @Nested
  class OldTokens {

    @Test
    @DisplayName("I3: the secret from before a login is superseded at once")
    void resolve_superseded() {
      String before = fixture.anonymous();
      String after = EngineFixture.sent(login(before));

      Resolution resolution = resolve(before);

      assertThat(resolution).isInstanceOf(Resolution.Superseded.class);
      assertRefused(RefusalReason.SUPERSEDED);
      assertThat(fixture.isLive(after)).isTrue();
    }

    @Test
    void resolve_mismatched() {
      String token = fixture.loggedIn("alice");
      String forged = token.substring(0, 37) + unknownToken().substring(37);

      assertThat(resolve(forged)).isInstanceOf(Resolution.Mismatched.class);
      assertRefused(RefusalReason.MISMATCHED);
    }

    @Test
    @DisplayName(
        "I8, F3: a late request within 5 seconds of the rotation begins an ephemeral session")
    void create_withinTheGuard_isEphemeral() {
      String before = fixture.anonymous();
      EngineFixture.sent(login(before));
      fixture.clock.advance(Duration.ofSeconds(5).minusMillis(1));

      Session late = manager.adapter().create(resolve(before));
      late.setAttribute("a", "b");
      manager.save(late);

      assertThat(late.isEphemeral()).isTrue();
      assertThat(late.unsentToken()).isEmpty();
      assertThat(fixture.store.find(late.id())).isEmpty();
    }

    @Test
    @DisplayName("I8, F3: after that the token counts as unknown")
    void create_afterTheGuard_isOrdinary() {
      String before = fixture.anonymous();
      EngineFixture.sent(login(before));
      fixture.clock.advance(Duration.ofSeconds(5));

      Session late = manager.adapter().create(resolve(before));
      late.setAttribute("a", "b");
      manager.save(late);

      assertThat(late.isEphemeral()).isFalse();
      assertThat(late.unsentToken()).isPresent();
    }

    @Test
    @DisplayName("I8: unknown and expired tokens count as none")
    void create_unknownOrExpired_isOrdinary() {
      String token = fixture.anonymous();
      assertThat(manager.adapter().create(resolve(unknownToken())).isEphemeral()).isFalse();
      fixture.clock.advance(Duration.ofMinutes(15));
      Session session = manager.adapter().create(resolve(token));
      assertThat(session.isEphemeral()).isFalse();
      assertThat(token).doesNotStartWith(session.id().toString());
    }

    private Session login(String token) {
      return EngineFixture.granted(
          manager.authenticate(fixture.live(token), "alice", LoginOptions.defaults()));
    }
  }

  @Nested
  @DisplayName("F47, F48: several tokens at once")
  class Several {

    @Test
    void resolve_oneLive_inAnyOrder_isAccepted() {
      String live = fixture.loggedIn("alice");
      assertThat(resolve(live, unknownToken())).isInstanceOf(Resolution.Live.class);
      assertThat(resolve(unknownToken(), "garbage", live)).isInstanceOf(Resolution.Live.class);
      assertThat(resolve(live, live)).isInstanceOf(Resolution.Live.class);
      assertThat(fixture.eventsOf(SessionEvent.TokenRefused.class)).isEmpty();
    }

    @Test
    void resolve_twoLive_isNone() {
      String alice = fixture.loggedIn("alice");
      String mallory = fixture.loggedIn("mallory");

      assertThat(resolve(mallory, alice)).isInstanceOf(Resolution.Absent.class);

      assertRefused(RefusalReason.AMBIGUOUS);
    }

    @Test
    @DisplayName("attack 7: more than four count as none, and none is looked up")
    void resolve_moreThanFour_looksUpNone() {
      List<String> tokens = new ArrayList<>(Collections.nCopies(150, unknownToken()));
      tokens.add(fixture.loggedIn("alice"));
      fixture.store.calls.clear();

      assertThat(manager.adapter().resolve(tokens)).isInstanceOf(Resolution.Absent.class);

      assertThat(fixture.store.calls).isEmpty();
      assertThat(manager.adapter().resolve(tokens.subList(147, 151)))
          .isInstanceOf(Resolution.Live.class);
      assertThat(fixture.store.calls).containsOnly("find").hasSize(4);
    }

    @Test
    @DisplayName("I8: a token that guards a newer one is not hidden by another refused token")
    void resolve_guardAmongOthers() {
      String before = fixture.anonymous();
      manager.authenticate(fixture.live(before), "alice", LoginOptions.defaults());

      assertThat(resolve(unknownToken(), before).guardsNewerToken()).isTrue();
    }
  }

  @Nested
  @DisplayName("I6, I7: touch")
  class Touch {

    @Test
    void save_readOnly_withinTheInterval_writesNothing() {
      String token = fixture.loggedIn("alice");
      fixture.clock.advance(Duration.ofMinutes(1).minusMillis(1));
      fixture.store.calls.clear();

      manager.save(fixture.live(token));

      assertThat(fixture.store.calls).containsExactly("find");
    }

    @Test
    void save_readOnly_afterTheInterval_touchesOnce() {
      String token = fixture.loggedIn("alice");
      fixture.clock.advance(Duration.ofMinutes(1));
      fixture.store.calls.clear();

      Session session = fixture.live(token);
      manager.save(session);
      manager.save(session);

      assertThat(fixture.store.calls).containsExactly("find", "touch");
      assertThat(fixture.stored(session).lastSeenAt()).isEqualTo(fixture.clock.instant());
      assertThat(fixture.stored(session).version()).isZero();
    }

    @Test
    void save_withChanges_afterTheInterval_isOneUpdate() {
      String token = fixture.loggedIn("alice");
      fixture.clock.advance(Duration.ofMinutes(2));
      fixture.store.calls.clear();

      Session session = fixture.live(token);
      session.setAttribute("a", 1);
      session.setAttribute("b", 2);
      manager.save(session);

      assertThat(fixture.store.calls).containsExactly("find", "update");
      assertThat(fixture.stored(session).lastSeenAt()).isEqualTo(fixture.clock.instant());
    }

    @Test
    @DisplayName("the interval is never more than a tenth of the session's idle timeout")
    void save_shortIdleTimeout_touchesSooner() {
      LoginOptions options = LoginOptions.builder().idleTimeout(Duration.ofSeconds(100)).build();
      String token =
          EngineFixture.sent(EngineFixture.granted(manager.authenticate(null, "alice", options)));
      fixture.clock.advance(Duration.ofSeconds(10));
      fixture.store.calls.clear();

      manager.save(fixture.live(token));

      assertThat(fixture.store.calls).containsExactly("find", "touch");
    }

    @Test
    @DisplayName("an interval of zero touches each request as it is resolved")
    void resolve_intervalZero_touchesAtOnce() {
      try (EngineFixture exact =
          new EngineFixture(builder -> builder.touchInterval(Duration.ZERO))) {
        String token = exact.loggedIn("alice");
        exact.clock.advance(Duration.ofMillis(1));
        exact.store.calls.clear();

        Session session = exact.live(token);

        assertThat(exact.store.calls).containsExactly("find", "touch");
        assertThat(session.lastSeenAt()).isEqualTo(exact.clock.instant().minusMillis(1));
        exact.clock.advance(Duration.ofMinutes(30).minusMillis(1));
        assertThat(exact.isLive(token)).isTrue();
      }
    }

    @Test
    @DisplayName("I6: a long request is activity from its beginning, if much idle time has passed")
    void storeUrgentActivity_lessThanHalfIsLeft_touchesAtOnce() {
      String token = fixture.loggedIn("alice");
      fixture.clock.advance(Duration.ofMinutes(15));
      fixture.store.calls.clear();
      Session early = served(token);
      assertThat(fixture.store.calls).as("half of it is left").containsExactly("find");
      manager.save(early);

      fixture.clock.advance(Duration.ofMinutes(16));
      fixture.store.calls.clear();
      Session upload = served(token);
      assertThat(fixture.store.calls).containsExactly("find", "touch");
      fixture.clock.advance(Duration.ofMinutes(20));
      upload.setAttribute("file", "stored");

      assertThat(manager.save(upload)).isTrue();
      assertThat(fixture.live(token).attribute("file")).isEqualTo("stored");
    }

    @Test
    @DisplayName("I2: a session that ends before its urgent touch is not accepted")
    void storeUrgentActivity_endsBefore_isUnknown() {
      String token = fixture.loggedIn("alice");
      fixture.clock.advance(Duration.ofMinutes(16));
      Resolution.Live resolved = (Resolution.Live) resolve(token);
      manager.revokeAllOf("alice");

      assertThat(manager.adapter().storeUrgentActivity(resolved))
          .isInstanceOf(Resolution.Unknown.class);
      assertThat(resolved.session().isEnded()).isTrue();
      assertRefused(RefusalReason.UNKNOWN);
    }

    private Session served(String token) {
      Resolution resolved = manager.adapter().storeUrgentActivity((Resolution.Live) resolve(token));
      return ((Resolution.Live) resolved).session();
    }

    @Test
    @DisplayName("I2: a session that ends between find and touch is not accepted")
    void resolve_endsBeforeTouch_isUnknown() {
      try (EngineFixture exact =
          new EngineFixture(builder -> builder.touchInterval(Duration.ZERO))) {
        String token = exact.loggedIn("alice");
        exact.clock.advance(Duration.ofMillis(1));
        exact.store.beforeNext("touch", () -> exact.manager.revokeAllOf("alice"));

        assertThat(exact.manager.adapter().resolve(List.of(token)))
            .isInstanceOf(Resolution.Unknown.class);
      }
    }
  }
}

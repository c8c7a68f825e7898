package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.LoginOutcome;
import io.coatcheck.session.Resolution;
import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("docs/JDBC.md: the change feed is switched on and off node by node, in two steps")
class SwitchingFeedTest {

  private static final Duration BOUND = Duration.ofMillis(500);

  /** What a node has, in the order of switching on; switching off goes back. */
  enum Setting {
    OFF(false, false),
    RECORDED(true, false),
    USED(true, true);

    final boolean isRecorded;
    final boolean isUsed;

    Setting(boolean isRecorded, boolean isUsed) {
      this.isRecorded = isRecorded;
      this.isUsed = isUsed;
    }
  }

  /** One with OFF and one with USED would fail: that is why there are two steps. */
  @ParameterizedTest(name = "one node has it {0}, another one {1}")
  @CsvSource({"OFF, RECORDED", "RECORDED, OFF", "RECORDED, USED", "USED, RECORDED", "USED, USED"})
  void logout_duringTheSwitch_isSeenByTheOtherNode(Setting one, Setting other) {
    Pool pool = Pool.h2();
    try (Table table = Table.withChanges(pool);
        SessionManager here = node(table, one);
        SessionManager there = node(table, other)) {
      LoginOutcome login = here.authenticate(null, "alice", LoginOptions.defaults());
      Session session = ((LoginOutcome.Granted) login).session();
      String token = session.unsentToken().orElseThrow().value();
      assertThat(there.adapter().resolve(List.of(token))).isInstanceOf(Resolution.Live.class);

      assertThat(here.revoke(session.id())).isTrue();

      Table.await(
          "the end on the other node",
          () -> there.adapter().resolve(List.of(token)) instanceof Resolution.Unknown);
    }
  }

  private static SessionManager node(Table table, Setting setting) {
    return SessionManager.builder(
            NearCacheSessionStore.builder(table.builder().changeFeed(setting.isRecorded).build())
                .useChangeFeed(setting.isUsed)
                .maxStaleness(BOUND)
                .build())
        .cleanUpInterval(Duration.ZERO)
        .build();
  }
}

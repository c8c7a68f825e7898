package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName(
    "stores 19, B21: the schema and every statement work in each mode of H2, or build refuses")
@Tag("wide")
class H2ModesTest {

  private static final AtomicInteger COUNT = new AtomicInteger();
  private static final Instant NOW = Sessions.NOW;

  private static final List<String> NAMES =
      List.of(
          "",
          ";DATABASE_TO_LOWER=TRUE",
          ";DATABASE_TO_UPPER=FALSE",
          ";CASE_INSENSITIVE_IDENTIFIERS=TRUE",
          ";DATABASE_TO_LOWER=TRUE;CASE_INSENSITIVE_IDENTIFIERS=TRUE",
          ";IGNORECASE=TRUE",
          ";OLD_INFORMATION_SCHEMA=TRUE");

  static Stream<Arguments> modes() {
    return Stream.of(
            "REGULAR",
            "STRICT",
            "LEGACY",
            "DB2",
            "Derby",
            "HSQLDB",
            "MSSQLServer",
            "MariaDB",
            "MySQL",
            "PostgreSQL")
        .flatMap(mode -> NAMES.stream().map(names -> Arguments.of(mode, names)));
  }

  @ParameterizedTest
  @MethodSource("modes")
  void everyStatement(String mode, String names) {
    try (HikariDataSource pool = pool(mode, names)) {
      for (String table : List.of("http_session", "Sessions")) {
        StoredSession before = Sessions.of("älice").build();
        creating(pool, table).build().insert(before);
        JdbcSessionStore store = creating(pool, table).build();
        assertThat(store.delete(before.id()))
            .as("kept when the schema of %s is created again", table)
            .contains(before);
        life(store);
        lifeWithChanges(
            creating(pool, table)
                .changeFeed(true)
                .changeFeedInterval(Duration.ofMillis(10))
                .build());
        assertThat(store.principalIndex().orElseThrow().findByPrincipal("älice", null, 10))
            .as("left in %s", table)
            .isEmpty();
      }
    }
  }

  private static JdbcSessionStore.Builder creating(HikariDataSource pool, String table) {
    return JdbcSessionStore.builder(pool)
        .tableName(table)
        .createSchema(true)
        .queryTimeout(Table.PATIENCE);
  }

  private static void lifeWithChanges(JdbcSessionStore store) {
    try (store) {
      ReportedChanges reported = new ReportedChanges();
      store.changeFeed().orElseThrow().subscribe(reported);
      life(store);
      long now = System.nanoTime();
      Table.await("complete up to now", () -> reported.isCompletePast(now));
      assertThat(reported.takeChanged()).hasSizeGreaterThanOrEqualTo(3);
    }
  }

  private static void life(JdbcSessionStore store) {
    life(store, "älice", Sessions.bytes(99));
  }

  /** Runs every statement of a store. */
  static void life(JdbcSessionStore store, String principal, AttributeValue attribute) {
    StoredSession session =
        Sessions.of(principal).userAgent("").clientAddress("::1").attribute("a", attribute).build();
    store.insert(session);
    assertThat(store.find(session.id())).contains(session);
    Instant later = NOW.plusSeconds(60);
    assertThat(store.touch(session.id(), later, later)).isTrue();
    assertThat(store.batchTouch().orElseThrow().touchAll(Map.of(session.id(), later), later))
        .containsExactly(session.id());
    assertThat(store.batchLookup().orElseThrow().stamps(Set.of(session.id()))).hasSize(1);
    assertThat(store.update(session, NOW)).isTrue();
    StoredSession updated = session.toBuilder().version(1).lastSeenAt(later).build();
    assertThat(store.find(session.id())).contains(updated);

    PrincipalIndex index = store.principalIndex().orElseThrow();
    StoredSession newcomer = Sessions.of(principal).build();
    assertThat(
            store
                .loginLimit()
                .orElseThrow()
                .admit(newcomer, true, 1, WhenFull.REFUSE_NEWCOMER, NOW)
                .outcome())
        .isEqualTo(Admission.Outcome.REFUSED);
    assertThat(
            store
                .loginLimit()
                .orElseThrow()
                .admit(newcomer, true, 1, WhenFull.EVICT_OLDEST, NOW)
                .outcome())
        .isEqualTo(Admission.Outcome.STORED);
    assertThat(store.find(session.id())).isEmpty();
    assertThat(store.delete(newcomer.id())).contains(newcomer);

    store.insert(session);
    store.insert(newcomer);
    assertThat(store.touch(session.id(), later, NOW)).isTrue();
    List<StoredSession> ended = new ArrayList<>();
    assertThat(store.deleteExpired(newcomer.expiresAt(), 10, ended::add).deleted()).isEqualTo(1);
    assertThat(index.deleteByPrincipal(principal, Set.of(session.id()), ended::add)).isZero();
    assertThat(index.deleteByPrincipal(principal, Set.of(), ended::add)).isEqualTo(1);
    assertThat(ended).containsExactly(newcomer, session.toBuilder().lastSeenAt(later).build());
  }

  @DisplayName("In Oracle's mode, H2 stores an empty string as null: build() fails")
  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ";DATABASE_TO_LOWER=TRUE",
        ";DATABASE_TO_UPPER=FALSE",
        ";OLD_INFORMATION_SCHEMA=TRUE"
      })
  void oracle_isRefused(String names) {
    try (HikariDataSource pool = pool("Oracle", names)) {
      for (boolean create : new boolean[] {true, false}) {
        assertThatThrownBy(
                () ->
                    JdbcSessionStore.builder(pool)
                        .createSchema(create)
                        .queryTimeout(Table.PATIENCE)
                        .build())
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("MODE")
            .hasMessageContaining("Oracle");
      }
    }
  }

  private static HikariDataSource pool(String mode, String names) {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl("jdbc:h2:mem:mode" + COUNT.incrementAndGet() + ";MODE=" + mode + names);
    config.setMaximumPoolSize(2);
    return new HikariDataSource(config);
  }
}

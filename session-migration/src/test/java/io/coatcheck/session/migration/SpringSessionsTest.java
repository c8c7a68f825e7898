package io.coatcheck.session.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.codec.JavaSerializationCodec;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.SessionStoreException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;

/** The sources of old sessions, and the ranges of the options. */
class SpringSessionsTest {

  private static final String ID = "0c5a4a3e-0000-4000-8000-000000000000";

  private static JdbcDataSource database(String name) {
    JdbcDataSource database = new JdbcDataSource();
    database.setURL("jdbc:h2:mem:" + name + ";DB_CLOSE_DELAY=-1");
    return database;
  }

  private static Connection outsideAutocommit(JdbcDataSource database) throws SQLException {
    Connection connection = database.getConnection();
    connection.setAutoCommit(false);
    return connection;
  }

  private static JdbcSpringSessions sessionsOver(Connection pooled) {
    return JdbcSpringSessions.builder(new SingleConnectionDataSource(pooled, true)).build();
  }

  /** Closing a connection returns it to a pool, which may leave its transaction open. */
  @Test
  void connectionWithoutAutocommit_isLeftWithoutATransaction() throws Exception {
    JdbcDataSource database = database("autocommit");
    SpringSessionJdbc spring = new SpringSessionJdbc(database, "h2", "SPRING_SESSION");
    try (Connection pooled = outsideAutocommit(database)) {
      SpringSessions sessions = sessionsOver(pooled);
      String id = spring.application().begin(Map.of("cart", "one pear"));
      assertThat(sessions.find(id)).isPresent();
      assertThat(sessions.isLive(id, Instant.now())).isTrue();
      assertThat(sessions.find(ID)).isEmpty();
      assertThat(sessions.isLive(ID, Instant.now())).isFalse();
      sessions.delete(id);
      assertThat(spring.application().attribute(id, "cart")).as("committed").isEmpty();
      String other = spring.application().begin(Map.of("cart", "one pear"));
      spring.rename(true);
      assertThatThrownBy(() -> sessions.find(other)).isInstanceOf(SessionStoreException.class);
      spring.rename(false);
      assertThat(sessions.find(other)).isPresent();
      assertThat(pooled.getAutoCommit()).isFalse();
    }
  }

  @Test
  void tablesThatCannotBeRead_areFound_byTheCheck() throws Exception {
    JdbcDataSource database = database("check");
    SpringSessionJdbc spring = new SpringSessionJdbc(database, "h2", "SPRING_SESSION");
    try (Connection pooled = outsideAutocommit(database)) {
      JdbcSpringSessions sessions = sessionsOver(pooled);
      sessions.checkTables();
      spring.rename(true);
      assertThatThrownBy(sessions::checkTables)
          .isInstanceOf(SessionStoreException.class)
          .hasMessageContaining("SPRING_SESSION and SPRING_SESSION_ATTRIBUTES");
      spring.rename(false);
      sessions.checkTables();
    }
    JdbcSpringSessions elsewhere =
        JdbcSpringSessions.builder(database).tableName("ELSEWHERE").build();
    assertThatThrownBy(elsewhere::checkTables).hasMessageContaining("ELSEWHERE_ATTRIBUTES");
    new JdbcTemplate(database).execute("ALTER TABLE SPRING_SESSION DROP COLUMN EXPIRY_TIME");
    JdbcSpringSessions narrower = JdbcSpringSessions.builder(database).build();
    assertThatThrownBy(narrower::checkTables).isInstanceOf(SessionStoreException.class);
  }

  @Test
  void sessionOfManyLargeValues_isReadUpToABound() throws Exception {
    JdbcDataSource database = database("large");
    SpringSessionJdbc spring = new SpringSessionJdbc(database, "h2", "SPRING_SESSION");
    Map<String, Object> attributes = new HashMap<>();
    for (int i = 0; i < 20; i++) {
      attributes.put("large" + i, new byte[1_000_000]);
    }
    SpringSession found =
        JdbcSpringSessions.builder(database)
            .build()
            .find(spring.application().begin(attributes))
            .orElseThrow();
    assertThat(found.attributes()).hasSize(16);
    assertThat(found.tooLarge()).hasSize(4);
  }

  @Test
  void failureOfTheClient_isAFailureOfTheStore() {
    IllegalStateException down = new IllegalStateException("down");
    SpringSessions sessions =
        RedisSpringSessions.of(
            new RedisSpringSessions.Commands() {
              @Override
              public Map<String, byte[]> fieldsOf(String key) {
                throw down;
              }

              @Override
              public void delete(String key) {
                throw down;
              }
            });
    assertThatThrownBy(() -> sessions.find(ID))
        .isInstanceOf(SessionStoreException.class)
        .hasCause(down);
    assertThatThrownBy(() -> sessions.delete(ID)).isInstanceOf(SessionStoreException.class);
  }

  @Test
  void hashOfAnotherKind_isNoSession() {
    Map<String, byte[]> fields = new HashMap<>();
    SpringSessions sessions =
        RedisSpringSessions.of(
            new RedisSpringSessions.Commands() {
              @Override
              public Map<String, byte[]> fieldsOf(String key) {
                assertThat(key).isEqualTo("shop:sessions:" + ID);
                return fields;
              }

              @Override
              public void delete(String key) {
                fields.clear();
              }
            },
            "shop");
    assertThat(sessions.find(ID)).isEmpty();
    for (String field : List.of("creationTime", "lastAccessedTime", "maxInactiveInterval")) {
      fields.put(field, new byte[] {1, 2, 3});
      assertThat(sessions.find(ID)).isEmpty();
      assertThat(sessions.isLive(ID, Instant.EPOCH)).isFalse();
    }
  }

  @Test
  void optionOutOfRange_isRefusedWithItsNameAndValue() {
    try (SessionManager manager =
        SessionManager.builder(InMemorySessionStore.builder().build()).build()) {
      JdbcSpringSessions.Builder tables = JdbcSpringSessions.builder(new JdbcDataSource());
      SpringSessionImport.Builder bridge =
          SpringSessionImport.builder(
              manager, tables.build(), JavaSerializationCodec.builder().build());
      assertThatThrownBy(() -> tables.tableName("a; DROP TABLE b"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("tableName ")
          .hasMessageEndingWith(": a; DROP TABLE b");
      assertThatThrownBy(() -> tables.queryTimeout(Duration.ofMinutes(2)))
          .hasMessage("queryTimeout must be from 1 second to 1 minute: PT2M");
      assertThatThrownBy(() -> bridge.cookieName("a b"))
          .hasMessage("cookieName must be the name of a cookie: a b");
      assertThatThrownBy(() -> bridge.cookiePath("shop")).hasMessageEndingWith(": shop");
      assertThatThrownBy(() -> bridge.cookieDomain(" ")).hasMessageStartingWith("cookieDomain ");
      for (Duration age : List.of(Duration.ZERO, Duration.ofDays(401))) {
        assertThatThrownBy(() -> bridge.maximumAge(age))
            .hasMessage("maximumAge must be positive and at most 400 days: " + age);
      }
    }
  }
}

package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Instant;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("which values a failure names, and which it does not")
class FailureMessagesTest {

  private static final Instant NOW = Sessions.NOW;

  static Stream<Pool> eachDialect() {
    return Pool.eachDialect();
  }

  @ParameterizedTest
  @MethodSource("eachDialect")
  void insert_idThatExists_namesIdAndStateAndNoValue(Pool pool) {
    try (Table table = new Table(pool)) {
      StoredSession session = telling();
      table.store.insert(session);

      Throwable failure = catchThrowable(() -> table.store.insert(session));

      assertThat(failure)
          .isInstanceOf(SessionStoreException.class)
          .hasMessageContaining("insert of session " + session.id())
          .hasMessageContaining("the id exists already")
          .hasMessageContaining(code(pool, "SQLState 23", 19));
      assertRevealsNothing(failure);
      assertThat(table.store.find(session.id())).contains(session);
    }
  }

  @DisplayName(
      "drivers quote a row that a constraint of the application refuses; the store does not")
  @ParameterizedTest
  @MethodSource("eachDialect")
  void update_refusedRow_revealsNoValue(Pool pool) {
    try (Table table = new Table(pool)) {
      StoredSession session = telling().toBuilder().userAgent(null).build();
      table.store.insert(session);
      table.execute(
          pool.server() == TestDatabase.SQLITE
              ? String.format(
                  "CREATE TRIGGER c_%1$s BEFORE UPDATE ON %1$s WHEN new.version <> 0"
                      + " BEGIN SELECT RAISE(ABORT, 'refused: ' || new.principal); END",
                  table.name)
              : String.format(
                  "ALTER TABLE %1$s ADD CONSTRAINT c_%1$s CHECK (version = 0)", table.name));

      Throwable failure = catchThrowable(() -> table.store.update(session, NOW));

      assertThat(failure)
          .isInstanceOf(SessionStoreException.class)
          .hasMessageContaining("update of session " + session.id())
          .hasMessageContaining(code(pool, "SQLState 23", 19));
      assertRevealsNothing(failure);
    }
  }

  @ParameterizedTest
  @MethodSource("eachDialect")
  void find_missingTable_saysWhatToRun(Pool pool) {
    try (Table table = new Table(pool)) {
      table.execute("DROP TABLE " + table.name);

      assertThatThrownBy(() -> table.store.find(Sessions.token().id()))
          .isInstanceOf(SessionStoreException.class)
          .hasMessageContaining("table " + table.name + " is missing")
          .hasMessageContaining(pool.database().schemaFile())
          .hasMessageContaining("createSchema(true)")
          .hasMessageContaining(code(pool, "SQLState 42", 1));
    }
  }

  @ParameterizedTest
  @MethodSource("eachDialect")
  void find_missingColumn_saysThatTheSchemaIsOld(Pool pool) {
    try (Table table = new Table(pool)) {
      table.execute("ALTER TABLE " + table.name + " DROP COLUMN remembered");

      assertThatThrownBy(() -> table.store.find(Sessions.token().id()))
          .isInstanceOf(SessionStoreException.class)
          .hasMessageContaining("lacks a column");
    }
  }

  /** Returns what a message says of a failure: the driver of SQLite has no SQLState. */
  private static String code(Pool pool, String state, int vendorCode) {
    return pool.server() == TestDatabase.SQLITE
        ? "SQLState null, vendor code " + vendorCode
        : state;
  }

  private static StoredSession telling() {
    return Sessions.of("principal-to-hide")
        .userAgent("agent-to-hide")
        .clientAddress("address-to-hide")
        .attribute(
            "name-to-hide",
            io.coatcheck.session.codec.AttributeValue.encoded(
                "value-to-hide".getBytes(java.nio.charset.StandardCharsets.UTF_8)))
        .build();
  }

  private static void assertRevealsNothing(Throwable failure) {
    StringWriter text = new StringWriter();
    failure.printStackTrace(new PrintWriter(text));
    assertThat(text.toString().toLowerCase(java.util.Locale.ROOT))
        .contains("message left out")
        .doesNotContain("to-hide")
        .doesNotContain("746f2d68696465");
  }
}

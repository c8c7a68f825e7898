package io.coatcheck.session.spring;

import static io.coatcheck.session.spring.StartFailure.messagesOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.event.SessionListener;
import io.coatcheck.session.jdbc.JdbcSessionStore;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.token.SessionId;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.WebApplicationContextRunner;
import org.springframework.jdbc.datasource.AbstractDataSource;

@DisplayName("A start that fails")
class FailedStartTest {

  /** Records the parts of the store that were built. */
  private static final class Built implements StoreObserver {

    final List<SessionStore> stores = new ArrayList<>();

    @Override
    public SessionStore remote(SessionStore store, BooleanSupplier isFailingFast) {
      stores.add(store);
      return store;
    }

    @Override
    public void nearCache(NearCacheSessionStore store) {
      stores.add(store);
    }

    @Override
    public void memory(InMemorySessionStore store) {
      stores.add(store);
    }
  }

  private final Built built = new Built();

  private final WebApplicationContextRunner application =
      new WebApplicationContextRunner()
          .withAllowBeanDefinitionOverriding(true)
          .withConfiguration(AutoConfigurations.of(CoatcheckAutoConfiguration.class))
          .withBean("dataSource", DataSource.class, FailedStartTest::h2)
          .withBean(StoreObserver.class, () -> built);

  private static DataSource h2() {
    JdbcDataSource source = new JdbcDataSource();
    source.setURL("jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1");
    return source;
  }

  private static SessionListener failing() {
    throw new IllegalStateException("no listener");
  }

  private void assertClosed(String failure, WebApplicationContextRunner failing, int stores) {
    failing.run(context -> assertThat(messagesOf(context.getStartupFailure())).contains(failure));
    assertThat(built.stores)
        .hasSize(stores)
        .allSatisfy(
            store ->
                assertThatThrownBy(() -> store.find(SessionId.of(1, 2)))
                    .isInstanceOf(SessionStoreException.class)
                    .hasMessageContaining("closed"));
  }

  @Test
  @DisplayName("closes the store, even if there is no manager yet that would")
  void noManager() {
    assertClosed(
        "no listener",
        application.withBean(
            SessionListener.class,
            FailedStartTest::failing,
            definition -> definition.setLazyInit(true)),
        2);
  }

  @Test
  @DisplayName("closes the store in memory as well")
  void memory() {
    assertClosed(
        "coatcheck.sessions-per-user",
        application.withPropertyValues("coatcheck.store=memory", "coatcheck.sessions-per-user=0"),
        1);
  }

  @Test
  @DisplayName("closes what was built of the store, if a later part of it is refused")
  void noNearCache() {
    assertClosed(
        "coatcheck.near-cache.max-staleness",
        application.withPropertyValues("coatcheck.near-cache.max-staleness=-1s"),
        1);
  }

  @Test
  @DisplayName("names the property and the file if the table is missing")
  void noTable() {
    application
        .withPropertyValues("coatcheck.jdbc.create-schema=never")
        .run(
            context ->
                assertThat(messagesOf(context.getStartupFailure()))
                    .contains(
                        "coatcheck.jdbc.create-schema: never, and table http_session is missing")
                    .contains(
                        ": set it to always, or run schema/h2.sql of the jar of coatcheck-jdbc")
                    .contains("set coatcheck.store to memory"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"never", "always"})
  @DisplayName("names the files that add columns if the table lacks one, which no property adds")
  void noColumn(String createSchema) throws SQLException {
    DataSource old = h2();
    JdbcSessionStore.builder(old).createSchema(true).build().close();
    try (Connection connection = old.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("ALTER TABLE http_session DROP COLUMN user_agent");
    }
    new WebApplicationContextRunner()
        .withConfiguration(AutoConfigurations.of(CoatcheckAutoConfiguration.class))
        .withBean("dataSource", DataSource.class, () -> old)
        .withPropertyValues("coatcheck.jdbc.create-schema=" + createSchema)
        .run(
            context ->
                assertThat(messagesOf(context.getStartupFailure()))
                    .contains("coatcheck.jdbc.create-schema: " + createSchema + ", and table ")
                    .contains("lacks a column")
                    .contains("run the successors of schema/h2.sql")
                    .doesNotContain("set it to always"));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  @DisplayName("names the server if the database cannot be reached, and not the table")
  void unreachable(boolean isUnchecked) {
    WebApplicationContextRunner down =
        application.withBean("dataSource", DataSource.class, () -> new Unreachable(isUnchecked));
    down.run(
        context ->
            assertThat(messagesOf(context.getStartupFailure()))
                .contains(
                    "coatcheck.store: there is no connection to the DataSource: ",
                    "Connection to db.example refused",
                    ". Start the database, or correct the properties of the DataSource. With"
                        + " coatcheck.jdbc.database and an existing table, the application starts"
                        + " without a connection")
                .doesNotContain("create-schema"));
    down.withPropertyValues(
            "coatcheck.jdbc.database=postgresql", "coatcheck.jdbc.create-schema=always")
        .run(
            context ->
                assertThat(messagesOf(context.getStartupFailure()))
                    .contains("Connection to db.example refused", "Start the database")
                    .doesNotContain("With coatcheck.jdbc.database"));
    for (String database : List.of("postgresql", "h2")) {
      down.withPropertyValues("coatcheck.jdbc.database=" + database)
          .run(context -> assertThat(context).hasNotFailed());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"coatcheck.jdbc.create-schema=embedded", "coatcheck.jdbc.database=postgresql"})
  @DisplayName("waits for the database once: each attempt may take as long as the pool waits")
  void unreachable_isAskedOnce(String setting) {
    Unreachable source = new Unreachable(false);
    application
        .withBean("dataSource", DataSource.class, () -> source)
        .withPropertyValues(setting)
        .run(context -> assertThat(source.attempts).hasValue(1));
  }

  /** A database that does not answer. */
  private static final class Unreachable extends AbstractDataSource {

    final AtomicInteger attempts = new AtomicInteger();
    private final boolean isUnchecked;

    /**
     * Creates a data source.
     *
     * @param isUnchecked whether it fails with an unchecked exception, as some pools do
     */
    Unreachable(boolean isUnchecked) {
      this.isUnchecked = isUnchecked;
    }

    @Override
    public Connection getConnection() throws SQLException {
      attempts.incrementAndGet();
      SQLException refused = new SQLException("Connection to db.example refused", "08001");
      if (isUnchecked) {
        throw new IllegalStateException("no pool", refused);
      }
      throw refused;
    }

    @Override
    public Connection getConnection(String user, String password) throws SQLException {
      return getConnection();
    }
  }
}

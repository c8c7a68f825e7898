package io.coatcheck.session.spring;

import static io.coatcheck.session.spring.StartFailure.messagesOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.event.SessionListener;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.token.SessionId;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.WebApplicationContextRunner;

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
          .withConfiguration(AutoConfigurations.of(CoatcheckAutoConfiguration.class))
          .withBean(DataSource.class, FailedStartTest::h2)
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
}

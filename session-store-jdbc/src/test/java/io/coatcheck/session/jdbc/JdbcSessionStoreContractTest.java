package io.coatcheck.session.jdbc;

import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.testkit.SessionStoreContract;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

@ParameterizedClass
@MethodSource("pools")
class JdbcSessionStoreContractTest extends SessionStoreContract {

  private static final ContractTables TABLES = new ContractTables();

  private final Pool pool;

  JdbcSessionStoreContractTest(Pool pool) {
    this.pool = pool;
  }

  static Stream<Pool> pools() {
    return ContractTables.pools();
  }

  @AfterAll
  static void closeTables() {
    TABLES.close();
  }

  @Override
  protected SessionStore createStore() {
    return TABLES.createStore(pool);
  }

  @Override
  protected SessionStore createOtherNode(SessionStore store) {
    return TABLES.createOtherNode(pool);
  }

  @Override
  protected void breakBackend() {
    TABLES.breakPool(pool);
  }

  @Override
  protected void assertEmpty() {
    TABLES.assertEmpty(pool);
  }
}

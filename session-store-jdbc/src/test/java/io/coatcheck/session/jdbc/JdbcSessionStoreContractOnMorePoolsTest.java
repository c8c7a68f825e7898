package io.coatcheck.session.jdbc;

import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.testkit.SessionStoreContract;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

@Tag("long")
@ParameterizedClass
@MethodSource("pools")
class JdbcSessionStoreContractOnMorePoolsTest extends SessionStoreContract {

  private static final ContractTables TABLES = new ContractTables();

  private final Pool pool;

  JdbcSessionStoreContractOnMorePoolsTest(Pool pool) {
    this.pool = pool;
  }

  static Stream<Pool> pools() {
    return ContractTables.morePools();
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

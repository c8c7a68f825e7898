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

  private final Pool pool;

  JdbcSessionStoreContractTest(Pool pool) {
    this.pool = pool;
  }

  static Stream<Pool> pools() {
    return ContractTables.pools().filter(pool -> pool.server() != TestDatabase.MARIADB);
  }

  ContractTables tables() {
    return ContractTables.PLAIN;
  }

  @AfterAll
  static void closeTables() {
    ContractTables.closeAll();
  }

  @Override
  protected SessionStore createStore() {
    return tables().createStore(pool);
  }

  @Override
  protected SessionStore createOtherNode(SessionStore store) {
    return tables().createOtherNode(pool);
  }

  @Override
  protected void breakBackend() {
    tables().breakPool(pool);
  }

  @Override
  protected void forgetChanges() {
    tables().forgetChanges(pool);
  }

  @Override
  protected void assertEmpty() {
    tables().assertEmpty(pool);
  }
}

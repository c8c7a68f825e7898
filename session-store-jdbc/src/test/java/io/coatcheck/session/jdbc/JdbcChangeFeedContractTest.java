package io.coatcheck.session.jdbc;

import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.testkit.ChangeFeedContract;
import io.coatcheck.session.token.SessionId;
import java.sql.SQLException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

@ParameterizedClass
@MethodSource("pools")
class JdbcChangeFeedContractTest extends ChangeFeedContract {

  private final Pool pool;

  JdbcChangeFeedContractTest(Pool pool) {
    this.pool = pool;
  }

  /** Returns the tables of the stores. */
  ContractTables tables() {
    return ContractTables.WITH_CHANGES;
  }

  static Stream<Pool> pools() {
    return ContractTables.pools();
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
    tables().cutOff(pool);
  }

  @Override
  protected void restoreBackend() {
    tables().restore(pool);
  }

  @Override
  protected void overwrite(SessionId id, byte[] bytes) throws SQLException {
    tables().damage(pool, id);
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

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

  private static final ContractTables TABLES = ContractTables.WITH_CHANGES;

  private final Pool pool;

  JdbcChangeFeedContractTest(Pool pool) {
    this.pool = pool;
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
    return TABLES.createStore(pool);
  }

  @Override
  protected SessionStore createOtherNode(SessionStore store) {
    return TABLES.createOtherNode(pool);
  }

  @Override
  protected void breakBackend() {
    TABLES.cutOff(pool);
  }

  @Override
  protected void restoreBackend() {
    TABLES.restore(pool);
  }

  @Override
  protected void overwrite(SessionId id, byte[] bytes) throws SQLException {
    TABLES.damage(pool, id);
  }

  @Override
  protected void forgetChanges() {
    TABLES.forgetChanges(pool);
  }

  @Override
  protected void assertEmpty() {
    TABLES.assertEmpty(pool);
  }
}

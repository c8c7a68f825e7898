package io.coatcheck.session.jdbc;

import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.testkit.ChangeFeedContract;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** The contract on pools that hand out connections in other ways. */
@Tag("long")
@ParameterizedClass
@MethodSource("pools")
class JdbcChangeFeedContractOnMorePoolsTest extends ChangeFeedContract {

  private static final ContractTables TABLES = new ContractTables(true);

  private final Pool pool;

  JdbcChangeFeedContractOnMorePoolsTest(Pool pool) {
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
  protected void forgetChanges() {
    TABLES.forgetChanges(pool);
  }

  @Override
  protected void assertEmpty() {
    TABLES.assertEmpty(pool);
  }
}

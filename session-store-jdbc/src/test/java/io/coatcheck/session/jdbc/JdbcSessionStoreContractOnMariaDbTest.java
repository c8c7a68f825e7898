package io.coatcheck.session.jdbc;

import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;

/** The contract on MariaDB, with a pool whose connections do not commit by themselves. */
@Tag("wide")
class JdbcSessionStoreContractOnMariaDbTest extends JdbcSessionStoreContractTest {

  JdbcSessionStoreContractOnMariaDbTest(Pool pool) {
    super(pool);
  }

  static Stream<Pool> pools() {
    return ContractTables.pools().filter(pool -> pool.server() == TestDatabase.MARIADB);
  }
}

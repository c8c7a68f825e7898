package io.coatcheck.session.jdbc;

import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;

/** The contract on PostgreSQL, whose notifications have the log read at any moment. */
@Tag("wide")
class JdbcChangeFeedContractWithNotificationsTest extends JdbcChangeFeedContractTest {

  JdbcChangeFeedContractWithNotificationsTest(Pool pool) {
    super(pool);
  }

  @Override
  ContractTables tables() {
    return ContractTables.WITH_NOTIFICATIONS;
  }

  static Stream<Pool> pools() {
    return Stream.concat(ContractTables.pools(), ContractTables.morePools())
        .filter(pool -> pool.server() == TestDatabase.POSTGRESQL);
  }
}

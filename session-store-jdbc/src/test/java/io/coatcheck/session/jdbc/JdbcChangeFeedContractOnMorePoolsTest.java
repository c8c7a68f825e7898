package io.coatcheck.session.jdbc;

import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;

/** The contract on pools that hand out connections in other ways. */
@Tag("long")
class JdbcChangeFeedContractOnMorePoolsTest extends JdbcChangeFeedContractTest {

  JdbcChangeFeedContractOnMorePoolsTest(Pool pool) {
    super(pool);
  }

  static Stream<Pool> pools() {
    return ContractTables.morePools();
  }
}

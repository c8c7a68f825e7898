package io.coatcheck.session.jdbc;

import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;

/** A store that records its changes keeps the whole contract. */
@Tag("soak")
class JdbcSessionStoreContractWithChangesTest extends JdbcSessionStoreContractTest {

  JdbcSessionStoreContractWithChangesTest(Pool pool) {
    super(pool);
  }

  @Override
  ContractTables tables() {
    return ContractTables.WITH_CHANGES;
  }

  static Stream<Pool> pools() {
    return Stream.concat(ContractTables.pools(), Stream.of(Pool.mySql()));
  }
}

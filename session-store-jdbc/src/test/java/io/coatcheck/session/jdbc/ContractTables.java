package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.SessionStore;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;

/** One table for all tests of a contract on one pool, emptied before each. */
final class ContractTables implements AutoCloseable {

  private final Map<Pool, Table> tables = new LinkedHashMap<>();

  /** Each database once, in both modes of a pool between them. */
  static Stream<Pool> pools() {
    return Stream.of(
        new Pool(TestDatabase.POSTGRESQL, Database.POSTGRESQL, true, null),
        new Pool(TestDatabase.MARIADB, Database.MARIADB, false, null),
        new Pool(TestDatabase.H2, Database.H2, true, null),
        new Pool(TestDatabase.SQLITE, Database.SQLITE, true, null));
  }

  /** The other modes, isolations other than the default, and MySQL's statements. */
  static Stream<Pool> morePools() {
    return Stream.of(
        new Pool(TestDatabase.POSTGRESQL, Database.POSTGRESQL, false, null),
        new Pool(TestDatabase.POSTGRESQL, Database.POSTGRESQL, true, "TRANSACTION_REPEATABLE_READ"),
        new Pool(TestDatabase.MARIADB, Database.MARIADB, true, null),
        new Pool(TestDatabase.MARIADB, Database.MARIADB, true, "TRANSACTION_READ_COMMITTED"),
        new Pool(TestDatabase.MARIADB, Database.MYSQL, true, null),
        new Pool(TestDatabase.H2, Database.H2, false, null),
        new Pool(TestDatabase.SQLITE, Database.SQLITE, false, null));
  }

  SessionStore createStore(Pool pool) {
    Table table = tables.computeIfAbsent(pool, first -> new Table(first, 10));
    table.execute("DELETE FROM " + table.name);
    return table.builder().build();
  }

  SessionStore createOtherNode(Pool pool) {
    return tables.get(pool).builder().build();
  }

  /** Closes the pool of both nodes, as its owner may; the next store gets another one. */
  void breakPool(Pool pool) {
    Table table = tables.remove(pool);
    table.execute("DROP TABLE " + table.name);
    table.connections.close();
  }

  void assertEmpty(Pool pool) {
    assertThat(tables.get(pool).count()).as("the rows that are left over").isZero();
  }

  @Override
  public void close() {
    tables.values().forEach(Table::close);
    tables.clear();
  }
}

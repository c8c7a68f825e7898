package io.coatcheck.session.jdbc;

import java.util.Set;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Data sources that are known to hand out the connection of a transaction in progress: on it, a
 * commit of the store would commit the application's work, and a rollback of the application would
 * undo a logout.
 */
final class TransactionAware {

  private static final Set<String> CLASSES =
      Set.of(
          "org.springframework.jdbc.datasource.TransactionAwareDataSourceProxy",
          "org.apache.commons.dbcp2.managed.ManagedDataSource",
          "org.apache.commons.dbcp2.managed.BasicManagedDataSource",
          "com.atomikos.jdbc.AbstractDataSourceBean",
          "com.atomikos.jdbc.internal.AbstractDataSourceBean",
          "bitronix.tm.resource.jdbc.PoolingDataSource");

  private TransactionAware() {}

  static void refuse(DataSource dataSource) {
    for (Class<?> type = dataSource.getClass(); type != null; type = superclass(type)) {
      if (CLASSES.contains(type.getName())) {
        throw new IllegalArgumentException(
            "dataSource must not join the application's transactions, give the pool behind it: "
                + type.getName());
      }
    }
  }

  private static @Nullable Class<?> superclass(Class<?> type) {
    return type.getSuperclass();
  }
}

package io.coatcheck.session.jdbc;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;

/**
 * A pool whose transactions that write are committed late, at random: most not at all, some much
 * later than a poll. So changes become visible out of order. For connections that are not in
 * autocommit. It asks the database nothing itself, which could hang.
 */
final class DelayedCommits extends DelegatingDataSource {

  private static final int MAX_MILLIS = 256;
  private static final int QUICK_OF_MAX = 200;

  DelayedCommits(DataSource pool) {
    super(pool);
  }

  @Override
  public Connection getConnection() throws SQLException {
    Connection connection = target.getConnection();
    AtomicBoolean writes = new AtomicBoolean();
    return (Connection)
        Proxy.newProxyInstance(
            getClass().getClassLoader(),
            new Class<?>[] {Connection.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("prepareStatement")) {
                writes.compareAndSet(false, !((String) arguments[0]).startsWith("SELECT"));
              } else if (method.getName().equals("commit") && writes.getAndSet(false)) {
                LockSupport.parkNanos(delayNanos());
              }
              try {
                return method.invoke(connection, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  private static long delayNanos() {
    int dice = ThreadLocalRandom.current().nextInt(MAX_MILLIS);
    return dice < QUICK_OF_MAX ? 0 : TimeUnit.MILLISECONDS.toNanos(dice);
  }
}

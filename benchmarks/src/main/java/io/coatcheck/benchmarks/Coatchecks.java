package io.coatcheck.benchmarks;

import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.LoginResult;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.SessionManagerBuilder;
import io.coatcheck.session.SessionPolicy;
import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.codec.JavaSerializationCodec;
import io.coatcheck.session.event.SessionListener;
import io.coatcheck.session.jdbc.JdbcSessionStore;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.servlet.SessionCookie;
import io.coatcheck.session.servlet.SessionFilter;
import io.coatcheck.session.servlet.WebSession;
import io.coatcheck.session.store.SessionStore;
import jakarta.servlet.http.HttpServletRequest;
import java.time.Duration;
import java.time.Instant;
import javax.sql.DataSource;

/** Coatcheck, on its three stores. */
final class Coatchecks {

  static final String COOKIE = SessionCookie.defaults().name();

  static final AttributeCodec CODEC = JavaSerializationCodec.builder().build();

  private Coatchecks() {}

  static Contestant memory(int sessions, boolean areLoggedIn) {
    Population population = new Population(sessions);
    InMemorySessionStore store =
        InMemorySessionStore.builder().maximumSessions(4L * sessions).build();
    fill(store, population, areLoggedIn);
    return contestant(manager(store), population);
  }

  static void fill(InMemorySessionStore store, Population population, boolean areLoggedIn) {
    Instant now = Instant.now();
    for (int i = 0; i < population.size(); i++) {
      store.insert(population.live(i, areLoggedIn, CODEC, now));
    }
  }

  static Contestant jdbc(Postgres postgres, int sessions) {
    postgres.fillCoatcheck(sessions);
    HikariDataSource pool = postgres.pool(4);
    Contestant contestant = jdbc(pool, sessions);
    return new Hosted(contestant, pool);
  }

  static Contestant jdbc(DataSource pool, int sessions) {
    return contestant(manager(store(pool)), new Population(sessions));
  }

  /**
   * Each change is recorded for the feeds of other nodes; this node reads none and has no copies.
   */
  static Contestant recording(DataSource pool, int sessions) {
    return contestant(manager(recordingStore(pool, false)), new Population(sessions));
  }

  static Contestant near(Postgres postgres, int sessions, Duration maxStaleness) {
    Population population = postgres.fillCoatcheck(sessions);
    HikariDataSource pool = postgres.pool(4);
    SessionManager manager =
        manager(NearCacheSessionStore.builder(store(pool)).maxStaleness(maxStaleness).build());
    return contestant(manager, population, Closing.of(manager, pool));
  }

  /** With the default bound, copies that the change feed keeps, and each session seen once. */
  static Contestant feed(Postgres postgres, int sessions) {
    Population population = postgres.fillCoatcheck(sessions);
    HikariDataSource pool = postgres.pool(4);
    SessionManager manager = manager(feedStore(pool));
    Contestant contestant = contestant(manager, population, Closing.of(manager, pool));
    for (int i = 0; i < sessions; i++) {
      contestant.read(i);
    }
    return contestant;
  }

  static SessionStore feedStore(DataSource pool) {
    return NearCacheSessionStore.wrap(recordingStore(pool, false));
  }

  /** Each change is recorded, and other nodes are notified of each end if {@code notifies}. */
  static JdbcSessionStore recordingStore(DataSource pool, boolean notifies) {
    return JdbcSessionStore.builder(pool)
        .createSchema(true)
        .changeFeed(true)
        .changeFeedNotifications(notifies)
        .build();
  }

  /** With a copy of every session, and a bound that none of them passes: what a hit costs. */
  static Contestant nearWarm(Postgres postgres, int sessions) {
    Contestant contestant = near(postgres, sessions, Duration.ofMinutes(1));
    for (int i = 0; i < sessions; i++) {
      contestant.read(i);
    }
    return contestant;
  }

  static JdbcSessionStore store(DataSource pool) {
    return JdbcSessionStore.builder(pool).createSchema(true).build();
  }

  /** The default settings, but that no session is due for a touch while it is measured. */
  static SessionManager manager(SessionStore store, SessionListener... listeners) {
    SessionManagerBuilder builder = SessionManager.builder(store);
    for (SessionListener listener : listeners) {
      builder.listener(listener);
    }
    return builder
        .policy(
            SessionPolicy.builder()
                .idleTimeout(Population.IDLE_TIMEOUT)
                .anonymousIdleTimeout(Population.IDLE_TIMEOUT)
                .absoluteTimeout(Population.ABSOLUTE_TIMEOUT)
                .build())
        .touchInterval(store.touchInterval().isZero() ? Duration.ZERO : Duration.ofHours(1))
        .codec(CODEC)
        .build();
  }

  static Contestant contestant(SessionManager manager, Population population) {
    return contestant(manager, population, manager);
  }

  private static Contestant contestant(
      SessionManager manager, Population population, AutoCloseable resources) {
    return new Filtered(
        SessionFilter.builder(manager).build(),
        population.cookies(COOKIE),
        Population.unknownCookie(COOKIE),
        Coatchecks::login,
        resources);
  }

  static void login(HttpServletRequest request, String principal) {
    LoginResult result = WebSession.of(request).login(principal, LoginOptions.builder().build());
    if (result != LoginResult.LOGGED_IN) {
      throw new IllegalStateException("a login was refused: " + result);
    }
  }
}

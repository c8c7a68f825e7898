package io.coatcheck.benchmarks;

import com.zaxxer.hikari.HikariDataSource;
import jakarta.servlet.http.HttpServletRequest;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import javax.sql.DataSource;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.session.MapSession;
import org.springframework.session.MapSessionRepository;
import org.springframework.session.jdbc.JdbcIndexedSessionRepository;
import org.springframework.session.web.http.SessionRepositoryFilter;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.TransactionTemplate;

/** Spring Session, on its map and on JDBC, as its own configuration classes set it up. */
final class Springs {

  static final String COOKIE = "SESSION";

  private Springs() {}

  static Contestant map(int sessions) {
    MapSessionRepository repository = new MapSessionRepository(new ConcurrentHashMap<>());
    String[] ids = ids(sessions);
    for (int i = 0; i < sessions; i++) {
      add(repository, ids[i], i);
    }
    return new Filtered(
        new SessionRepositoryFilter<>(repository),
        cookies(ids),
        cookie(UUID.randomUUID().toString()),
        Springs::login,
        () -> {});
  }

  /** Returns ids that are the same in each process. */
  static String[] ids(int sessions) {
    String[] ids = new String[sessions];
    for (int i = 0; i < sessions; i++) {
      ids[i] = id(i);
    }
    return ids;
  }

  static String id(int session) {
    return new UUID(0x1234_0000_0000_4000L, 0x8000_0000_0000_0000L + 31L * session).toString();
  }

  static void add(MapSessionRepository repository, String id, int session) {
    MapSession added = new MapSession(id);
    added.setMaxInactiveInterval(Population.IDLE_TIMEOUT);
    added.setAttribute(Workload.PRINCIPAL, Workload.principal(session));
    added.setAttribute(Workload.LOCALE, Workload.locale(session));
    added.setAttribute(Workload.CART, Workload.cart(session));
    repository.save(added);
  }

  static Contestant jdbc(Postgres postgres, int sessions) {
    String[] ids = postgres.fillSpring(sessions);
    HikariDataSource pool = postgres.pool(4);
    return new Hosted(jdbc(pool, ids), pool);
  }

  static Contestant jdbc(DataSource pool, String[] ids) {
    return new Filtered(
        new SessionRepositoryFilter<>(repository(pool)),
        cookies(ids),
        cookie(UUID.randomUUID().toString()),
        Springs::login,
        () -> {});
  }

  static JdbcIndexedSessionRepository repository(DataSource pool) {
    TransactionTemplate transactions =
        new TransactionTemplate(new DataSourceTransactionManager(pool));
    transactions.setPropagationBehavior(TransactionDefinition.PROPAGATION_REQUIRES_NEW);
    JdbcIndexedSessionRepository repository =
        new JdbcIndexedSessionRepository(new JdbcTemplate(pool), transactions);
    repository.setDefaultMaxInactiveInterval(Population.IDLE_TIMEOUT);
    return repository;
  }

  static String[] cookies(String[] ids) {
    String[] cookies = new String[ids.length];
    for (int i = 0; i < ids.length; i++) {
      cookies[i] = cookie(ids[i]);
    }
    return cookies;
  }

  static String cookie(String id) {
    return Cookies.line(
        COOKIE, Base64.getEncoder().encodeToString(id.getBytes(StandardCharsets.ISO_8859_1)));
  }

  /**
   * Does what Spring Security's default protection against session fixation does, and stores the
   * principal.
   */
  static void login(HttpServletRequest request, String principal) {
    request.getSession();
    request.changeSessionId();
    request.getSession().setAttribute(Workload.PRINCIPAL, principal);
  }
}

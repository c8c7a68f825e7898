package io.coatcheck.session.migration;

import java.nio.charset.StandardCharsets;
import javax.sql.DataSource;
import org.springframework.core.io.ClassPathResource;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.session.jdbc.JdbcIndexedSessionRepository;
import org.springframework.transaction.support.TransactionTemplate;

/** The real Spring Session JDBC, in a database without the sessions of earlier tests. */
final class SpringSessionJdbc {

  private final JdbcTemplate jdbc;
  private final String table;

  SpringSessionJdbc(DataSource dataSource, String database, String table) throws Exception {
    this.jdbc = new JdbcTemplate(dataSource);
    this.table = table;
    jdbc.execute("DROP TABLE IF EXISTS http_session");
    jdbc.execute("DROP TABLE IF EXISTS " + table + "_ATTRIBUTES");
    jdbc.execute("DROP TABLE IF EXISTS " + table);
    String schema =
        new ClassPathResource("org/springframework/session/jdbc/schema-" + database + ".sql")
            .getContentAsString(StandardCharsets.UTF_8);
    for (String statement : schema.replace("SPRING_SESSION", table).split(";", -1)) {
      if (!statement.isBlank()) {
        jdbc.execute(statement);
      }
    }
  }

  OldApplication<?> application() {
    return new OldApplication<>(repository());
  }

  JdbcIndexedSessionRepository repository() {
    JdbcIndexedSessionRepository sessions =
        new JdbcIndexedSessionRepository(
            jdbc, new TransactionTemplate(new DataSourceTransactionManager(jdbc.getDataSource())));
    sessions.setTableName(table);
    sessions.afterPropertiesSet();
    return sessions;
  }

  void rename(boolean away) {
    String name = table + "_ATTRIBUTES";
    jdbc.execute(
        "ALTER TABLE "
            + name
            + (away ? "" : "_AWAY")
            + " RENAME TO "
            + name
            + (away ? "_AWAY" : ""));
  }
}

package io.coatcheck.examples.deployment;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.event.AuditListener;
import io.coatcheck.session.jdbc.JdbcSessionStore;
import io.coatcheck.session.servlet.SessionFilter;
import io.coatcheck.session.servlet.SessionFilterBuilder;
import io.coatcheck.session.store.WhenFull;
import jakarta.servlet.FilterConfig;
import jakarta.servlet.ServletException;
import javax.naming.InitialContext;
import javax.naming.NamingException;
import javax.sql.DataSource;

/** The filter of web.xml, with sessions in a database and a limit of sessions per user. */
public final class ShopSessionFilter extends SessionFilter {

  @Override
  @SuppressWarnings("BanJNDI") // The name is a constant.
  protected SessionFilterBuilder configure(FilterConfig config) throws ServletException {
    DataSource pool;
    try {
      pool = InitialContext.doLookup("java:comp/env/jdbc/shop");
    } catch (NamingException e) {
      throw new ServletException("there is no DataSource jdbc/shop", e);
    }
    SessionManager sessions =
        SessionManager.builder(JdbcSessionStore.builder(pool).createSchema(true).build())
            .sessionsPerPrincipal(20, WhenFull.EVICT_OLDEST)
            .listener(new AuditListener())
            .build();
    return SessionFilter.builder(sessions).closeManager(true).exclude("/style.css");
  }
}

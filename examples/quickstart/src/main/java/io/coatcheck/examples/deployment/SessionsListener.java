package io.coatcheck.examples.deployment;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.event.AuditListener;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.servlet.RequireLogin;
import io.coatcheck.session.servlet.SessionFilter;
import io.coatcheck.session.store.WhenFull;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletContextEvent;
import jakarta.servlet.ServletContextListener;
import jakarta.servlet.annotation.WebListener;

/** Starts the sessions with the application, and closes them with it. */
@WebListener
public final class SessionsListener implements ServletContextListener {

  private SessionManager sessions;

  @Override
  public void contextInitialized(ServletContextEvent event) {
    // The default is a million. Choose a number that fits into the heap, with all that visitors may
    // store; a full store evicts anonymous sessions. With the limit, no user fills it with logins.
    sessions =
        SessionManager.builder(InMemorySessionStore.builder().maximumSessions(10_000).build())
            .sessionsPerPrincipal(20, WhenFull.EVICT_OLDEST)
            .listener(new AuditListener())
            .build();
    ServletContext context = event.getServletContext();
    SessionFilter.builder(sessions).exclude("/style.css").build().register(context);
    RequireLogin login =
        RequireLogin.builder().loginPage("/login").publicPaths("/style.css").build();
    login.register(context);
  }

  @Override
  public void contextDestroyed(ServletContextEvent event) {
    if (sessions != null) {
      sessions.close();
    }
  }
}

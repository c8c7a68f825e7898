package io.coatcheck.examples.quickstart;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.event.AuditListener;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.servlet.RequireLogin;
import io.coatcheck.session.servlet.SessionFilter;
import io.coatcheck.session.servlet.WebSession;
import jakarta.servlet.ServletContext;
import java.io.IOException;
import java.util.Map;

/** A site with a login: the whole of it, on embedded Tomcat. */
public final class Quickstart implements AutoCloseable {

  private final SessionManager sessions;
  private final WebServer server;

  private Quickstart(SessionManager sessions, int port) throws IOException {
    this.sessions = sessions;
    server = new WebServer(port, this::addTo);
  }

  /**
   * Starts the site.
   *
   * @param port 0 for any that is free
   * @throws IOException if it cannot listen there
   */
  public static Quickstart start(int port) throws IOException {
    SessionManager sessions =
        SessionManager.builder(InMemorySessionStore.builder().build())
            .listener(new AuditListener())
            .build();
    Quickstart quickstart = new Quickstart(sessions, port);
    try {
      quickstart.server.start();
      return quickstart;
    } catch (IOException | RuntimeException e) {
      quickstart.close();
      throw e;
    }
  }

  /** Adds what the site consists of: nothing here is particular to Tomcat. */
  private void addTo(ServletContext context) {
    context.setRequestCharacterEncoding("UTF-8");
    SessionFilter.builder(sessions).exclude("/style.css").build().register(context);
    RequireLogin login =
        RequireLogin.builder()
            .loginPage("/")
            .publicPaths("/style.css", "/login", "/logout", "/note")
            .apiPaths("/me", "/devices")
            .build();
    context.addFilter("login", login).addMappingForUrlPatterns(null, true, "/*");

    Map.of(
            "", new PageServlet(),
            "/style.css", new StyleServlet(),
            "/login", new LoginServlet(new Users()),
            "/logout", new LogoutServlet(WebSession::logout),
            "/logout-others", new LogoutServlet(WebSession::logoutOthers),
            "/logout-everywhere", new LogoutServlet(WebSession::logoutEverywhere),
            "/me", new MeServlet(),
            "/note", new NoteServlet(),
            "/devices/*", new DevicesServlet())
        .forEach((path, servlet) -> context.addServlet("at " + path, servlet).addMapping(path));
  }

  /** Returns where the site is. */
  public String url() {
    return "http://localhost:" + server.port();
  }

  /** Stops the site, and with it ends all sessions, which were in memory. */
  @Override
  public void close() {
    server.close();
    sessions.close();
  }

  /** Starts the site on the port that the environment variable PORT names, or on 8080. */
  public static void main(String[] arguments) {
    String port = System.getenv().getOrDefault("PORT", "8080");
    if (!port.matches("[0-9]{1,5}") || Integer.parseInt(port) > 65_535) {
      System.err.println("PORT must be a number from 0 to 65535: " + port);
      System.exit(2);
    }
    try {
      Quickstart quickstart = start(Integer.parseInt(port));
      Runtime.getRuntime().addShutdownHook(new Thread(quickstart::close, "quickstart-shutdown"));
      System.out.println("The quickstart is ready: " + quickstart.url() + " (Ctrl-C stops it)");
      quickstart.server.await();
    } catch (IOException e) {
      System.err.println(e.getMessage() + ". Set PORT to choose another one.");
      System.exit(1);
    }
  }
}

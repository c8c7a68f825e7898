package io.coatcheck.examples.fromjwt;

import io.coatcheck.examples.quickstart.StyleServlet;
import io.coatcheck.examples.quickstart.WebServer;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.event.AuditListener;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.servlet.SessionFilter;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.WhenFull;
import jakarta.servlet.ServletContext;
import java.io.IOException;
import java.net.InetAddress;

/**
 * One node of a site that serves an application with a token in local storage, at {@code /before/},
 * and the same application after its move to sessions, at {@code /after/}. The page at the root
 * shows both. It has the passwords, so the site listens on the loopback interface only.
 */
public final class FromJwt implements AutoCloseable {

  private final SessionManager sessions;
  private final Accounts accounts;
  private final Tokens tokens;
  private final WebServer server;

  private FromJwt(int port, SessionStore store, Accounts accounts, Tokens tokens)
      throws IOException {
    this.accounts = accounts;
    this.tokens = tokens;
    sessions =
        SessionManager.builder(store)
            .sessionsPerPrincipal(20, WhenFull.EVICT_OLDEST)
            .listener(new AuditListener())
            .build();
    server = new WebServer(InetAddress.getLoopbackAddress(), port, this::addTo);
  }

  /**
   * Starts a node.
   *
   * @param port 0 for any that is free
   * @param store closed with the node
   * @param accounts the same for all nodes, as are the tokens
   * @throws IOException if it cannot listen there
   */
  static FromJwt start(int port, SessionStore store, Accounts accounts, Tokens tokens)
      throws IOException {
    FromJwt node = new FromJwt(port, store, accounts, tokens);
    try {
      node.server.start();
      return node;
    } catch (IOException | RuntimeException e) {
      node.close();
      throw e;
    }
  }

  private void addTo(ServletContext context) {
    context.setRequestCharacterEncoding("UTF-8");
    SessionFilter.builder(sessions).exclude("/before/*", "/files/*").build().register(context);
    NewApplication.addBridge(context, sessions, accounts, tokens);
    NewApplication.addTo(context, accounts);
    context.addServlet("before", new OldApplication(accounts, tokens)).addMapping("/before/api/*");
    context
        .addServlet("operator", new OperatorServlet(sessions, accounts))
        .addMapping("/operator/*");
    context.addServlet("style", new StyleServlet()).addMapping("/style.css");
    context
        .addServlet("pages", new PagesServlet())
        .addMapping("", "/before/", "/after/", "/files/*");
  }

  /** Returns where the site is. */
  String url() {
    return "http://localhost:" + server.port();
  }

  SessionManager sessions() {
    return sessions;
  }

  /** Stops the node. */
  @Override
  public void close() {
    server.close();
    sessions.close();
  }

  /** Starts the site on the port that the environment variable {@code PORT} names, or on 8080. */
  public static void main(String[] arguments) {
    String port = System.getenv().getOrDefault("PORT", "8080");
    if (!port.matches("[0-9]{1,5}") || Integer.parseInt(port) > 65_535) {
      System.err.println("PORT must be a number from 0 to 65535: " + port);
      System.exit(2);
    }
    try {
      FromJwt site =
          start(
              Integer.parseInt(port),
              InMemorySessionStore.builder().maximumSessions(10_000).build(),
              new Accounts(),
              Tokens.withNewKey());
      Runtime.getRuntime().addShutdownHook(new Thread(site::close, "from-jwt-shutdown"));
      System.out.println("Before and after: " + site.url() + " (Ctrl-C stops it)");
      site.server.await();
    } catch (IOException e) {
      System.err.println(e.getMessage() + ". Set PORT to choose another one.");
      System.exit(1);
    }
  }
}

package io.coatcheck.examples.quickstart;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.servlet.RequireLogin;
import io.coatcheck.session.servlet.SessionFilter;
import io.coatcheck.session.servlet.WebSession;
import io.coatcheck.session.store.SessionStoreException;
import jakarta.servlet.ServletContext;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Map;

/**
 * A complete site with a login, on embedded Tomcat. Its page shows the passwords, so it listens on
 * the loopback interface by default.
 */
public final class Quickstart implements AutoCloseable {

  /** The address of {@code localhost}, at least as a second choice, wherever there is IPv4. */
  private static final String LOOPBACK = "127.0.0.1";

  private final Sessions sessions;
  private final InetAddress address;
  private final WebServer server;

  private Quickstart(Sessions sessions, InetAddress address, int port) throws IOException {
    this.sessions = sessions;
    this.address = address;
    server = new WebServer(address, port, this::addTo);
  }

  /**
   * Starts the site with its sessions in memory.
   *
   * @param port 0 for any that is free
   * @throws IOException if it cannot listen there
   */
  public static Quickstart start(int port) throws IOException {
    return start(port, Map.of());
  }

  /**
   * Starts the site.
   *
   * @param port 0 for any that is free
   * @param environment {@code STORE}, {@code STORE_USER} and {@code STORE_PASSWORD} say where
   *     sessions are kept; {@code ADDRESS} on which of this machine's addresses to listen, {@code
   *     127.0.0.1} if it says nothing and {@code 0.0.0.0} for all. A browser sends the cookie to
   *     {@code localhost} or by HTTPS only
   * @throws IOException if it cannot listen there
   * @throws IllegalArgumentException if the environment is wrong
   * @throws SessionStoreException if the database cannot be reached
   */
  static Quickstart start(int port, Map<String, String> environment) throws IOException {
    InetAddress address = address(environment.getOrDefault("ADDRESS", LOOPBACK));
    Quickstart quickstart = new Quickstart(Sessions.of(environment), address, port);
    try {
      quickstart.server.start();
      return quickstart;
    } catch (IOException | RuntimeException e) {
      quickstart.close();
      throw e;
    }
  }

  private static InetAddress address(String text) {
    try {
      if (!text.isEmpty()) {
        return InetAddress.getByName(text);
      }
    } catch (UnknownHostException unknown) {
      // It is not an address either.
    }
    throw new IllegalArgumentException("ADDRESS must be an address of this machine: " + text);
  }

  /** Adds the parts of the site; none of them is particular to Tomcat. */
  private void addTo(ServletContext context) {
    context.setRequestCharacterEncoding("UTF-8");
    context.setAttribute(Page.STORE, sessions.storeName());
    addFilters(context, sessions.manager());

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

  private static void addFilters(ServletContext context, SessionManager sessions) {
    SessionFilter.builder(sessions).exclude("/style.css").build().register(context);
    RequireLogin login =
        RequireLogin.builder()
            .loginPage("/")
            .publicPaths("/style.css", "/login", "/logout", "/note")
            .apiPaths("/me", "/devices")
            .build();
    login.register(context);
  }

  /** Returns where the site is. */
  public String url() {
    boolean isHere = address.getHostAddress().equals(LOOPBACK) || address.isAnyLocalAddress();
    return "http://" + (isHere ? "localhost" : host(address)) + ":" + server.port();
  }

  private static String host(InetAddress address) {
    String text = address.getHostAddress();
    return address instanceof Inet6Address ? "[" + text + "]" : text;
  }

  /** Stops the site. Sessions in memory end with it, those in a database do not. */
  @Override
  public void close() {
    server.close();
    sessions.close();
  }

  /**
   * Starts the site on the port that the environment variable {@code PORT} names, or on 8080, at
   * {@code ADDRESS}, with its sessions where {@code STORE} says.
   */
  public static void main(String[] arguments) {
    String port = System.getenv().getOrDefault("PORT", "8080");
    if (!port.matches("[0-9]{1,5}") || Integer.parseInt(port) > 65_535) {
      System.err.println("PORT must be a number from 0 to 65535: " + port);
      System.exit(2);
    }
    try {
      Quickstart quickstart = start(Integer.parseInt(port), System.getenv());
      Runtime.getRuntime().addShutdownHook(new Thread(quickstart::close, "quickstart-shutdown"));
      System.out.println("The quickstart is ready: " + quickstart.url() + " (Ctrl-C stops it)");
      quickstart.server.await();
    } catch (IOException e) {
      System.err.println(e.getMessage() + ". Set PORT to choose another one.");
      System.exit(1);
    } catch (IllegalArgumentException | SessionStoreException e) {
      System.err.println("The quickstart cannot start: " + e.getMessage());
      System.exit(2);
    }
  }
}

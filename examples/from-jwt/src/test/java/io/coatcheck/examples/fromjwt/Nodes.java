package io.coatcheck.examples.fromjwt;

import io.coatcheck.examples.quickstart.WebServer;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.jdbc.JdbcSessionStore;
import io.coatcheck.session.servlet.SessionFilter;
import jakarta.servlet.ServletContext;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.h2.jdbcx.JdbcConnectionPool;

/** Two nodes of the site, on one database. */
final class Nodes implements AutoCloseable {

  static final String FORM = "username=alice&password=wonderland-1";

  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  /** How long the server takes to look up when a user was signed out, a slow database. */
  volatile Duration delay = Duration.ZERO;

  final Accounts accounts =
      new Accounts() {
        @Override
        Instant signedOutAt(String name) {
          LockSupport.parkNanos(delay.toNanos());
          return super.signedOutAt(name);
        }
      };
  final Tokens tokens = Tokens.withNewKey();
  private final JdbcConnectionPool database;
  private final List<FromJwt> nodes = new ArrayList<>();

  Nodes(String name) throws IOException {
    database = JdbcConnectionPool.create("jdbc:h2:mem:" + name + ";DB_CLOSE_DELAY=-1", "", "");
    for (int i = 0; i < 2; i++) {
      nodes.add(FromJwt.start(0, store(), accounts, tokens));
    }
  }

  private JdbcSessionStore store() {
    return JdbcSessionStore.builder(database).createSchema(true).build();
  }

  FromJwt first() {
    return nodes.get(0);
  }

  FromJwt second() {
    return nodes.get(1);
  }

  List<FromJwt> all() {
    return List.copyOf(nodes);
  }

  long sessionsOfAlice() {
    return first().sessions().sessionsOf("alice").size();
  }

  /**
   * Makes alice an admin without a session, whose new tokens are exchanged: the moment of their
   * issue is a whole second, which must be later than the one at which she was signed out.
   */
  void forgive() {
    delay = Duration.ZERO;
    accounts.setAdmin("alice", true);
    first().sessions().revokeAllOf("alice");
    Instant signedOutAt = accounts.signedOutAt("alice");
    while (!Instant.now().truncatedTo(ChronoUnit.SECONDS).isAfter(signedOutAt)) {
      LockSupport.parkNanos(10_000_000);
    }
  }

  /** The old application alone, as it was before the move and is after a roll-back. */
  WebServer oldSite() throws IOException {
    return started(
        context ->
            context
                .addServlet("before", new OldApplication(accounts, tokens))
                .addMapping("/before/api/*"));
  }

  /** The new application once the bridge is removed. */
  WebServer newSiteWithoutTheBridge(SessionManager sessions) throws IOException {
    return started(
        context -> {
          SessionFilter.builder(sessions).build().register(context);
          NewApplication.addTo(context, accounts);
        });
  }

  /** Another node's manager on the same database. */
  SessionManager manager() {
    return SessionManager.builder(store()).build();
  }

  private static WebServer started(Consumer<ServletContext> application) throws IOException {
    WebServer server = new WebServer(InetAddress.getLoopbackAddress(), 0, application);
    server.start();
    return server;
  }

  static HttpResponse<String> get(String url, String... headers)
      throws IOException, InterruptedException {
    return send(HttpRequest.newBuilder(URI.create(url)), headers);
  }

  static HttpResponse<String> post(String url, String form, String... headers)
      throws IOException, InterruptedException {
    return send(
        HttpRequest.newBuilder(URI.create(url))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(HttpRequest.BodyPublishers.ofString(form)),
        headers);
  }

  private static HttpResponse<String> send(HttpRequest.Builder request, String... headers)
      throws IOException, InterruptedException {
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    return CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  @Override
  public void close() {
    nodes.forEach(FromJwt::close);
    database.dispose();
  }
}

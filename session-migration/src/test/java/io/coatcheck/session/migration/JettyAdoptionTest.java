package io.coatcheck.session.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.jdbc.JdbcSessionStore;
import io.coatcheck.session.store.SessionStore;
import jakarta.servlet.Filter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.eclipse.jetty.ee11.servlet.ServletContextHandler;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.session.DatabaseAdaptor;
import org.eclipse.jetty.session.DefaultSessionCache;
import org.eclipse.jetty.session.DefaultSessionIdManager;
import org.eclipse.jetty.session.JDBCSessionDataStore;
import org.eclipse.jetty.session.SessionCache;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Test;

/** Nodes of Jetty that share the container's sessions in a database, and cache them. */
class JettyAdoptionTest extends ContainerAdoptionContract {

  private final List<Server> servers = new ArrayList<>();
  private final JdbcDataSource dataSource = new JdbcDataSource();

  JettyAdoptionTest() {
    dataSource.setURL("jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1");
  }

  @Override
  SessionStore store() {
    return JdbcSessionStore.builder(dataSource).createSchema(true).build();
  }

  @Override
  int startServer(SessionManager sessions, Filter adoption) throws Exception {
    Server server = new Server(0);
    DefaultSessionIdManager ids = new DefaultSessionIdManager(server);
    ids.setWorkerName("node" + servers.size());
    server.addBean(ids, true);
    ServletContextHandler context = new ServletContextHandler("/", true, false);
    context.addServletContainerInitializer(
        (classes, servletContext) -> ContainerSite.install(servletContext, sessions, adoption));
    SessionCache cache = new DefaultSessionCache(context.getSessionHandler());
    DatabaseAdaptor database = new DatabaseAdaptor();
    database.setDatasource(dataSource);
    JDBCSessionDataStore shared = new JDBCSessionDataStore();
    shared.setDatabaseAdaptor(database);
    cache.setSessionDataStore(shared);
    cache.setFlushOnResponseCommit(true);
    context.getSessionHandler().setSessionCache(cache);
    server.setHandler(context);
    server.start();
    servers.add(server);
    return ((ServerConnector) server.getConnectors()[0]).getLocalPort();
  }

  @Override
  void stopServers() throws Exception {
    for (Server server : servers) {
      server.stop();
    }
  }

  /** Containers that replicate sessions keep copies for a while after one has ended. */
  @Test
  void nodeThatStillHasTheSession_adoptsItNoSecondTime_norAfterALogout() throws Exception {
    SessionManager other = manager(JdbcSessionStore.builder(dataSource).build());
    ContainerSessionAdoption otherBridge = adoption(other);
    int another = startServer(other, otherBridge);
    String old = oldLogin("alice");
    assertThat(ContainerSite.send(another, "/old/user", old).get().body())
        .as("the copy")
        .isEqualTo("alice");
    String ours = get("/", old).cookie(OURS);
    assertThat(ContainerSite.send(another, "/old/user", old).get().body())
        .as("the copy is still there")
        .isEqualTo("alice");
    assertThat(ContainerSite.send(another, "/", ours).get().body()).isEqualTo("alice");
    get("/logout", ours);
    clock.advance(Duration.ofSeconds(6));
    String withAnotherRoute = old.replaceAll("\\.node0$", "") + ".node7";
    for (String cookie : List.of(old, withAnotherRoute)) {
      assertThat(ContainerSite.send(another, "/", cookie).get().body()).isEqualTo("anonymous");
    }
    assertThat(other.sessionsOf("alice")).isEmpty();
    assertThat(ContainerSite.send(another, "/old/user", old).get().body())
        .as("the copy has ended too")
        .isEqualTo("null");
    assertThat(otherBridge.counts().accepted()).isZero();
    other.close();
  }

  @Test
  void oldCookieBesideOurs_thatComesWithALogout_opensNothing_whereACopyIsLeft() throws Exception {
    SessionManager other = manager(JdbcSessionStore.builder(dataSource).build());
    int another = startServer(other, adoption(other));
    String ours = get("/", oldLogin("alice")).cookie(OURS);
    String begunThereSince = oldLogin("alice");
    assertThat(ContainerSite.send(another, "/old/user", begunThereSince).get().body())
        .as("the copy")
        .isEqualTo("alice");
    get("/logout", ours + "; " + begunThereSince);
    assertThat(ContainerSite.send(another, "/", begunThereSince).get().body())
        .isEqualTo("anonymous");
    assertThat(other.sessionsOf("alice")).isEmpty();
    other.close();
  }
}

package io.coatcheck.session.servlet;

import io.coatcheck.session.servlet.Container.Running;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.ServletException;
import java.io.File;
import java.io.IOException;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.catalina.Context;
import org.apache.catalina.Valve;
import org.apache.catalina.Wrapper;
import org.apache.catalina.authenticator.BasicAuthenticator;
import org.apache.catalina.authenticator.FormAuthenticator;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.realm.GenericPrincipal;
import org.apache.catalina.startup.Tomcat;
import org.apache.catalina.valves.ValveBase;
import org.apache.tomcat.util.descriptor.web.ErrorPage;
import org.apache.tomcat.util.descriptor.web.FilterDef;
import org.apache.tomcat.util.descriptor.web.FilterMap;
import org.apache.tomcat.util.descriptor.web.LoginConfig;
import org.apache.tomcat.util.descriptor.web.SecurityCollection;
import org.apache.tomcat.util.descriptor.web.SecurityConstraint;
import org.eclipse.jetty.ee11.servlet.ErrorPageErrorHandler;
import org.eclipse.jetty.ee11.servlet.FilterHolder;
import org.eclipse.jetty.ee11.servlet.ServletContextHandler;
import org.eclipse.jetty.ee11.servlet.ServletHolder;
import org.eclipse.jetty.ee11.servlet.security.ConstraintMapping;
import org.eclipse.jetty.ee11.servlet.security.ConstraintSecurityHandler;
import org.eclipse.jetty.security.Authenticator;
import org.eclipse.jetty.security.Constraint;
import org.eclipse.jetty.security.HashLoginService;
import org.eclipse.jetty.security.UserStore;
import org.eclipse.jetty.security.authentication.LoginAuthenticator;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.security.Password;

/**
 * Containers that authenticate by themselves, before any filter: whoever asks for {@code
 * /private/*}, or, by a valve, whoever a header names. Each is started once.
 */
enum Secured {
  TOMCAT_BASIC {
    @Override
    int start(Switchboard switchboard) throws Exception {
      return tomcat(
          switchboard, new LoginConfig("BASIC", "test", null, null), new BasicAuthenticator());
    }
  },
  TOMCAT_FORM {
    @Override
    int start(Switchboard switchboard) throws Exception {
      return tomcat(
          switchboard, new LoginConfig("FORM", "test", "/form", "/wrong"), new FormAuthenticator());
    }
  },
  TOMCAT_VALVE {
    @Override
    int start(Switchboard switchboard) throws Exception {
      return tomcat(switchboard, null, new HeaderValve());
    }
  },
  JETTY_BASIC {
    @Override
    int start(Switchboard switchboard) throws Exception {
      return jetty(switchboard, new org.eclipse.jetty.security.authentication.BasicAuthenticator());
    }
  },
  JETTY_FORM {
    @Override
    int start(Switchboard switchboard) throws Exception {
      return jetty(
          switchboard,
          new org.eclipse.jetty.security.authentication.FormAuthenticator(
              "/form", "/wrong", false));
    }
  };

  private static final String[] USERS = {"alice", "bob"};

  private static final Map<Secured, Running> RUNNING = new EnumMap<>(Secured.class);

  /** Believes a header, as a connector believes a proxy. */
  private static final class HeaderValve extends ValveBase {

    HeaderValve() {
      super(true);
    }

    @Override
    public void invoke(Request request, Response response) throws IOException, ServletException {
      String user = request.getHeader("X-User");
      if (user != null) {
        request.setUserPrincipal(new GenericPrincipal(user));
      }
      getNext().invoke(request, response);
    }
  }

  abstract int start(Switchboard switchboard) throws Exception;

  boolean isForm() {
    return name().endsWith("FORM");
  }

  boolean isByHeader() {
    return this == TOMCAT_VALVE;
  }

  boolean isJetty() {
    return name().startsWith("JETTY");
  }

  Running running() {
    synchronized (RUNNING) {
      return RUNNING.computeIfAbsent(
          this,
          container -> {
            Switchboard switchboard = new Switchboard();
            try {
              return new Running(container.start(switchboard), switchboard);
            } catch (Exception e) {
              throw new IllegalStateException(e);
            }
          });
    }
  }

  private static int tomcat(Switchboard switchboard, LoginConfig login, Valve authenticator)
      throws Exception {
    Logger.getLogger("org.apache").setLevel(Level.OFF);
    Tomcat tomcat = new Tomcat();
    tomcat.setBaseDir(new File("target/tomcat-secured").getAbsolutePath());
    tomcat.setPort(0);
    for (String user : USERS) {
      tomcat.addUser(user, user);
      tomcat.addRole(user, "user");
    }
    Context context = tomcat.addContext("", Container.files().toString());
    if (login != null) {
      context.setLoginConfig(login);
      SecurityCollection paths = new SecurityCollection();
      paths.addPattern("/private/*");
      SecurityConstraint constraint = new SecurityConstraint();
      constraint.addCollection(paths);
      constraint.addAuthRole("user");
      context.addConstraint(constraint);
      context.addSecurityRole("user");
    }
    context.getPipeline().addValve(authenticator);
    ErrorPage errors = new ErrorPage();
    errors.setLocation(Site.ERROR_PAGE);
    context.addErrorPage(errors);
    Wrapper servlet = Tomcat.addServlet(context, "app", switchboard.servlet());
    servlet.setAsyncSupported(true);
    servlet.addMapping("/*");
    FilterDef definition = new FilterDef();
    definition.setFilterName("sessions");
    definition.setFilter(switchboard.filter());
    definition.setAsyncSupported("true");
    context.addFilterDef(definition);
    FilterMap mapping = new FilterMap();
    mapping.setFilterName("sessions");
    mapping.addURLPattern("/*");
    for (DispatcherType type : DispatcherType.values()) {
      mapping.setDispatcher(type.name());
    }
    context.addFilterMap(mapping);
    tomcat.start();
    return tomcat.getConnector().getLocalPort();
  }

  private static int jetty(Switchboard switchboard, LoginAuthenticator authenticator)
      throws Exception {
    Server server = new Server();
    ServerConnector connector = new ServerConnector(server);
    server.addConnector(connector);
    ServletContextHandler context =
        new ServletContextHandler(
            "/", ServletContextHandler.SESSIONS | ServletContextHandler.SECURITY);
    UserStore users = new UserStore();
    for (String user : USERS) {
      users.addUser(user, new Password(user), new String[] {"user"});
    }
    HashLoginService logins = new HashLoginService("test");
    logins.setUserStore(users);
    ConstraintMapping mapping = new ConstraintMapping();
    mapping.setPathSpec("/private/*");
    mapping.setConstraint(Constraint.from("user"));
    ConstraintSecurityHandler security = (ConstraintSecurityHandler) context.getSecurityHandler();
    security.setLoginService(logins);
    security.setAuthenticator((Authenticator) authenticator);
    security.addConstraintMapping(mapping);
    ServletHolder holder = new ServletHolder(switchboard.servlet());
    holder.setAsyncSupported(true);
    context.addServlet(holder, "/*");
    FilterHolder filter = new FilterHolder(switchboard.filter());
    filter.setAsyncSupported(true);
    context.addFilter(filter, "/*", EnumSet.allOf(DispatcherType.class));
    ErrorPageErrorHandler errors = new ErrorPageErrorHandler();
    errors.addErrorPage(ErrorPageErrorHandler.GLOBAL_ERROR_PAGE, Site.ERROR_PAGE);
    context.setErrorHandler(errors);
    server.setHandler(context);
    server.start();
    return connector.getLocalPort();
  }
}

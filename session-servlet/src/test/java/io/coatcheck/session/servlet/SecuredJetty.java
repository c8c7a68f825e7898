package io.coatcheck.session.servlet;

import jakarta.servlet.DispatcherType;
import java.util.EnumSet;
import javax.security.auth.Subject;
import org.eclipse.jetty.ee11.servlet.ErrorPageErrorHandler;
import org.eclipse.jetty.ee11.servlet.FilterHolder;
import org.eclipse.jetty.ee11.servlet.ServletContextHandler;
import org.eclipse.jetty.ee11.servlet.ServletHolder;
import org.eclipse.jetty.ee11.servlet.security.ConstraintMapping;
import org.eclipse.jetty.ee11.servlet.security.ConstraintSecurityHandler;
import org.eclipse.jetty.security.AuthenticationState;
import org.eclipse.jetty.security.Authenticator;
import org.eclipse.jetty.security.Constraint;
import org.eclipse.jetty.security.HashLoginService;
import org.eclipse.jetty.security.UserIdentity;
import org.eclipse.jetty.security.UserPrincipal;
import org.eclipse.jetty.security.UserStore;
import org.eclipse.jetty.security.authentication.LoginAuthenticator.UserAuthenticationSucceeded;
import org.eclipse.jetty.security.authentication.SslClientCertAuthenticator;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.SecureRequestCustomizer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.security.Password;
import org.eclipse.jetty.util.ssl.SslContextFactory;

/** Jetty's part of {@link Secured}. */
final class SecuredJetty {

  private SecuredJetty() {}

  /** Ends with a logout, although no security handler is there that ends it. */
  private static final class FromProxy extends UserAuthenticationSucceeded {

    private static final long serialVersionUID = 1L;

    FromProxy(String user) {
      super("PROXY", UserIdentity.from(new Subject(), new UserPrincipal(user, null), "user"));
    }

    @Override
    public void logout(Request request, Response response) {
      AuthenticationState.setAuthenticationState(request, null);
    }
  }

  /** Believes a header, in front of the application's context. */
  private static final class HeaderHandler extends Handler.Wrapper {

    HeaderHandler(Handler next) {
      super(next);
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
      String user = request.getHeaders().get("X-User");
      if (user != null) {
        AuthenticationState.setAuthenticationState(request, new FromProxy(user));
      }
      return super.handle(request, response, callback);
    }
  }

  static int start(SiteRouter switchboard, Authenticator authenticator) throws Exception {
    Server server = new Server();
    ServerConnector connector = new ServerConnector(server);
    return start(connector, secured(switchboard, authenticator));
  }

  static int startWithCertificates(SiteRouter switchboard) throws Exception {
    SslContextFactory.Server tls = new SslContextFactory.Server();
    tls.setKeyStore(Certificates.get().ofServer());
    tls.setKeyStorePassword(Certificates.PASSWORD);
    tls.setTrustStore(Certificates.get().trusted());
    tls.setWantClientAuth(true);
    HttpConfiguration http = new HttpConfiguration();
    http.addCustomizer(new SecureRequestCustomizer(false));
    ServerConnector connector =
        new ServerConnector(
            new Server(),
            new SslConnectionFactory(tls, "http/1.1"),
            new HttpConnectionFactory(http));
    SslClientCertAuthenticator authenticator = new SslClientCertAuthenticator(tls);
    // TLS has done so; once more takes lists of revoked ones.
    authenticator.setValidateCerts(false);
    return start(connector, secured(switchboard, authenticator));
  }

  static int startWithHandler(SiteRouter switchboard) throws Exception {
    ServerConnector connector = new ServerConnector(new Server());
    ServletContextHandler context = context(switchboard, ServletContextHandler.SESSIONS);
    return start(connector, new HeaderHandler(context));
  }

  private static int start(ServerConnector connector, Handler handler) throws Exception {
    Server server = connector.getServer();
    server.addConnector(connector);
    server.setHandler(handler);
    server.start();
    return connector.getLocalPort();
  }

  /** Demands a login for some paths. */
  private static ServletContextHandler secured(
      SiteRouter switchboard, Authenticator authenticator) {
    ServletContextHandler context =
        context(switchboard, ServletContextHandler.SESSIONS | ServletContextHandler.SECURITY);
    UserStore users = new UserStore();
    for (String user : Secured.USERS) {
      // A certificate comes without a password.
      String password = user.startsWith("CN=") ? "" : user;
      users.addUser(user, new Password(password), new String[] {"user"});
    }
    HashLoginService logins = new HashLoginService("test");
    logins.setUserStore(users);
    ConstraintMapping mapping = new ConstraintMapping();
    mapping.setPathSpec("/private/*");
    mapping.setConstraint(Constraint.from("user"));
    ConstraintSecurityHandler security = (ConstraintSecurityHandler) context.getSecurityHandler();
    security.setLoginService(logins);
    security.setAuthenticator(authenticator);
    security.addConstraintMapping(mapping);
    return context;
  }

  private static ServletContextHandler context(SiteRouter switchboard, int options) {
    ServletContextHandler context = new ServletContextHandler("/", options);
    ServletHolder holder = new ServletHolder(switchboard.servlet());
    holder.setAsyncSupported(true);
    context.addServlet(holder, "/*");
    FilterHolder filter = new FilterHolder(switchboard.filter());
    filter.setAsyncSupported(true);
    context.addFilter(filter, "/*", EnumSet.allOf(DispatcherType.class));
    ErrorPageErrorHandler errors = new ErrorPageErrorHandler();
    errors.addErrorPage(ErrorPageErrorHandler.GLOBAL_ERROR_PAGE, Site.ERROR_PAGE);
    context.setErrorHandler(errors);
    return context;
  }
}

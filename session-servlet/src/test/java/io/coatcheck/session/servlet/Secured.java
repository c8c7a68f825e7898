package io.coatcheck.session.servlet;

import io.coatcheck.session.servlet.Container.Running;
import jakarta.security.auth.message.AuthException;
import jakarta.security.auth.message.AuthStatus;
import jakarta.security.auth.message.MessageInfo;
import jakarta.security.auth.message.MessagePolicy;
import jakarta.security.auth.message.callback.CallerPrincipalCallback;
import jakarta.security.auth.message.callback.GroupPrincipalCallback;
import jakarta.security.auth.message.config.AuthConfigFactory;
import jakarta.security.auth.message.module.ServerAuthModule;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.File;
import java.io.IOException;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.Logger;
import javax.security.auth.Subject;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.CallbackHandler;
import javax.security.auth.callback.UnsupportedCallbackException;
import org.apache.catalina.Context;
import org.apache.catalina.Valve;
import org.apache.catalina.Wrapper;
import org.apache.catalina.authenticator.BasicAuthenticator;
import org.apache.catalina.authenticator.DigestAuthenticator;
import org.apache.catalina.authenticator.FormAuthenticator;
import org.apache.catalina.authenticator.SSLAuthenticator;
import org.apache.catalina.connector.Connector;
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
import org.apache.tomcat.util.net.SSLHostConfig;
import org.apache.tomcat.util.net.SSLHostConfigCertificate;

/**
 * Containers that authenticate by themselves, before any filter: whoever asks for {@code
 * /private/*}, or, where a valve, a module, a handler or a proxy says who the user is, whoever the
 * header {@code X-User} names. Each is started once.
 */
enum Secured {
  TOMCAT_BASIC {
    @Override
    int start(SiteRouter switchboard) throws Exception {
      return tomcat(switchboard, login("BASIC", new BasicAuthenticator()));
    }
  },
  TOMCAT_DIGEST {
    @Override
    int start(SiteRouter switchboard) throws Exception {
      return tomcat(switchboard, login("DIGEST", new DigestAuthenticator()));
    }
  },
  TOMCAT_FORM {
    @Override
    int start(SiteRouter switchboard) throws Exception {
      return tomcat(switchboard, login("FORM", new FormAuthenticator()));
    }
  },
  TOMCAT_CERTIFICATE {
    @Override
    int start(SiteRouter switchboard) throws Exception {
      return tomcat(
          switchboard,
          (tomcat, context) -> {
            login("CLIENT-CERT", new SSLAuthenticator()).on(tomcat, context);
            SSLHostConfig host = new SSLHostConfig();
            host.setCertificateVerification("optional");
            host.setTrustStore(Certificates.get().trusted());
            SSLHostConfigCertificate own =
                new SSLHostConfigCertificate(host, SSLHostConfigCertificate.Type.UNDEFINED);
            own.setCertificateKeystore(Certificates.get().ofServer());
            own.setCertificateKeystorePassword(Certificates.PASSWORD);
            host.addCertificate(own);
            Connector connector = tomcat.getConnector();
            connector.setScheme("https");
            connector.setSecure(true);
            connector.setProperty("SSLEnabled", "true");
            connector.addSslHostConfig(host);
          });
    }
  },
  TOMCAT_JAKARTA_AUTHENTICATION {
    @Override
    int start(SiteRouter switchboard) throws Exception {
      return tomcat(
          switchboard,
          (tomcat, context) -> {
            // Modules are found by the name of the engine, in every container of this JVM.
            tomcat.getEngine().setName("with-a-module");
            login("BASIC", new BasicAuthenticator()).on(tomcat, context);
            context.addServletContainerInitializer(
                (classes, servletContext) ->
                    AuthConfigFactory.getFactory()
                        .registerServerAuthModule(new HeaderModule(), servletContext),
                null);
          });
    }
  },
  TOMCAT_AJP {
    @Override
    int start(SiteRouter switchboard) throws Exception {
      return AjpProxy.start(
          tomcat(
              switchboard,
              (tomcat, context) -> {
                Connector connector = new Connector("AJP/1.3");
                connector.setPort(0);
                connector.setProperty("secretRequired", "false");
                connector.setProperty("tomcatAuthentication", "false");
                tomcat.setConnector(connector);
              }));
    }
  },
  TOMCAT_VALVE {
    @Override
    int start(SiteRouter switchboard) throws Exception {
      return tomcat(
          switchboard, (tomcat, context) -> context.getPipeline().addValve(new HeaderValve()));
    }
  },
  JETTY_BASIC {
    @Override
    int start(SiteRouter switchboard) throws Exception {
      return SecuredJetty.start(
          switchboard, new org.eclipse.jetty.security.authentication.BasicAuthenticator());
    }
  },
  JETTY_DIGEST {
    @Override
    int start(SiteRouter switchboard) throws Exception {
      return SecuredJetty.start(
          switchboard, new org.eclipse.jetty.security.authentication.DigestAuthenticator());
    }
  },
  JETTY_FORM {
    @Override
    int start(SiteRouter switchboard) throws Exception {
      return SecuredJetty.start(
          switchboard,
          new org.eclipse.jetty.security.authentication.FormAuthenticator(
              "/form", "/wrong", false));
    }
  },
  JETTY_CERTIFICATE {
    @Override
    int start(SiteRouter switchboard) throws Exception {
      return SecuredJetty.startWithCertificates(switchboard);
    }
  },
  JETTY_HANDLER {
    @Override
    int start(SiteRouter switchboard) throws Exception {
      return SecuredJetty.startWithHandler(switchboard);
    }
  };

  /** What a user is called, and by a certificate. */
  static final List<String> USERS = List.of("alice", "bob", "CN=alice", "CN=bob");

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

  /** Believes the same header, by Jakarta Authentication. */
  private static final class HeaderModule implements ServerAuthModule {

    private volatile CallbackHandler handler;

    @Override
    public void initialize(
        MessagePolicy request,
        MessagePolicy response,
        CallbackHandler callbacks,
        Map<String, Object> options) {
      handler = callbacks;
    }

    @Override
    public Class<?>[] getSupportedMessageTypes() {
      return new Class<?>[] {HttpServletRequest.class, HttpServletResponse.class};
    }

    @Override
    public AuthStatus validateRequest(MessageInfo message, Subject client, Subject service)
        throws AuthException {
      String user = ((HttpServletRequest) message.getRequestMessage()).getHeader("X-User");
      if (user != null) {
        try {
          handler.handle(
              new Callback[] {
                new CallerPrincipalCallback(client, user),
                new GroupPrincipalCallback(client, new String[] {"user"})
              });
        } catch (IOException | UnsupportedCallbackException e) {
          throw new AuthException(e);
        }
      }
      return AuthStatus.SUCCESS;
    }
  }

  abstract int start(SiteRouter switchboard) throws Exception;

  boolean isForm() {
    return name().endsWith("FORM");
  }

  boolean isByHeader() {
    return !isForm() && !isByCertificate() && !isByDigest() && !name().endsWith("BASIC");
  }

  boolean isByCertificate() {
    return name().endsWith("CERTIFICATE");
  }

  boolean isByDigest() {
    return name().endsWith("DIGEST");
  }

  boolean isJetty() {
    return name().startsWith("JETTY");
  }

  Running running() {
    synchronized (RUNNING) {
      return RUNNING.computeIfAbsent(
          this,
          container -> {
            SiteRouter switchboard = new SiteRouter();
            try {
              return new Running(container.start(switchboard), switchboard);
            } catch (Exception e) {
              throw new IllegalStateException(e);
            }
          });
    }
  }

  /** What makes a Tomcat authenticate, before it starts. */
  private interface Setup {
    void on(Tomcat tomcat, Context context);
  }

  /** Demands a login for some paths. */
  private static Setup login(String method, Valve authenticator) {
    return (tomcat, context) -> {
      context.setLoginConfig(new LoginConfig(method, "test", "/form", "/wrong"));
      SecurityCollection paths = new SecurityCollection();
      paths.addPattern("/private/*");
      SecurityConstraint constraint = new SecurityConstraint();
      constraint.addCollection(paths);
      constraint.addAuthRole("user");
      context.addConstraint(constraint);
      context.addSecurityRole("user");
      context.getPipeline().addValve(authenticator);
    };
  }

  private static int tomcat(SiteRouter switchboard, Setup setup) throws Exception {
    Logger.getLogger("org.apache").setLevel(Level.OFF);
    Tomcat tomcat = new Tomcat();
    tomcat.setBaseDir(new File("target/tomcat-secured").getAbsolutePath());
    tomcat.setPort(0);
    for (String user : USERS) {
      tomcat.addUser(user, user);
      tomcat.addRole(user, "user");
    }
    Context context = tomcat.addContext("", Container.files().toString());
    setup.on(tomcat, context);
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
}

package io.coatcheck.session.servlet;

import io.undertow.Undertow;
import io.undertow.servlet.Servlets;
import io.undertow.servlet.api.DeploymentInfo;
import io.undertow.servlet.api.DeploymentManager;
import io.undertow.servlet.api.ListenerInfo;
import io.undertow.servlet.util.ImmediateInstanceFactory;
import io.undertow.websockets.jsr.WebSocketDeploymentInfo;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.Servlet;
import jakarta.servlet.ServletException;
import java.net.InetSocketAddress;
import java.util.EventListener;
import java.util.function.UnaryOperator;

/** Undertow, with the same application as the servers of {@link Container}. */
final class UndertowServer {

  private UndertowServer() {}

  /**
   * Starts one that runs until the tests end.
   *
   * @param options what a deployment has besides
   */
  static Container.Running start(UnaryOperator<DeploymentInfo> options) {
    SiteRouter switchboard = new SiteRouter();
    Servlet servlet = switchboard.servlet();
    Filter filter = switchboard.filter();
    EventListener listener = switchboard.listener();
    DeploymentInfo deployment =
        Servlets.deployment()
            .setClassLoader(UndertowServer.class.getClassLoader())
            .setContextPath("/")
            .setDeploymentName("site")
            .addListener(
                new ListenerInfo(listener.getClass(), new ImmediateInstanceFactory<>(listener)))
            .addServlet(
                Servlets.servlet("app", Servlet.class, new ImmediateInstanceFactory<>(servlet))
                    .setAsyncSupported(true)
                    .addMapping("/*"))
            .addFilter(
                Servlets.filter("sessions", Filter.class, new ImmediateInstanceFactory<>(filter))
                    .setAsyncSupported(true))
            .addServletContextAttribute(
                WebSocketDeploymentInfo.ATTRIBUTE_NAME,
                new WebSocketDeploymentInfo()
                    .addListener(container -> SocketEndpoint.add(container, switchboard)));
    for (DispatcherType type : DispatcherType.values()) {
      deployment.addFilterUrlMapping("sessions", "/*", type);
    }
    DeploymentManager manager = Servlets.newContainer().addDeployment(options.apply(deployment));
    manager.deploy();
    try {
      Undertow server =
          Undertow.builder().addHttpListener(0, "localhost").setHandler(manager.start()).build();
      server.start();
      InetSocketAddress address = (InetSocketAddress) server.getListenerInfo().get(0).getAddress();
      return new Container.Running(address.getPort(), switchboard);
    } catch (ServletException e) {
      throw new IllegalStateException(e);
    }
  }
}

package io.coatcheck.session.servlet;

import jakarta.servlet.http.HttpSession;
import jakarta.websocket.DeploymentException;
import jakarta.websocket.Endpoint;
import jakarta.websocket.EndpointConfig;
import jakarta.websocket.HandshakeResponse;
import jakarta.websocket.MessageHandler;
import jakarta.websocket.Session;
import jakarta.websocket.server.HandshakeRequest;
import jakarta.websocket.server.ServerContainer;
import jakarta.websocket.server.ServerEndpointConfig;
import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * The endpoint of a WebSocket, as an application writes it, that leads to the site of the moment.
 */
public final class SocketEndpoint extends Endpoint {

  static final String PATH = "/websocket";

  /** What the application does with a message: it returns the answer. */
  interface Conversation {
    String answer(HttpSession session, String message);
  }

  /** Takes the session from the handshake, the only place where there is one. */
  private static final class Handshake extends ServerEndpointConfig.Configurator {

    private final SiteRouter switchboard;

    Handshake(SiteRouter switchboard) {
      this.switchboard = switchboard;
    }

    @Override
    public void modifyHandshake(
        ServerEndpointConfig config, HandshakeRequest request, HandshakeResponse response) {
      Object session = request.getHttpSession();
      if (session != null) {
        config.getUserProperties().put("session", session);
      }
      String user =
          request.getUserPrincipal() == null ? "nobody" : request.getUserPrincipal().getName();
      config.getUserProperties().put("user", user);
      config.getUserProperties().put("site", switchboard.site());
    }
  }

  static void add(ServerContainer container, SiteRouter switchboard) {
    try {
      container.addEndpoint(
          ServerEndpointConfig.Builder.create(SocketEndpoint.class, PATH)
              .configurator(new Handshake(switchboard))
              .build());
    } catch (DeploymentException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void onOpen(Session socket, EndpointConfig config) {
    Site site = (Site) config.getUserProperties().get("site");
    HttpSession session = (HttpSession) config.getUserProperties().get("session");
    String user = (String) config.getUserProperties().get("user");
    socket.addMessageHandler(
        String.class,
        (MessageHandler.Whole<String>)
            message -> send(socket, user + ": " + site.conversation().answer(session, message)));
  }

  private static void send(Session socket, String text) {
    try {
      socket.getBasicRemote().sendText(text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

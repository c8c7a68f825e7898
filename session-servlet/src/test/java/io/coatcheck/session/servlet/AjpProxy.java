package io.coatcheck.session.servlet;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A web server in front of a container, as httpd is with mod_proxy_ajp: passes each request on by
 * AJP 1.3, and with it as the remote user whom the header {@code X-User} names.
 */
final class AjpProxy {

  private static final List<String> ANSWER_HEADERS =
      List.of(
          "Content-Type",
          "Content-Language",
          "Content-Length",
          "Date",
          "Last-Modified",
          "Location",
          "Set-Cookie",
          "Set-Cookie2",
          "Servlet-Engine",
          "Status",
          "WWW-Authenticate");

  private final int port;

  private AjpProxy(int port) {
    this.port = port;
  }

  /** Starts one in front of a port that speaks AJP; returns its own port. */
  static int start(int ajpPort) throws IOException {
    // Or each answer waits for the client's acknowledgement of its head.
    System.setProperty("sun.net.httpserver.nodelay", "true");
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", new AjpProxy(ajpPort)::handle);
    server.start();
    return server.getAddress().getPort();
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange;
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(60_000);
      byte[] forward = forward(exchange);
      ByteArrayOutputStream packet = new ByteArrayOutputStream();
      DataOutputStream data = new DataOutputStream(packet);
      data.writeShort(0x1234);
      data.writeShort(forward.length);
      data.write(forward);
      socket.getOutputStream().write(packet.toByteArray());
      answer(new DataInputStream(socket.getInputStream()), exchange);
    }
  }

  private static byte[] forward(HttpExchange exchange) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream data = new DataOutputStream(bytes);
    data.write(2);
    data.write(exchange.getRequestMethod().equals("POST") ? 4 : 2);
    string(data, "HTTP/1.1");
    string(data, exchange.getRequestURI().getRawPath());
    string(data, "127.0.0.1");
    string(data, "localhost");
    string(data, "localhost");
    data.writeShort(80);
    data.write(0);
    List<Map.Entry<String, String>> headers = new ArrayList<>();
    exchange
        .getRequestHeaders()
        .forEach((name, values) -> values.forEach(value -> headers.add(Map.entry(name, value))));
    headers.removeIf(header -> header.getKey().equalsIgnoreCase("X-User"));
    data.writeShort(headers.size());
    for (Map.Entry<String, String> header : headers) {
      string(data, header.getKey());
      string(data, header.getValue());
    }
    attribute(data, 3, exchange.getRequestHeaders().getFirst("X-User"));
    attribute(data, 5, exchange.getRequestURI().getRawQuery());
    data.write(0xFF);
    return bytes.toByteArray();
  }

  private static void attribute(DataOutputStream data, int code, String value) throws IOException {
    if (value != null) {
      data.write(code);
      string(data, value);
    }
  }

  private static void string(DataOutputStream data, String value) throws IOException {
    byte[] bytes = value.getBytes(StandardCharsets.ISO_8859_1);
    data.writeShort(bytes.length);
    data.write(bytes);
    data.write(0);
  }

  private static String string(DataInputStream in, int length) throws IOException {
    String value = new String(in.readNBytes(length), StandardCharsets.ISO_8859_1);
    in.skipNBytes(1);
    return value;
  }

  private static void answer(DataInputStream in, HttpExchange exchange) throws IOException {
    int status = 0;
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    while (true) {
      in.readInt();
      int type = in.readUnsignedByte();
      if (type == 5) {
        in.skipNBytes(1);
        break;
      }
      if (type == 3) {
        body.write(in.readNBytes(in.readUnsignedShort()));
        in.skipNBytes(1);
      } else if (type == 4) {
        status = in.readUnsignedShort();
        string(in, in.readUnsignedShort());
        int headers = in.readUnsignedShort();
        for (int i = 0; i < headers; i++) {
          int nameOrLength = in.readUnsignedShort();
          String name =
              nameOrLength > 0xA000
                  ? ANSWER_HEADERS.get(nameOrLength - 0xA001)
                  : string(in, nameOrLength);
          String value = string(in, in.readUnsignedShort());
          if (!name.equals("Content-Length") && !name.equals("Transfer-Encoding")) {
            exchange.getResponseHeaders().add(name, value);
          }
        }
      } else {
        throw new IOException("unexpected packet " + type);
      }
    }
    exchange.sendResponseHeaders(status, body.size() == 0 ? -1 : body.size());
    if (body.size() > 0) {
      exchange.getResponseBody().write(body.toByteArray());
    }
  }
}

package io.coatcheck.session.servlet;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** Sends bytes as they are, one request after the other on one connection. */
final class RawClient implements AutoCloseable {

  private final Socket socket;

  RawClient(int port) throws IOException {
    socket = new Socket("localhost", port);
    socket.setSoTimeout(60_000);
  }

  /** Sends a request with these header lines, and returns the head and the body of the answer. */
  String get(String path, String... headers) throws IOException {
    return send("GET", path, headers);
  }

  /** As {@link #get}, by another method. There is no body. */
  String send(String method, String path, String... headers) throws IOException {
    return sendTo("localhost", method, path, headers);
  }

  /** As {@link #send}, and says that it was sent to another host. */
  String sendTo(String host, String method, String path, String... headers) throws IOException {
    StringBuilder request =
        new StringBuilder(method + " " + path + " HTTP/1.1\r\nHost: " + host + "\r\n");
    if (!method.equals("GET")) {
      request.append("Content-Length: 0\r\n");
    }
    for (String header : headers) {
      request.append(header).append("\r\n");
    }
    request.append("\r\n");
    socket.getOutputStream().write(request.toString().getBytes(StandardCharsets.ISO_8859_1));
    socket.getOutputStream().flush();
    return readAnswer();
  }

  private String readAnswer() throws IOException {
    InputStream in = socket.getInputStream();
    String head = readUntil(in, "\r\n\r\n");
    int length = head.toLowerCase(java.util.Locale.ROOT).indexOf("content-length: ");
    if (length >= 0) {
      int end = head.indexOf("\r\n", length);
      int bytes = Integer.parseInt(head.substring(length + 16, end).strip());
      return head + new String(in.readNBytes(bytes), StandardCharsets.ISO_8859_1);
    }
    boolean isChunked = head.contains("chunked");
    return isChunked ? head + readUntil(in, "\r\n0\r\n\r\n") : head;
  }

  private static String readUntil(InputStream in, String end) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    while (!bytes.toString(StandardCharsets.ISO_8859_1).endsWith(end)) {
      int next = in.read();
      if (next < 0) {
        break;
      }
      bytes.write(next);
    }
    return bytes.toString(StandardCharsets.ISO_8859_1);
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}

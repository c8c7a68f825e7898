package io.coatcheck.session.codec;

import java.io.IOException;
import java.io.InvalidObjectException;
import java.io.ObjectStreamException;
import java.io.Serializable;
import java.net.InetAddress;
import java.net.MalformedURLException;
import java.net.Proxy;
import java.net.URL;
import java.net.URLConnection;
import java.net.URLStreamHandler;
import org.jspecify.annotations.Nullable;

/**
 * Stands in for a {@code java.net.URL} in an encoding, by its text.
 *
 * <p>The JDK's own form looks up the host as soon as the URL is a key of a hash map, and selects a
 * handler by the name of the protocol. A URL created from this does neither: two are equal if their
 * texts are, and only opening a connection uses the JDK's handler.
 */
final class UrlText implements Serializable {

  private static final long serialVersionUID = 1L;

  private static final URLStreamHandler HTTP = new OfflineHandler(80);
  private static final URLStreamHandler HTTPS = new OfflineHandler(443);
  private static final URLStreamHandler FTP = new OfflineHandler(21);
  private static final URLStreamHandler OTHER = new OfflineHandler(-1);

  private final String text;

  private UrlText(String text) {
    this.text = text;
  }

  /**
   * Returns the stand-in of a URL.
   *
   * @throws InvalidObjectException if the text would not give an equal URL
   */
  static UrlText of(URL url) throws InvalidObjectException {
    String text = url.toExternalForm();
    try {
      if (url(text).toExternalForm().equals(text)) {
        return new UrlText(text);
      }
    } catch (MalformedURLException e) {
      // The URL has a custom handler, which returns a text that is not a URL.
    }
    throw new InvalidObjectException("a java.net.URL that its text does not describe");
  }

  private static URL url(String text) throws MalformedURLException {
    int colon = text.indexOf(':');
    URLStreamHandler handler =
        switch (colon < 0 ? "" : text.substring(0, colon)) {
          case "http" -> HTTP;
          case "https" -> HTTPS;
          case "ftp" -> FTP;
          default -> OTHER;
        };
    return new URL(null, text, handler);
  }

  private Object readResolve() throws ObjectStreamException {
    if (text == null) {
      throw new InvalidObjectException("no text");
    }
    try {
      return url(text);
    } catch (MalformedURLException e) {
      throw new InvalidObjectException("not a URL");
    }
  }

  /** Compares hosts by name, and leaves network access to the JDK's handlers. */
  private static final class OfflineHandler extends URLStreamHandler {

    private final int defaultPort;

    OfflineHandler(int defaultPort) {
      this.defaultPort = defaultPort;
    }

    @Override
    protected int getDefaultPort() {
      return defaultPort;
    }

    @Override
    protected @Nullable InetAddress getHostAddress(URL url) {
      return null;
    }

    @Override
    protected URLConnection openConnection(URL url) throws IOException {
      return new URL(url.toExternalForm()).openConnection();
    }

    @Override
    protected URLConnection openConnection(URL url, Proxy proxy) throws IOException {
      return new URL(url.toExternalForm()).openConnection(proxy);
    }
  }
}

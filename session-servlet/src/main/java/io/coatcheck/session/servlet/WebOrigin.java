package io.coatcheck.session.servlet;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Origins in the spelling that browsers send (RFC 6454, 6.2): lower case, without the scheme's
 * default port. Two origins are the same exactly if their texts are equal.
 */
final class WebOrigin {

  private static final Map<String, Integer> OWN_PORTS = Map.of("http", 80, "https", 443);

  private static final Pattern FORM =
      Pattern.compile(
          "(?<scheme>[a-z][a-z0-9+.-]*)://(?:[a-z0-9_-]+(?:\\.[a-z0-9_-]+)*|\\[[0-9a-f:.]+])"
              + "(?::(?<port>[1-9][0-9]{0,4}))?");

  private WebOrigin() {}

  /**
   * Checks a configured origin.
   *
   * @return the origin
   * @throws IllegalArgumentException if a browser would not send it in this form
   */
  static String checked(String setting, String origin) {
    Matcher form = FORM.matcher(origin);
    if (!form.matches() || !isPort(form.group("scheme"), form.group("port"))) {
      throw new IllegalArgumentException(
          setting
              + " must be an origin as browsers send it, lower-case scheme://host, with :port only"
              + " if it is not the scheme's own and without a path, such as https://app.example: "
              + origin);
    }
    return origin;
  }

  private static boolean isPort(String scheme, @Nullable String port) {
    if (port == null) {
      return true;
    }
    int number = Integer.parseInt(port);
    return number <= 65_535 && !Integer.valueOf(number).equals(OWN_PORTS.get(scheme));
  }

  /**
   * Returns whether the host of one origin equals the other's or is below it, whatever the port.
   */
  static boolean areOfRelatedHosts(String origin, String other) {
    String host = hostOf(origin);
    String otherHost = hostOf(other);
    return host.equals(otherHost)
        || host.endsWith("." + otherHost)
        || otherHost.endsWith("." + host);
  }

  /** Returns whether a text is an origin with the given host, whatever its scheme and port. */
  static boolean isOfHost(String origin, String host) {
    try {
      return host.equalsIgnoreCase(new URI(origin).getHost());
    } catch (URISyntaxException e) {
      // It is not an origin.
      return false;
    }
  }

  private static String hostOf(String origin) {
    int start = origin.indexOf("://");
    String host = start < 0 ? origin : origin.substring(start + 3);
    int port = host.indexOf(':', host.indexOf(']') + 1);
    return port < 0 ? host : host.substring(0, port);
  }

  /**
   * Returns the origin to which a request was addressed.
   *
   * @param host a name, or an address, with or without brackets
   * @param port not positive if unknown
   */
  static String of(String scheme, String host, int port) {
    boolean isBareIpv6 = host.indexOf(':') >= 0 && !host.startsWith("[");
    String origin = scheme + "://" + (isBareIpv6 ? "[" + host + "]" : host);
    boolean isNamed = port > 0 && !Integer.valueOf(port).equals(OWN_PORTS.get(scheme));
    return (isNamed ? origin + ":" + port : origin).toLowerCase(Locale.ROOT);
  }
}

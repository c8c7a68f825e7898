package io.coatcheck.examples.springboot;

import java.util.Optional;
import java.util.regex.Pattern;
import ua_parser.Client;
import ua_parser.Parser;

/**
 * Names a device as its owner knows it, such as "Chrome on Linux", from the user agent it sends. In
 * each example that needs it, so that an example can be copied whole.
 */
final class DeviceNames {

  private static final Parser PARSER = new Parser();
  // What the parser answers for what it does not know.
  private static final String UNKNOWN = "Other";
  private static final Pattern VARIANT = Pattern.compile("^Mobile | Mobile$| UI/WKWebView$");

  private DeviceNames() {}

  /** Returns the name. The client chooses the user agent, and so the result. */
  static String of(Optional<String> userAgent) {
    Client client = PARSER.parse(userAgent.orElse(""));
    // Chrome Mobile and Mobile Safari UI/WKWebView are Chrome and Safari to those who use them.
    String browser = VARIANT.matcher(client.userAgent.family).replaceAll("");
    String system = client.os.family.equals("iOS") ? client.device.family : client.os.family;
    String known = browser.equals(UNKNOWN) ? "Unknown browser" : browser;
    return system.equals(UNKNOWN) ? known : known + " on " + system;
  }
}

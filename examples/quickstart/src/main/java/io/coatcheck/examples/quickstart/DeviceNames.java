package io.coatcheck.examples.quickstart;

import java.util.Optional;
import ua_parser.Client;
import ua_parser.Parser;

/**
 * Names a device as its owner knows it, such as "Chrome on Linux", from the user agent it sends.
 */
final class DeviceNames {

  private static final Parser PARSER = new Parser();
  // What the parser answers for what it does not know.
  private static final String UNKNOWN = "Other";

  private DeviceNames() {}

  /** Returns the name. The client chooses the user agent, so escape the result. */
  static String of(Optional<String> userAgent) {
    Client client = PARSER.parse(userAgent.orElse(""));
    boolean knowsBrowser = !client.userAgent.family.equals(UNKNOWN);
    boolean knowsSystem = !client.os.family.equals(UNKNOWN);
    if (knowsBrowser && knowsSystem) {
      return client.userAgent.family + " on " + client.os.family;
    }
    if (knowsBrowser) {
      return client.userAgent.family;
    }
    return knowsSystem ? "Unknown browser on " + client.os.family : "Unknown browser";
  }
}

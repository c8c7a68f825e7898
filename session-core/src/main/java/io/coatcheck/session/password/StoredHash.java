package io.coatcheck.session.password;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A hash as an application stores it.
 *
 * @param bcrypt the hash in bcrypt's format, without this library's prefix
 * @param keyed whether the password went through the keyed hash first
 */
record StoredHash(String bcrypt, int cost, boolean keyed) {

  private static final String KEYED_PREFIX = "{hmac-sha384}";

  /**
   * A higher cost would occupy a processor for minutes or hours, and this library never uses one.
   */
  private static final int MAX_COST = 15;

  private static final int MIN_COST = 4;

  /** All versions except {@code $2$} and {@code $2x$}, those of broken implementations. */
  private static final Pattern BCRYPT =
      Pattern.compile("\\$2[aby]\\$([0-9]{2})\\$[./A-Za-z0-9]{53}");

  /** Salt and hash that belong to no password. */
  private static final String OF_UNKNOWN_USER =
      "N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy";

  /** Parses a hash; returns null if it is absent, malformed, or of a cost that is not 4 to 15. */
  static @Nullable StoredHash parse(@Nullable String stored) {
    if (stored == null) {
      return null;
    }
    boolean keyed = stored.startsWith(KEYED_PREFIX);
    String bcrypt = keyed ? stored.substring(KEYED_PREFIX.length()) : stored;
    Matcher matcher = BCRYPT.matcher(bcrypt);
    if (!matcher.matches()) {
      return null;
    }
    int cost = Integer.parseInt(matcher.group(1));
    return cost < MIN_COST || cost > MAX_COST ? null : new StoredHash(bcrypt, cost, keyed);
  }

  /** Returns a hash that takes as long to compare as any other of its cost. */
  static String ofUnknownUser(int cost) {
    return "$2a$" + (cost < 10 ? "0" : "") + cost + "$" + OF_UNKNOWN_USER;
  }

  static String format(String bcrypt, boolean keyed) {
    return keyed ? KEYED_PREFIX + bcrypt : bcrypt;
  }
}

package io.coatcheck.session.servlet;

import io.coatcheck.session.text.QuotedText;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * An IP address or a range of them, {@code 192.0.2.0/24}. It is parsed from text without any DNS
 * query. An IPv4 address written as IPv6 is that IPv4 address. Immutable.
 */
final class NetworkAddress {

  /** The longest text of an address, with a zone or a port and brackets. */
  private static final int MAX_TEXT_LENGTH = 80;

  /**
   * Numbers above 255 must not match: the JDK would treat such text as a host name and look it up.
   */
  private static final Pattern IPV4 =
      Pattern.compile("(OCTET)(\\.(OCTET)){3}".replace("OCTET", "25[0-5]|2[0-4]\\d|[01]?\\d?\\d"));

  private final byte[] bytes;
  private final int prefixLength;

  private NetworkAddress(byte[] bytes, int prefixLength) {
    this.prefixLength = prefixLength;
    this.bytes = Arrays.copyOf(bytes, bytes.length);
    for (int bit = prefixLength; bit < bytes.length * 8; bit++) {
      this.bytes[bit / 8] &= (byte) ~(0x80 >> bit % 8);
    }
  }

  /**
   * Parses an address as containers and proxies write it, with a zone, in brackets or with a port.
   *
   * @param text untrusted
   * @return empty if it is not an address
   */
  static Optional<NetworkAddress> parse(String text) {
    if (text.length() > MAX_TEXT_LENGTH) {
      return Optional.empty();
    }
    String address = text.strip();
    if (address.startsWith("[")) {
      int end = address.indexOf(']');
      address = end < 0 ? "" : address.substring(1, end);
    } else if (address.indexOf(':') >= 0 && address.indexOf(':') == address.lastIndexOf(':')) {
      address = address.substring(0, address.indexOf(':'));
    }
    int zone = address.indexOf('%');
    String bare = zone < 0 ? address : address.substring(0, zone);
    boolean isLiteral =
        bare.indexOf(':') >= 0 ? bare.matches("[0-9A-Fa-f:.]{2,45}") : IPV4.matcher(bare).matches();
    if (!isLiteral) {
      return Optional.empty();
    }
    try {
      // In brackets, the JDK takes nothing for the name of a host.
      byte[] bytes =
          InetAddress.getByName(bare.indexOf(':') >= 0 ? "[" + bare + "]" : bare).getAddress();
      return Optional.of(new NetworkAddress(bytes, bytes.length * 8));
    } catch (UnknownHostException e) {
      return Optional.empty();
    }
  }

  /**
   * Parses a range.
   *
   * @param setting the name of the setting, for the message
   * @param text an address, or an address and a length: {@code 10.0.0.0/8}
   * @throws IllegalArgumentException if it is neither
   */
  static NetworkAddress range(String setting, String text) {
    int slash = text.indexOf('/');
    Optional<NetworkAddress> address = parse(slash < 0 ? text : text.substring(0, slash));
    String length = slash < 0 ? "" : text.substring(slash + 1);
    boolean isRange =
        address.isPresent()
            && (slash < 0
                || (length.matches("[0-9]{1,3}")
                    && Integer.parseInt(length) <= address.get().prefixLength));
    if (!isRange) {
      throw new IllegalArgumentException(
          setting + " must be an IP address or a range such as 10.0.0.0/8: " + QuotedText.of(text));
    }
    return slash < 0
        ? address.get()
        : new NetworkAddress(address.get().bytes, Integer.parseInt(length));
  }

  /**
   * Returns the addresses that one client is likely to have: the address itself, or the /64 of an
   * IPv6 address.
   */
  NetworkAddress clientPrefix() {
    return isIpv4() ? this : new NetworkAddress(bytes, Math.min(prefixLength, 64));
  }

  private boolean isIpv4() {
    return bytes.length == 4;
  }

  boolean contains(NetworkAddress other) {
    return other.bytes.length == bytes.length
        && other.prefixLength >= prefixLength
        && new NetworkAddress(other.bytes, prefixLength).equals(this);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof NetworkAddress that
        && prefixLength == that.prefixLength
        && Arrays.equals(bytes, that.bytes);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(bytes) + prefixLength;
  }

  @Override
  public String toString() {
    try {
      String text = InetAddress.getByAddress(bytes).getHostAddress();
      return prefixLength == bytes.length * 8 ? text : text + "/" + prefixLength;
    } catch (UnknownHostException e) {
      throw new IllegalStateException("an address has 4 or 16 bytes", e);
    }
  }
}

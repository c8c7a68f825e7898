package io.coatcheck.session.servlet;

import jakarta.servlet.http.HttpServletRequest;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/**
 * The proxies whose {@code X-Forwarded-For} is trusted. With none, the client's address is the one
 * that the container reports. Immutable.
 */
final class TrustedProxies {

  private static final String HEADER = "X-Forwarded-For";

  /** No request passes more proxies than this; earlier hops were written by the client. */
  private static final int MAX_HOPS = 16;

  private final List<NetworkAddress> ranges;

  TrustedProxies(List<NetworkAddress> ranges) {
    this.ranges = List.copyOf(ranges);
  }

  /**
   * Finds the address of the client: the last hop that is not a trusted proxy, as reported by a
   * trusted proxy or the container.
   *
   * @return empty if the container reports no IP address
   */
  Optional<NetworkAddress> clientOf(HttpServletRequest request) {
    String remote = request.getRemoteAddr();
    Optional<NetworkAddress> client =
        remote == null ? Optional.empty() : NetworkAddress.parse(remote);
    if (ranges.isEmpty()) {
      return client;
    }
    Deque<String> hops = hops(request);
    while (client.isPresent() && isTrusted(client.get()) && !hops.isEmpty()) {
      Optional<NetworkAddress> before = NetworkAddress.parse(hops.removeLast());
      if (before.isEmpty()) {
        return client;
      }
      client = before;
    }
    return client;
  }

  /** Returns the last hops of the header lines, in order. */
  private static Deque<String> hops(HttpServletRequest request) {
    List<String> all = new ArrayList<>();
    for (String line : Collections.list(request.getHeaders(HEADER))) {
      Collections.addAll(all, line.split(",", -1));
    }
    return new ArrayDeque<>(all.subList(Math.max(0, all.size() - MAX_HOPS), all.size()));
  }

  private boolean isTrusted(NetworkAddress address) {
    return ranges.stream().anyMatch(range -> range.contains(address));
  }
}

package io.coatcheck.session.servlet;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.coatcheck.session.store.SessionStoreException;
import jakarta.servlet.http.HttpServletRequest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Limits how many anonymous sessions a client may begin per second. A request beyond the limit is
 * answered 429 with {@code Retry-After}: nothing is stored and no cookie is sent. Sessions count
 * when they are about to be stored, so visitors without a stored session do not count. Logins,
 * users whom the container has authenticated, and requests in existing sessions are never refused.
 *
 * <p>A client is an IPv4 address, or the first 64 bits of an IPv6 one, as the container reports it.
 * Behind a proxy all clients share the proxy's address unless it is {@linkplain
 * Builder#trustedProxies trusted} to report theirs, or the container is configured to trust it. All
 * users of one address, such as an office or a mobile network, share one limit: choose it for
 * those.
 *
 * <p>It limits each client, not all clients together: the store limits the sessions of many
 * clients. Its memory is bounded. When there are more clients than it remembers, infrequent ones
 * are forgotten, and begin again with {@link Builder#burst}. Each node counts separately. Time
 * comes from the clock of the session manager. Thread-safe; may be shared by several filters.
 *
 * @since 0.1.0
 */
public final class FloodGuard {

  private static final Logger LOG = LoggerFactory.getLogger(FloodGuard.class);

  private static final int MAX_SESSIONS = 1_000_000;
  private static final long NANOS_PER_SECOND = TimeUnit.SECONDS.toNanos(1);
  private static final Duration LOG_INTERVAL = Duration.ofMinutes(1);

  private final int perSecond;

  /** The time after which one more session may begin, and the time that a whole burst takes up. */
  private final long interval;

  private final long burstTime;
  private final TrustedProxies proxies;

  /** The time until which each client is busy with the sessions that it began; in nanoseconds. */
  private final Cache<Client, Long> busyUntil;

  // Guarded by this.
  private Instant lastLogged = Instant.MIN;
  private long refused;

  private FloodGuard(Builder builder) {
    perSecond = builder.perSecond;
    interval = NANOS_PER_SECOND / builder.perSecond;
    burstTime = interval * builder.burst;
    proxies = new TrustedProxies(builder.trusted);
    busyUntil = Caffeine.newBuilder().maximumSize(builder.maximumClients).build();
  }

  /**
   * Begins a guard with the defaults.
   *
   * @param perSecond how many sessions a client may begin per second in the long run, 1 to
   *     1,000,000
   * @throws IllegalArgumentException if it is out of range
   */
  public static Builder builder(int perSecond) {
    return new Builder(perSecond);
  }

  /**
   * Returns a number of sessions, per second or at once, after a range check.
   *
   * @param setting the name of the setting, for the message
   * @throws IllegalArgumentException if it is not 1 to 1,000,000
   */
  static int sessions(String setting, long value) {
    return inRange(setting, value, MAX_SESSIONS);
  }

  private static int inRange(String setting, long value, int most) {
    if (value < 1 || value > most) {
      throw new IllegalArgumentException(setting + " must be between 1 and " + most + ": " + value);
    }
    return (int) value;
  }

  /**
   * The clients that share one limit.
   *
   * @param prefix of the address; empty for all clients whose address the container does not report
   */
  record Client(Optional<NetworkAddress> prefix) {

    /** Returns the prefix, for the log. */
    @Override
    public String toString() {
      return prefix.map(NetworkAddress::toString).orElse("unknown");
    }
  }

  /** Returns the client of a request, for {@link #admit}. */
  Client clientOf(HttpServletRequest request) {
    return new Client(proxies.clientOf(request).map(NetworkAddress::clientPrefix));
  }

  /**
   * Admits one new session.
   *
   * @param client as {@link #clientOf} returned it
   * @throws SessionStoreException if the client begins too many, which is logged once a minute
   */
  void admit(Client client, Instant now) {
    long moment = TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano();
    long[] wait = new long[1];
    busyUntil
        .asMap()
        .compute(
            client,
            (key, known) -> {
              long before = known == null ? moment : Math.max(known, moment);
              // A time further ahead was written before the clock stepped back.
              long busy = Math.min(before, moment + burstTime);
              wait[0] = busy + interval - moment - burstTime;
              return wait[0] > 0 ? busy : busy + interval;
            });
    if (wait[0] > 0) {
      logRefusal(client, now);
      throw new TooManySessions(Duration.ofNanos(wait[0]));
    }
  }

  private void logRefusal(Client client, Instant now) {
    long count;
    synchronized (this) {
      refused++;
      boolean isDue =
          lastLogged.equals(Instant.MIN) || !now.isBefore(lastLogged.plus(LOG_INTERVAL));
      // A clock that stepped back must not silence it for ever.
      if (!isDue && !now.plus(LOG_INTERVAL).isBefore(lastLogged)) {
        return;
      }
      lastLogged = now;
      count = refused;
      refused = 0;
    }
    LOG.warn(
        "Refused to begin anonymous sessions: {} since the last line like this, the latest for {}."
            + " A client may begin {} a second",
        count,
        client,
        perSecond);
  }

  /** Returns the approximate number of remembered clients. */
  long clients() {
    busyUntil.cleanUp();
    return busyUntil.estimatedSize();
  }

  /** Builds a guard. Not thread-safe. */
  public static final class Builder {

    private final int perSecond;
    private int burst;
    private int maximumClients = 100_000;
    private final List<NetworkAddress> trusted = new ArrayList<>();

    private Builder(int perSecond) {
      this.perSecond = FloodGuard.sessions("perSecond", perSecond);
      burst = perSecond;
    }

    /**
     * Sets how many sessions a client may begin at once, if it began none for a while. Default: the
     * number per second.
     *
     * @param sessions 1 to 1,000,000
     * @throws IllegalArgumentException if it is out of range
     */
    public Builder burst(int sessions) {
      burst = FloodGuard.sessions("burst", sessions);
      return this;
    }

    /**
     * Adds proxies whose {@code X-Forwarded-For} is trusted. Of several hops, the last one that is
     * not a trusted proxy is the client; what clients write themselves comes before that and is
     * ignored. A trusted proxy must add to the header or replace it. Default: none, and the header
     * is not read.
     *
     * @param addresses of proxies, such as {@code 10.0.0.7} or {@code fd00::/8}
     * @throws IllegalArgumentException if one is neither an IP address nor a range
     */
    public Builder trustedProxies(String... addresses) {
      for (String address : addresses) {
        trusted.add(NetworkAddress.range("trustedProxies", address));
      }
      return this;
    }

    /**
     * Sets how many clients are remembered, at about 150 bytes each. Default: 100,000.
     *
     * @param clients 1 to 10,000,000
     * @throws IllegalArgumentException if it is out of range
     */
    public Builder maximumClients(int clients) {
      maximumClients = inRange("maximumClients", clients, 10_000_000);
      return this;
    }

    /** Makes the guard. */
    public FloodGuard build() {
      return new FloodGuard(this);
    }
  }

  /**
   * A new session was not stored, because its client begins too many. To the application it looks
   * like any failed save; the client gets 429 instead of 503.
   */
  static final class TooManySessions extends SessionStoreException {

    private static final long serialVersionUID = 1L;

    private final Duration retryAfter;

    TooManySessions(Duration retryAfter) {
      super("the flood guard refused to begin an anonymous session");
      this.retryAfter = retryAfter;
    }

    /** Returns after how many seconds to try again, at least one. */
    long retryAfterSeconds() {
      return Math.max(1, retryAfter.plusMillis(999).toSeconds());
    }
  }
}

package io.coatcheck.benchmarks;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.coatcheck.session.token.SessionToken;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The least cost of any session with a hashed secret: scan the cookie line, hash the secret, one
 * look into Caffeine, compare. It has no filter, no deadlines, no activity and no events.
 */
final class Floor implements Contestant {

  static final String COOKIE = "session";

  private static final String PREFIX = COOKIE + "=";
  private static final int ID_LENGTH = 36;

  private static final class Entry {
    private final byte[] hash;
    private final Map<String, String> attributes;

    Entry(byte[] hash, Map<String, String> attributes) {
      this.hash = hash;
      this.attributes = attributes;
    }
  }

  private final Cache<String, Entry> cache;
  private final String[] cookies;
  private final MessageDigest digest;

  private Floor(Cache<String, Entry> cache, String[] cookies) {
    this.cache = cache;
    this.cookies = cookies;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  Floor(int sessions) {
    this(Caffeine.newBuilder().maximumSize(4L * sessions).build(), new String[sessions]);
    Population population = new Population(sessions);
    for (int i = 0; i < sessions; i++) {
      SessionToken token = population.token(i);
      String value = token.value();
      cookies[i] = Cookies.line(COOKIE, value);
      cache.put(
          token.id().toString(),
          new Entry(
              hash(value),
              Map.of(
                  Workload.PRINCIPAL,
                  Workload.principal(i),
                  Workload.LOCALE,
                  Workload.locale(i),
                  Workload.CART,
                  Workload.cart(i))));
    }
  }

  private byte[] hash(String value) {
    return digest.digest(value.substring(ID_LENGTH + 1).getBytes(StandardCharsets.ISO_8859_1));
  }

  @Override
  public @Nullable Object read(int session) {
    return principal(cookies[session]);
  }

  /** Returns the principal of the session that a {@code Cookie} line names, or null. */
  @Nullable String principal(String cookie) {
    String value = Cookies.value(cookie, PREFIX);
    byte[] hash = hash(value);
    Entry entry = cache.getIfPresent(value.substring(0, ID_LENGTH));
    return entry != null && MessageDigest.isEqual(entry.hash, hash)
        ? entry.attributes.get(Workload.PRINCIPAL)
        : null;
  }

  @Override
  public Floor forAnotherThread() {
    return new Floor(cache, cookies);
  }

  @Override
  public void close() {
    cache.invalidateAll();
  }
}

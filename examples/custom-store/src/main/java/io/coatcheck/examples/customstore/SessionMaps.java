package io.coatcheck.examples.customstore;

import io.coatcheck.session.store.DamagedSessionException;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.StoredSessionCodec;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.MVStoreException;
import org.h2.mvstore.type.ByteArrayDataType;
import org.h2.mvstore.type.DataType;
import org.h2.mvstore.type.StringDataType;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Three maps in a file: sessions by id, and two indexes to them. An index entry is written before
 * the session that it leads to, and removed after it. So a crash in between leaves at worst an
 * entry that leads nowhere, which is passed over, and no session without an entry.
 */
final class SessionMaps {

  private static final Logger LOG = LoggerFactory.getLogger(SessionMaps.class);
  static final long STEP_BYTES = 16 << 20;

  private final MVStore store;
  final MVMap<String, byte[]> sessions;

  /**
   * Keys are the moment of expiry, as 16 hex digits, and the id: what expires first comes first.
   */
  private final MVMap<String, String> byExpiry;

  final PrincipalKeys byPrincipal;
  volatile boolean closed;

  SessionMaps(MVStore store) {
    this.store = store;
    sessions = store.openMap("sessions", keyed(ByteArrayDataType.INSTANCE));
    byExpiry = store.openMap("sessions by expiry", keyed(StringDataType.INSTANCE));
    byPrincipal =
        new PrincipalKeys(store.openMap("sessions by principal", keyed(StringDataType.INSTANCE)));
  }

  private static <T> MVMap.Builder<String, T> keyed(DataType<T> values) {
    return new MVMap.Builder<String, T>().keyType(StringDataType.INSTANCE).valueType(values);
  }

  /** Makes a call. A failure of the engine becomes the one exception that callers know. */
  <T> T call(String operation, Supplier<T> call) {
    if (closed || store.isClosed()) {
      throw new SessionStoreException(operation + ": the store is closed");
    }
    try {
      return call.get();
    } catch (MVStoreException failure) {
      throw new SessionStoreException(operation + " failed", failure);
    }
  }

  /** Makes a change while no other change is made, and writes it to the file before it returns. */
  <T> T change(String operation, Supplier<T> change) {
    return call(
        operation,
        () -> {
          // The engine has one such object for each file, whichever store asks for it.
          synchronized (sessions) {
            T result = change.get();
            store.commit();
            return result;
          }
        });
  }

  /**
   * Reads a session. A damaged one counts as absent; for a newer format, an exception is thrown.
   */
  Optional<StoredSession> read(String id) {
    return read(id, DamagedSessionException.class);
  }

  /** Reads a session that may be removed: it goes even if only newer releases can read it. */
  Optional<StoredSession> peek(String id) {
    return read(id, SessionStoreException.class);
  }

  private Optional<StoredSession> read(String id, Class<?> absence) {
    try {
      return Optional.ofNullable(sessions.get(id)).map(StoredSessionCodec::read);
    } catch (SessionStoreException unreadable) {
      if (!absence.isInstance(unreadable)) {
        throw unreadable;
      }
      LOG.warn("A session counts as absent: {}", unreadable.getMessage());
      return Optional.empty();
    }
  }

  /** Stores a session in place of the stored one, which is null for a new session. */
  StoredSession put(@Nullable StoredSession stored, StoredSession next) {
    byte[] bytes = StoredSessionCodec.write(next);
    byExpiry.put(expiryKey(next), "");
    byPrincipal.add(next);
    sessions.put(next.id().toString(), bytes);
    if (stored != null && !expiryKey(stored).equals(expiryKey(next))) {
      byExpiry.remove(expiryKey(stored));
    }
    if (stored != null && !stored.principal().equals(next.principal())) {
      byPrincipal.remove(stored);
    }
    return next;
  }

  /** Removes a session in any state, and returns it if it can be read. */
  Optional<StoredSession> remove(String id) {
    Optional<StoredSession> last = peek(id);
    remove(id, last);
    return last;
  }

  /** Removes a session that {@link #peek} was called for. */
  void remove(String id, Optional<StoredSession> last) {
    sessions.remove(id);
    last.ifPresent(session -> byExpiry.remove(expiryKey(session)));
    last.ifPresent(byPrincipal::remove);
  }

  /**
   * The result of a step.
   *
   * @param gone the removed sessions that could be read
   * @param number how many sessions were removed
   * @param isLast whether nothing is left to do
   */
  record Step(List<StoredSession> gone, int number, boolean isLast) {}

  /** Removes sessions that expire at a moment or before it, as many as may be held in memory. */
  Step removeExpired(long moment, int most) {
    List<StoredSession> gone = new ArrayList<>();
    int number = 0;
    long size = 0;
    String first = byExpiry.firstKey();
    while (isUpTo(moment, first) && number < most && size < STEP_BYTES) {
      String id = first.substring(Long.BYTES * 2);
      Optional<StoredSession> last = peek(id);
      // A session that cannot be read expires when its entry says.
      if (sessions.containsKey(id)
          && last.map(SessionMaps::expiryKey).orElse(first).equals(first)) {
        remove(id, last);
        last.ifPresent(gone::add);
        number++;
        size += last.map(SessionMaps::size).orElse(0L);
      }
      byExpiry.remove(first);
      first = byExpiry.firstKey();
    }
    return new Step(gone, number, !isUpTo(moment, first));
  }

  /** Returns how many bytes the attributes take. */
  static long size(StoredSession session) {
    return session.attributes().values().stream().mapToLong(value -> value.bytes().length).sum();
  }

  private static boolean isUpTo(long moment, @Nullable String key) {
    return key != null && HexFormat.fromHexDigitsToLong(key, 0, Long.BYTES * 2) <= moment;
  }

  private static String expiryKey(StoredSession session) {
    return HexFormat.of().toHexDigits(session.expiresAtMillis()) + session.id();
  }
}

package io.coatcheck.session.redis;

import static io.coatcheck.session.redis.SessionRecord.text;

import io.coatcheck.session.background.Operation;
import io.coatcheck.session.store.DamagedSessionException;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sessions whose keys have one hash tag, on the server that has them. It runs the operations on
 * a single session.
 *
 * @param redis for what needs no confirmation
 * @param writes for logins and ends of sessions
 */
record Bucket(Connection redis, ConfirmedWrites writes, Keys keys) implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(RedisSessionStore.class);

  /** The result of {@code update.lua} if there is a new secret, which replicas must confirm. */
  private static final long RENEWS = -2;

  private static final byte[] ANY_GENERATION = new byte[0];

  void insert(StoredSession session) {
    SessionId id = session.id();
    Operation operation = new Operation("insert", id);
    byte[] record = SessionRecord.write(session, session.version());
    Call call = Call.of(operation, Script.INSERT, keysOf(id), Keys.bytes(id), record);
    long stored =
        session.principal().isPresent()
            ? writes.<Long>run(call, Bucket::isStored).get()
            : redis.<Long>run(call);
    if (stored == 0) {
      throw exists(operation);
    }
  }

  private static boolean isStored(long answer) {
    return answer == 1;
  }

  static SessionStoreException exists(Operation operation) {
    return new SessionStoreException(operation + " failed: the id exists already");
  }

  static SessionStoreException lastVersion(Operation operation) {
    return new SessionStoreException(operation + " failed: it has the last possible version");
  }

  Optional<StoredSession> find(SessionId id) {
    byte[] record =
        redis.<byte @Nullable []>resolve(
            new Operation("find", id), commands -> commands.get(keys.record(id)));
    if (record == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(SessionRecord.read(record, id));
    } catch (DamagedSessionException damaged) {
      DamagedRecords.log(id, damaged);
      return Optional.empty();
    }
  }

  boolean update(StoredSession session, Instant now) {
    Moment moment = new Moment(now);
    boolean hasNext = session.version() < Long.MAX_VALUE;
    byte[] record = SessionRecord.write(session, hasNext ? session.version() + 1 : Long.MAX_VALUE);
    long stored = redis.<Long>run(update(session, record, moment, !writes.areWanted()));
    if (stored == RENEWS) {
      // Nothing was stored: whether a secret is new is known only where the old one is.
      stored = writes.<Long>run(update(session, record, moment, true), Bucket::isStored).get();
    }
    if (stored < 0) {
      throw lastVersion(new Operation("update", session.id()));
    }
    return stored == 1;
  }

  private Call update(StoredSession session, byte[] record, Moment now, boolean mayRenew) {
    return new Call(
        new Operation("update", session.id()),
        Script.UPDATE,
        keysOf(session.id()),
        () ->
            new byte[][] {
              Keys.bytes(session.id()),
              record,
              SessionRecord.bytes(session.version()),
              now.text(),
              text(session.version() < Long.MAX_VALUE ? 1 : 0),
              text(mayRenew ? 1 : 0)
            });
  }

  boolean touch(SessionId id, Instant lastSeenAt, Instant now) {
    Operation operation = new Operation("touch", id);
    long touched = redis.<Long>run(touching(operation, id, lastSeenAt, new Moment(now)));
    if (touched < 0) {
      throw RedisFailure.newer(operation);
    }
    return touched == 1;
  }

  /** Returns the run of the script that touches a session. */
  Call touching(Operation operation, SessionId id, Instant lastSeenAt, Moment now) {
    long seen = StoredSession.millisOf(lastSeenAt, "lastSeenAt");
    return new Call(
        operation,
        Script.TOUCH,
        List.of(keys.record(id)),
        () -> new byte[][] {text(seen), SessionRecord.bytes(seen), now.text()});
  }

  Optional<StoredSession> delete(SessionId id) {
    return delete(id, ANY_GENERATION);
  }

  Optional<StoredSession> delete(SessionId id, long generation) {
    byte[] number = SessionRecord.bytes(generation);
    if (generation < 0) {
      // No session has it, but an earlier deletion may not be confirmed yet.
      confirmDeletion(id, number);
      return Optional.empty();
    }
    return delete(id, number);
  }

  private Optional<StoredSession> delete(SessionId id, byte[] generation) {
    byte[] record = writes.<byte @Nullable []>run(deletion(id, generation), answer -> true).get();
    return record == null ? Optional.empty() : readEnded(record);
  }

  /**
   * Waits until replicas have an earlier deletion of a session. The session may never have existed.
   */
  private void confirmDeletion(SessionId id, byte[] noGeneration) {
    byte[] unused = writes.<byte @Nullable []>confirm(deletion(id, noGeneration)).get();
  }

  private Call deletion(SessionId id, byte[] generation) {
    return Call.of(
        new Operation("delete", id),
        Script.DELETE,
        confirmed(keysOf(id)),
        Keys.bytes(id),
        generation);
  }

  /**
   * Reads a session that an operation has ended. The operation is done, and its caller must learn
   * that: no later one finds the session. So no failure to read it is thrown.
   */
  static Optional<StoredSession> readEnded(byte[] record) {
    return readEnded(record, SessionRecord::read);
  }

  /** Reads a session that an operation has ended, by a reader that may fail in any way. */
  static Optional<StoredSession> readEnded(byte[] record, Function<byte[], StoredSession> reader) {
    try {
      return readDeleted(record, reader);
    } catch (RuntimeException | Error failure) { // Such as a lack of memory.
      LOG.error("Reading a session that has ended failed, so listeners are not notified", failure);
      return Optional.empty();
    }
  }

  /**
   * Reads a deleted session, with or without its attributes. If it cannot be read, it is logged and
   * not handed over. If reading it fails for another reason, such as a lack of memory, it is handed
   * over without attributes.
   *
   * @throws RuntimeException or {@link Error} if that fails too
   */
  static Optional<StoredSession> readDeleted(
      byte[] record, Function<byte[], StoredSession> reader) {
    try {
      return Optional.of(reader.apply(record));
    } catch (SessionStoreException unreadable) {
      LOG.warn(
          "A deleted session could not be read, so listeners are not notified: {}",
          unreadable.getMessage());
      return Optional.empty();
    } catch (RuntimeException | Error failure) {
      StoredSession session = withoutAttributes(record, failure);
      if (session == null) {
        throw failure;
      }
      LOG.error(
          "Session {} is deleted without attributes, since reading them failed",
          session.id(),
          failure);
      return Optional.of(session);
    }
  }

  private static @Nullable StoredSession withoutAttributes(byte[] record, Throwable failure) {
    try {
      return SessionRecord.readWithoutAttributes(SessionRecord.beforeAttributes(record));
    } catch (RuntimeException | Error second) {
      Failures.add(failure, second);
      return null;
    }
  }

  /**
   * If confirmation is required, adds the key that a script writes when it finds nothing to end.
   */
  List<byte[]> confirmed(List<byte[]> others) {
    if (!writes.areWanted()) {
      return others;
    }
    List<byte[]> all = new ArrayList<>(others);
    all.add(keys.confirmation());
    return all;
  }

  private List<byte[]> keysOf(SessionId id) {
    return List.of(keys.record(id), keys.expiry(), keys.principals(), keys.changes());
  }

  @Override
  public void close() {
    Failures.runEach(List.of(redis::close, writes::close));
  }
}

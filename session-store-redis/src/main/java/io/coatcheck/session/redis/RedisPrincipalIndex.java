package io.coatcheck.session.redis;

import static io.coatcheck.session.redis.SessionRecord.text;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.coatcheck.session.store.DamagedSessionException;
import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.HandOver;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import io.lettuce.core.Limit;
import io.lettuce.core.Range;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds and ends the sessions of a principal, in pages of their ids. */
final class RedisPrincipalIndex implements PrincipalIndex {

  private static final Logger LOG = LoggerFactory.getLogger(RedisSessionStore.class);
  private static final byte[] ANY = new byte[0];

  /** Those that were authenticated longest ago first; of two, the one with the smaller id. */
  private static final Comparator<StoredSession> OLDEST_FIRST =
      Comparator.comparing((StoredSession session) -> session.authenticatedAt().orElseThrow())
          .thenComparing(StoredSession::id);

  private final Connection redis;
  private final Keys keys;

  RedisPrincipalIndex(Connection redis, Keys keys) {
    this.redis = redis;
    this.keys = keys;
  }

  @Override
  public List<StoredSession> findByPrincipal(
      String principal, @Nullable SessionId after, int limit) {
    if (limit < 1 || limit > MAX_PAGE) {
      throw new IllegalArgumentException("limit must be from 1 to " + MAX_PAGE + ": " + limit);
    }
    List<StoredSession> page = new ArrayList<>();
    if (!canBePrincipal(principal)) {
      return page;
    }
    SessionId last = after;
    while (page.size() < limit) {
      int asked = limit - page.size();
      List<Object> answer = listed(principal, last, asked);
      for (int i = 0; i < answer.size(); i += 2) {
        last = Keys.id((byte[]) answer.get(i));
        try {
          page.add(SessionRecord.readWithoutAttributes((byte[]) answer.get(i + 1)));
        } catch (DamagedSessionException damaged) {
          LOG.warn("Session {} counts as absent: {}", last, damaged.getMessage());
        }
      }
      if (answer.size() < 2 * asked) {
        return page;
      }
    }
    return page;
  }

  private List<Object> listed(String principal, @Nullable SessionId after, int limit) {
    byte[] from =
        after == null ? "-".getBytes(UTF_8) : Keys.concat("(".getBytes(UTF_8), Keys.bytes(after));
    return redis.runForList(
        new Operation("findByPrincipal"),
        Script.LIST,
        List.of(keys.principal(principal), keys.records()),
        from,
        text(limit));
  }

  /** Text that is no Unicode would be written as other text. */
  private static boolean canBePrincipal(String text) {
    return UTF_8.newEncoder().canEncode(text);
  }

  @Override
  public int deleteByPrincipal(String principal, Set<SessionId> except, DeletedSessions deleted) {
    if (!canBePrincipal(principal)) {
      return 0;
    }
    Revocation revocation = new Revocation("deleteByPrincipal", principal, null, deleted);
    try {
      byte[] last = ANY;
      List<byte[]> ids;
      do {
        byte[] after = last;
        Range<byte[]> range =
            after.length == 0
                ? Range.unbounded()
                : Range.from(Range.Boundary.excluding(after), Range.Boundary.unbounded());
        ids =
            redis.run(
                revocation.operation,
                commands ->
                    commands.zrangebylex(
                        keys.principal(principal), range, Limit.from(Step.MAX_SESSIONS)));
        List<byte[]> chosen = new ArrayList<>();
        for (byte[] id : ids) {
          last = id;
          if (!except.contains(Keys.id(id))) {
            chosen.add(id);
            chosen.add(ANY);
          }
        }
        revocation.end(chosen);
      } while (ids.size() == Step.MAX_SESSIONS);
    } catch (SessionStoreException failure) {
      revocation.handOver.addTo(failure);
      throw failure;
    }
    revocation.handOver.finish();
    return revocation.count;
  }

  @Override
  public int deleteOldest(String principal, int keep, Instant now, DeletedSessions deleted) {
    if (keep < 1) {
      throw new IllegalArgumentException("keep must be at least 1: " + keep);
    }
    StoredSession.millisOf(now, "now");
    if (!canBePrincipal(principal)) {
      return 0;
    }
    StoredSession oldestKept = oldestKept(principal, keep, now);
    if (oldestKept == null) {
      return 0;
    }
    Revocation revocation = new Revocation("deleteOldest", principal, now, deleted);
    try {
      SessionId last = null;
      List<StoredSession> page;
      do {
        page = findByPrincipal(principal, last, MAX_PAGE);
        List<byte[]> chosen = new ArrayList<>();
        for (StoredSession session : page) {
          last = session.id();
          if (OLDEST_FIRST.compare(session, oldestKept) < 0) {
            chosen.add(Keys.bytes(session.id()));
            chosen.add(SessionRecord.authenticatedAt(session));
          }
        }
        revocation.end(chosen);
      } while (page.size() == MAX_PAGE);
    } catch (SessionStoreException failure) {
      revocation.handOver.addTo(failure);
      throw failure;
    }
    revocation.handOver.finish();
    return revocation.count;
  }

  /** Returns the oldest of the sessions to keep, or null if there is no surplus. */
  private @Nullable StoredSession oldestKept(String principal, int keep, Instant now) {
    PriorityQueue<StoredSession> kept = new PriorityQueue<>(OLDEST_FIRST);
    boolean isSurplus = false;
    SessionId last = null;
    List<StoredSession> page;
    do {
      page = findByPrincipal(principal, last, MAX_PAGE);
      for (StoredSession session : page) {
        last = session.id();
        if (!session.isExpiredAt(now)) {
          kept.add(session);
          if (kept.size() > keep) {
            kept.remove();
            isSurplus = true;
          }
        }
      }
    } while (page.size() == MAX_PAGE);
    return isSurplus ? kept.peek() : null;
  }

  /** The end of sessions of a principal, in steps. */
  private final class Revocation {
    private final Operation operation;
    private final String principal;
    private final byte[] unexpiredAt;
    private final DeletedSessions deleted;
    private final HandOver handOver;
    private int count;

    Revocation(
        String name, String principal, @Nullable Instant unexpiredAt, DeletedSessions deleted) {
      operation = new Operation(name);
      this.principal = principal;
      this.unexpiredAt = unexpiredAt == null ? ANY : text(unexpiredAt.toEpochMilli());
      this.deleted = deleted;
      handOver = new HandOver(deleted);
    }

    /** Ends sessions: each is an id and the moment of authentication that it must still have. */
    void end(List<byte[]> chosen) {
      int step = 2 * Step.MAX_SESSIONS;
      for (int begin = 0; begin < chosen.size(); ) {
        List<byte[]> part = chosen.subList(begin, Math.min(begin + step, chosen.size()));
        List<byte[]> arguments = new ArrayList<>();
        arguments.add(principal.getBytes(UTF_8));
        arguments.add(text(deleted.needAttributes() ? 1 : 0));
        arguments.add(text(Step.MAX_BYTES));
        arguments.add(unexpiredAt);
        arguments.addAll(part);
        Step done =
            Step.of(
                redis.runForList(
                    operation,
                    Script.REVOKE,
                    List.of(keys.expiry(), keys.records(), keys.principals(), keys.changes()),
                    arguments.toArray(byte[][]::new)));
        count += done.records().size();
        done.records().forEach(this::handOver);
        begin += 2 * done.lookedAt();
      }
    }

    private void handOver(byte[] record) {
      try {
        handOver.accept(
            deleted.needAttributes()
                ? SessionRecord.read(record)
                : SessionRecord.readWithoutAttributes(record));
      } catch (SessionStoreException unreadable) {
        LOG.warn("A session was deleted that cannot be reported: {}", unreadable.getMessage());
      }
    }
  }
}

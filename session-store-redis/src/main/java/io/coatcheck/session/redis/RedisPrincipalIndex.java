package io.coatcheck.session.redis;

import static io.coatcheck.session.redis.SessionRecord.text;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.PrincipalIndex;
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

/** Finds and ends the sessions of a principal, in pages of their ids. */
final class RedisPrincipalIndex implements PrincipalIndex {

  /**
   * Sessions that were authenticated longest ago come first; of two with the same moment, the
   * smaller id.
   */
  private static final Comparator<StoredSession> OLDEST_FIRST =
      Comparator.comparing((StoredSession session) -> session.authenticatedAt().orElseThrow())
          .thenComparing(StoredSession::id);

  private final Buckets buckets;

  RedisPrincipalIndex(Buckets buckets) {
    this.buckets = buckets;
  }

  @Override
  public List<StoredSession> findByPrincipal(
      String principal, @Nullable SessionId after, int limit) {
    if (limit < 1 || limit > MAX_PAGE) {
      throw new IllegalArgumentException("limit must be from 1 to " + MAX_PAGE + ": " + limit);
    }
    if (!canBePrincipal(principal)) {
      return new ArrayList<>();
    }
    List<Listing> listings = new ArrayList<>();
    for (Bucket bucket : buckets.all()) {
      listings.add(new Listing(bucket, principal, after, limit));
    }
    if (listings.size() == 1) {
      return listings.get(0).page();
    }
    List<StoredSession> merged = new ArrayList<>();
    listings.forEach(listing -> merged.addAll(listing.page()));
    merged.sort(Comparator.comparing(StoredSession::id));
    return new ArrayList<>(merged.subList(0, Math.min(limit, merged.size())));
  }

  /** Text that is not valid Unicode would be written as different text. */
  private static boolean canBePrincipal(String text) {
    return UTF_8.newEncoder().canEncode(text);
  }

  @Override
  public int deleteByPrincipal(String principal, Set<SessionId> except, DeletedSessions deleted) {
    if (!canBePrincipal(principal)) {
      return 0;
    }
    Revocation revocation = new Revocation(buckets, "deleteByPrincipal", principal, null, deleted);
    revocation.run(bucket -> new EndingAll(revocation, bucket, except));
    return revocation.count();
  }

  /** Ends all sessions of a principal except some. */
  private static final class EndingAll extends Revocation.Ending {
    private final Set<SessionId> except;
    private byte[] last = Revocation.ANY;
    private @Nullable Sent<List<byte[]>> sent;

    EndingAll(Revocation revocation, Bucket bucket, Set<SessionId> except) {
      super(revocation, bucket);
      this.except = except;
    }

    @Override
    void ask() {
      sent = bucket.redis().send(revocation.operation, page());
    }

    private Command<List<byte[]>> page() {
      Range<byte[]> range =
          last.length == 0
              ? Range.unbounded()
              : Range.from(Range.Boundary.excluding(last), Range.Boundary.unbounded());
      byte[] key = bucket.keys().principal(revocation.principal);
      return commands -> commands.zrangebylex(key, range, Limit.from(Step.MAX_SESSIONS));
    }

    @Override
    boolean read(List<byte[]> ending) {
      List<byte[]> ids = bucket.redis().finish(revocation.operation, page(), requireNonNull(sent));
      for (byte[] id : ids) {
        last = id;
        if (!except.contains(Keys.id(id))) {
          ending.add(id);
          ending.add(Revocation.ANY);
        }
      }
      return ids.size() == Step.MAX_SESSIONS;
    }

    /**
     * The script fails on a replica, and lets replicas confirm the ends of an earlier revocation.
     */
    @Override
    boolean isConfirmed() {
      return true;
    }
  }

  @Override
  public int deleteOldest(String principal, int keep, Instant now, DeletedSessions deleted) {
    if (keep < 1) {
      throw new IllegalArgumentException("keep must be at least 1: " + keep);
    }
    Moment asked = new Moment(now);
    if (!canBePrincipal(principal)) {
      return 0;
    }
    StoredSession oldestKept = oldestKept(principal, keep, now);
    if (oldestKept == null) {
      return 0;
    }
    Revocation revocation = new Revocation(buckets, "deleteOldest", principal, asked, deleted);
    revocation.run(bucket -> new EndingOlder(revocation, bucket, oldestKept));
    return revocation.count();
  }

  /** Ends the sessions of a principal that are older than a given one. */
  private static final class EndingOlder extends Revocation.Ending {
    private final StoredSession oldestKept;
    private @Nullable SessionId last;
    private @Nullable Listing listing;

    EndingOlder(Revocation revocation, Bucket bucket, StoredSession oldestKept) {
      super(revocation, bucket);
      this.oldestKept = oldestKept;
    }

    @Override
    void ask() {
      listing = new Listing(bucket, revocation.principal, last, MAX_PAGE);
    }

    @Override
    boolean read(List<byte[]> ending) {
      List<StoredSession> page = requireNonNull(listing).page();
      for (StoredSession session : page) {
        last = session.id();
        if (OLDEST_FIRST.compare(session, oldestKept) < 0) {
          ending.add(Keys.bytes(session.id()));
          ending.add(SessionRecord.authenticatedAt(session));
        }
      }
      return page.size() == MAX_PAGE;
    }

    @Override
    boolean isConfirmed() {
      return false;
    }
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
}

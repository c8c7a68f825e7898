package io.coatcheck.session.redis;

import static io.coatcheck.session.redis.SessionRecord.text;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.coatcheck.session.background.Operation;
import io.coatcheck.session.store.DamagedSessionException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A page of the sessions of a principal in one bucket. The constructor asks for it, and does not
 * wait for the answer. Used by one thread.
 */
final class Listing {

  private final Bucket bucket;
  private final String principal;
  private final int limit;
  private Call call;
  private Sent<List<Object>> sent;

  Listing(Bucket bucket, String principal, @Nullable SessionId after, int limit) {
    this.bucket = bucket;
    this.principal = principal;
    this.limit = limit;
    call = call(after == null ? "-".getBytes(UTF_8) : behind(after), limit);
    sent = bucket.redis().send(call);
  }

  List<StoredSession> page() {
    List<StoredSession> page = new ArrayList<>();
    int asked = limit;
    while (true) {
      List<Object> answer = bucket.redis().finish(call, sent).value();
      SessionId last = null;
      for (int i = 0; i + 1 < answer.size(); i += 2) {
        last = Keys.id((byte[]) answer.get(i));
        try {
          page.add(SessionRecord.readWithoutAttributes((byte[]) answer.get(i + 1)));
        } catch (DamagedSessionException damaged) {
          DamagedRecords.log(last, damaged);
        }
      }
      byte[] next = next(answer, last, asked);
      if (next == null || page.size() == limit) {
        return page;
      }
      asked = limit - page.size();
      call = call(next, asked);
      sent = bucket.redis().send(call);
    }
  }

  /** Returns where the list continues, or null at its end. */
  private static byte @Nullable [] next(List<Object> answer, @Nullable SessionId last, int asked) {
    if (answer.size() % 2 == 1) {
      return (byte[]) answer.get(answer.size() - 1);
    }
    return last == null || answer.size() < 2 * asked ? null : behind(last);
  }

  private static byte[] behind(SessionId id) {
    return Keys.concat("(".getBytes(UTF_8), Keys.bytes(id));
  }

  private Call call(byte[] from, int most) {
    Keys keys = bucket.keys();
    return Call.of(
        new Operation("findByPrincipal"),
        Script.LIST,
        List.of(keys.principal(principal), keys.records(), keys.changes()),
        from,
        text(most));
  }
}

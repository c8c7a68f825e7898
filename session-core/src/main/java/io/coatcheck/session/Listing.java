package io.coatcheck.session;

import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * Lists the most recently used sessions of a principal. Never holds more than these and one page.
 */
final class Listing {

  private static final Comparator<StoredSession> USED_LAST_FIRST =
      Comparator.comparing(StoredSession::lastSeenAt).reversed().thenComparing(StoredSession::id);

  private final PrincipalIndex index;
  private final Instant now;

  Listing(PrincipalIndex index, Instant now) {
    this.index = index;
    this.now = now;
  }

  List<SessionInfo> of(String principal) {
    // The head is the next to be left out.
    PriorityQueue<StoredSession> listed = new PriorityQueue<>(USED_LAST_FIRST.reversed());
    @Nullable SessionId after = null;
    List<StoredSession> page;
    do {
      page = index.findByPrincipal(principal, after, PrincipalIndex.MAX_PAGE);
      for (StoredSession session : page) {
        after = session.id();
        if (!session.isExpiredAt(now)) {
          listed.add(session);
          if (listed.size() > SessionManager.MAX_LISTED) {
            listed.remove();
          }
        }
      }
    } while (page.size() == PrincipalIndex.MAX_PAGE);
    return listed.stream().sorted(USED_LAST_FIRST).map(SessionInfo::of).toList();
  }
}

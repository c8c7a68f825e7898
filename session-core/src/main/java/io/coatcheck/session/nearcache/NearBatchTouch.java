package io.coatcheck.session.nearcache;

import io.coatcheck.session.store.BatchTouch;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.Map;
import java.util.Set;

/** The store's batch touch; its effects are also shown by the copies. */
final class NearBatchTouch implements BatchTouch {

  private final BatchTouch batches;
  private final CopyTable copies;

  NearBatchTouch(BatchTouch batches, CopyTable copies) {
    this.batches = batches;
    this.copies = copies;
  }

  @Override
  public Set<SessionId> touchAll(Map<SessionId, Instant> lastSeenAt, Instant now) {
    Set<SessionId> touched = batches.touchAll(lastSeenAt, now);
    lastSeenAt.forEach(
        (id, moment) -> {
          if (touched.contains(id)) {
            copies.seen(id, moment);
          } else {
            copies.forget(id);
          }
        });
    return touched;
  }
}

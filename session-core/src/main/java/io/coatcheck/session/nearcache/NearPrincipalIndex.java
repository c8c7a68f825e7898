package io.coatcheck.session.nearcache;

import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/** The store's index; the copies of sessions that it ends are discarded here. */
final class NearPrincipalIndex implements PrincipalIndex {

  private final PrincipalIndex index;
  private final CopyTable copies;

  NearPrincipalIndex(PrincipalIndex index, CopyTable copies) {
    this.index = index;
    this.copies = copies;
  }

  @Override
  public List<StoredSession> findByPrincipal(
      String principal, @Nullable SessionId after, int limit) {
    // Never kept as copies: they have no attributes.
    return index.findByPrincipal(principal, after, limit);
  }

  @Override
  public int deleteByPrincipal(String principal, Set<SessionId> except, DeletedSessions deleted) {
    return forgettingAllOf(
        principal,
        () -> index.deleteByPrincipal(principal, except, forgetting(principal, deleted)));
  }

  @Override
  public int deleteOldest(String principal, int keep, Instant now, DeletedSessions deleted) {
    return forgettingAllOf(
        principal, () -> index.deleteOldest(principal, keep, now, forgetting(principal, deleted)));
  }

  /** Discards the copies even if nothing was deleted: another node may have been first. */
  private int forgettingAllOf(String principal, IntSupplier deletion) {
    try {
      return deletion.getAsInt();
    } finally {
      copies.forgetAllOf(principal);
    }
  }

  /**
   * Discards all copies before the first listener of a step runs, and each session's copy by its id
   * too: it may be from before its principal logged in.
   */
  private DeletedSessions forgetting(String principal, DeletedSessions deleted) {
    return DeletedSessions.of(
        deleted.needAttributes(),
        ended -> {
          copies.forgetAllOf(principal);
          copies.forget(ended.id());
          deleted.accept(ended);
        });
  }
}

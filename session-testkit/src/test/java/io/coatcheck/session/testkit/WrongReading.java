package io.coatcheck.session.testkit;

import io.coatcheck.session.store.CleanUp;
import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.StoredSessionCodec;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Stores that deal wrongly with sessions that cannot be read. */
final class WrongReading {

  static final List<WrongStore> ALL =
      List.of(
          WrongStore.of(
              "Throws for damaged bytes",
              () ->
                  new BrokenStore() {
                    @Override
                    public Optional<StoredSession> find(SessionId id) {
                      byte[] bytes = unreadable.get(id);
                      return bytes == null
                          ? super.find(id)
                          : Optional.of(StoredSessionCodec.read(bytes));
                    }
                  },
              "find_damaged_isEmpty"),
          WrongStore.of(
              "Takes a newer format for absent",
              () ->
                  new BrokenStore() {
                    @Override
                    public Optional<StoredSession> find(SessionId id) {
                      return unreadable.containsKey(id) ? Optional.empty() : super.find(id);
                    }
                  },
              "find_ofANewerFormat_throws"),
          WrongStore.of(
              "Has no stamp of a newer format",
              () ->
                  new BrokenStore() {
                    @Override
                    public Map<SessionId, Stamp> stamps(Set<SessionId> ids) {
                      Map<SessionId, Stamp> stamps = super.stamps(ids);
                      stamps.keySet().removeAll(unreadable.keySet());
                      return stamps;
                    }
                  },
              "stamps_ofANewerFormat_areReturnedOrRefused"),
          WrongStore.of(
              "Reads before it deletes",
              () ->
                  new BrokenStore() {
                    @Override
                    public Optional<StoredSession> delete(SessionId id) {
                      return find(id).isEmpty() ? Optional.empty() : super.delete(id);
                    }
                  },
              "delete_unreadable_deletesAndIsEmpty"),
          WrongStore.of(
              "Stops the clean-up at a session that it cannot read",
              () ->
                  new BrokenStore() {
                    @Override
                    public CleanUp deleteExpired(
                        Instant cutoff, int limit, Consumer<StoredSession> deleted) {
                      if (!unreadable.isEmpty()) {
                        throw new SessionStoreException("deleteExpired: unreadable");
                      }
                      return super.deleteExpired(cutoff, limit, deleted);
                    }
                  },
              "deleteExpired_unreadable_isDeletedAndCounted"),
          WrongStore.of(
              "Counts only what it hands over",
              () ->
                  new BrokenStore() {
                    @Override
                    public int deleteByPrincipal(
                        String principal, Set<SessionId> except, DeletedSessions deleted) {
                      int left = unreadable.size();
                      return super.deleteByPrincipal(principal, except, deleted) - left;
                    }
                  },
              "deleteByPrincipal_unreadable_isDeletedAndCounted"),
          WrongStore.of(
              "Inserts over a session that it cannot read",
              () ->
                  new BrokenStore() {
                    @Override
                    public void insert(StoredSession session) {
                      if (unreadable.remove(session.id()) == null) {
                        super.insert(session);
                      } else {
                        overwrite(session);
                      }
                    }
                  },
              "insert_overUnreadable_throws"),
          WrongStore.of(
              "Ends a page at damaged sessions",
              () ->
                  new BrokenStore() {
                    @Override
                    public List<StoredSession> findByPrincipal(
                        String principal, @Nullable SessionId after, int limit) {
                      List<StoredSession> page =
                          soundIndex.findByPrincipal(principal, after, limit);
                      page.removeIf(session -> readable(Optional.of(session)).isEmpty());
                      return page;
                    }
                  },
              "findByPrincipal_amongDamaged_fillsThePage"));

  private WrongReading() {}
}

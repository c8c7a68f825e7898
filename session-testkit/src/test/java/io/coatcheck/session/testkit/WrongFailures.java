package io.coatcheck.session.testkit;

import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Stores that are wrong when their backend fails. */
final class WrongFailures {

  private static final String FACE = "backendFails_everyOperation_throwsSessionStoreException";

  static final List<WrongStore> ALL =
      List.of(
          WrongStore.of(
              "Lets the exception of the driver out of find",
              () ->
                  new Failing() {
                    @Override
                    public Optional<StoredSession> find(SessionId id) {
                      if (broken) {
                        throw new IllegalStateException("connection refused");
                      }
                      return super.find(id);
                    }
                  },
              FACE),
          WrongStore.of(
              "Finds nothing when it cannot look",
              () ->
                  new Failing() {
                    @Override
                    public Optional<StoredSession> find(SessionId id) {
                      return broken ? Optional.empty() : super.find(id);
                    }
                  },
              FACE),
          WrongStore.of(
              "Answers false when it cannot touch",
              () ->
                  new Failing() {
                    @Override
                    public boolean touch(SessionId id, Instant lastSeenAt, Instant now) {
                      return !broken && super.touch(id, lastSeenAt, now);
                    }
                  },
              FACE),
          WrongStore.of(
              "Lists nothing when it cannot look",
              () ->
                  new Failing() {
                    @Override
                    public List<StoredSession> findByPrincipal(
                        String principal, @Nullable SessionId after, int limit) {
                      return broken
                          ? new ArrayList<>()
                          : super.findByPrincipal(principal, after, limit);
                    }
                  },
              FACE),
          WrongStore.of(
              "Has no stamps when it cannot look",
              () ->
                  new Failing() {
                    @Override
                    public Map<SessionId, Stamp> stamps(Set<SessionId> ids) {
                      return broken ? new HashMap<>() : super.stamps(ids);
                    }
                  },
              FACE),
          WrongStore.of(
              "Asks its backend for the stamps of nothing",
              () ->
                  new Failing() {
                    @Override
                    public Map<SessionId, Stamp> stamps(Set<SessionId> ids) {
                      if (broken) {
                        throw new SessionStoreException("connection refused");
                      }
                      return super.stamps(ids);
                    }
                  },
              "backendFails_stampsOfNothing_isEmpty"),
          WrongStore.of(
              "Touches none when it cannot",
              () ->
                  new Failing() {
                    @Override
                    public Set<SessionId> touchAll(
                        Map<SessionId, Instant> lastSeenAt, Instant now) {
                      return broken ? new HashSet<>() : super.touchAll(lastSeenAt, now);
                    }
                  },
              FACE),
          WrongStore.of(
              "Fails with an Error",
              () ->
                  new Failing() {
                    @Override
                    public boolean update(StoredSession session, Instant now) {
                      if (broken) {
                        throw new AssertionError("unreachable");
                      }
                      return super.update(session, now);
                    }
                  },
              FACE),
          WrongStore.of(
              "Cannot be closed when its backend fails",
              () ->
                  new Failing() {
                    @Override
                    public void close() {
                      if (broken) {
                        // Once: the contract closes it after the test as well.
                        broken = false;
                        throw new SessionStoreException("connection refused");
                      }
                      super.close();
                    }
                  },
              "backendFails_close_doesNotThrow"));

  private WrongFailures() {}

  private static class Failing extends BrokenStore {
    boolean broken;

    @Override
    void breakBackend() {
      broken = true;
      super.breakBackend();
    }

    @Override
    public Optional<PrincipalIndex> principalIndex() {
      return Optional.of(this);
    }
  }
}

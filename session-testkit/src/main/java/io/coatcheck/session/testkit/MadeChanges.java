package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.token.SessionId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;

/**
 * Changes sessions, records when each change was called and when it had returned, and compares the
 * reports of a feed with that. Thread-safe, apart from the checks.
 */
final class MadeChanges {

  /** An operation that took effect between its call and its return. */
  private record Change(String operation, SessionId id, long called, long returned) {}

  private final Collection<Change> changes = new ConcurrentLinkedQueue<>();

  void clear() {
    changes.clear();
  }

  void assertAny() {
    assertThat(changes).as("the changes").isNotEmpty();
  }

  /** Runs an operation on one session, and records that it changed the session. */
  private boolean change(String operation, SessionId id, Callable<Boolean> call) throws Exception {
    long called = System.nanoTime();
    boolean isChanged = call.call();
    if (isChanged) {
      changes.add(new Change(operation, id, called, System.nanoTime()));
    }
    return isChanged;
  }

  /** Updates a session; returns it as it is stored then, or as it was given if it is not stored. */
  StoredSession update(SessionStore node, StoredSession session) throws Exception {
    boolean isStored = change("update", session.id(), () -> node.update(session, ContractPart.NOW));
    return isStored ? ContractPart.successor(session) : session;
  }

  void delete(SessionStore node, SessionId id) throws Exception {
    change("delete", id, () -> node.delete(id).isPresent());
  }

  void deleteByPrincipal(SessionStore node, String principal) {
    Set<SessionId> deleted = new HashSet<>();
    long called = System.nanoTime();
    node.principalIndex()
        .orElseThrow()
        .deleteByPrincipal(principal, Set.of(), session -> deleted.add(session.id()));
    long returned = System.nanoTime();
    deleted.forEach(id -> changes.add(new Change("deleteByPrincipal", id, called, returned)));
  }

  /** Logs in within a limit: changes the session, unless it is new, and those that it evicts. */
  void admit(SessionStore node, StoredSession session, boolean isNew, int limit) {
    long called = System.nanoTime();
    Admission admission =
        node.loginLimit()
            .orElseThrow()
            .admit(session, isNew, limit, WhenFull.EVICT_OLDEST, ContractPart.NOW);
    long returned = System.nanoTime();
    for (StoredSession evicted : admission.evicted()) {
      changes.add(new Change("eviction by admit", evicted.id(), called, returned));
    }
    if (!isNew && admission.outcome() == Admission.Outcome.STORED) {
      changes.add(new Change("admit", session.id(), called, returned));
    }
  }

  /**
   * Fails if a feed reported that it is complete up to a moment before it reported a change that
   * had returned by then.
   */
  void assertReported(String node, List<ChangeJournal.Entry> entries) {
    Map<SessionId, List<Integer>> reports = new HashMap<>();
    List<Integer> missed = new ArrayList<>();
    List<Integer> completeness = new ArrayList<>();
    for (int i = 0; i < entries.size(); i++) {
      ChangeJournal.Entry entry = entries.get(i);
      if (entry.id() != null) {
        reports.computeIfAbsent(entry.id(), first -> new ArrayList<>()).add(i);
      } else if (entry.isMissed()) {
        missed.add(i);
      } else {
        completeness.add(i);
      }
    }
    List<String> late = new ArrayList<>();
    for (Change change : changes) {
      int claim = firstClaim(entries, completeness, change.returned());
      boolean isReported =
          Stream.concat(missed.stream(), reports.getOrDefault(change.id(), List.of()).stream())
              .anyMatch(index -> index < claim && entries.get(index).at() - change.called() > 0);
      if (!isReported) {
        late.add(change.operation() + " of " + change.id());
      }
    }
    if (!late.isEmpty()) {
      throw new AssertionError(
          late.size()
              + " of "
              + changes.size()
              + " changes were not reported to the node "
              + node
              + " when the feed was complete up to a moment after their return: "
              + late.subList(0, Math.min(5, late.size())));
    }
  }

  /**
   * Returns the index of the first call that says that the feed is complete past a moment.
   *
   * @param completeness the indexes of all calls about completeness
   */
  private static int firstClaim(
      List<ChangeJournal.Entry> entries, List<Integer> completeness, long moment) {
    int low = 0;
    int high = completeness.size();
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (entries.get(completeness.get(middle)).isCompletePast(moment)) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low < completeness.size() ? completeness.get(low) : Integer.MAX_VALUE;
  }
}

package io.coatcheck.session.jdbc;

import io.coatcheck.session.background.Operation;
import io.coatcheck.session.store.BatchLookup;
import io.coatcheck.session.token.SessionId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Reads the stamps of many sessions with one query on the primary key. */
final class JdbcBatchLookup implements BatchLookup {

  private final Transactions transactions;
  private final Lookup lookup;

  JdbcBatchLookup(Transactions transactions, Lookup lookup) {
    this.transactions = transactions;
    this.lookup = lookup;
  }

  @Override
  public Map<SessionId, Stamp> stamps(Set<SessionId> ids) {
    if (ids.size() > MAX_IDS) {
      throw new IllegalArgumentException(
          "at most " + MAX_IDS + " ids may be asked for: " + ids.size());
    }
    if (ids.isEmpty()) {
      return new HashMap<>();
    }
    List<SessionId> padded = padded(ids);
    return transactions.resolve(
        new Operation("stamps"), statements -> lookup.stamps(statements, padded));
  }

  /**
   * Repeats the last id up to a power of two, so that there are few different statements to plan.
   */
  private static List<SessionId> padded(Set<SessionId> ids) {
    List<SessionId> padded = new ArrayList<>(ids);
    int size = Math.min(MAX_IDS, Integer.highestOneBit(Math.max(1, ids.size() - 1)) << 1);
    while (padded.size() < size) {
      padded.add(padded.get(ids.size() - 1));
    }
    return padded;
  }
}

package io.coatcheck.session.jdbc;

import io.coatcheck.session.store.CleanUp;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;

/** Does what a test says between what a node decided and what it then asks of the store. */
final class SteppedStore implements SessionStore {

  /** The operations that a step may precede. */
  enum Step {
    INSERT,
    UPDATE,
    TOUCH
  }

  final List<Step> calls = new ArrayList<>();
  private final SessionStore store;
  private final Map<Step, Runnable> steps = new EnumMap<>(Step.class);

  SteppedStore(SessionStore store) {
    this.store = store;
  }

  /** Has something done before the next operation of a kind, once. */
  void beforeNext(Step step, Runnable action) {
    steps.put(step, action);
  }

  private void step(Step step) {
    calls.add(step);
    Objects.requireNonNullElse(steps.remove(step), () -> {}).run();
  }

  @Override
  public void insert(StoredSession session) {
    step(Step.INSERT);
    store.insert(session);
  }

  @Override
  public Optional<StoredSession> find(SessionId id) {
    return store.find(id);
  }

  @Override
  public boolean update(StoredSession session, Instant now) {
    step(Step.UPDATE);
    return store.update(session, now);
  }

  @Override
  public boolean touch(SessionId id, Instant lastSeenAt, Instant now) {
    step(Step.TOUCH);
    return store.touch(id, lastSeenAt, now);
  }

  @Override
  public Optional<StoredSession> delete(SessionId id) {
    return store.delete(id);
  }

  @Override
  public Optional<StoredSession> delete(SessionId id, long generation) {
    return store.delete(id, generation);
  }

  @Override
  public CleanUp deleteExpired(Instant cutoff, int limit, Consumer<StoredSession> deleted) {
    return store.deleteExpired(cutoff, limit, deleted);
  }

  @Override
  public Optional<PrincipalIndex> principalIndex() {
    return store.principalIndex();
  }

  @Override
  public Optional<LoginLimit> loginLimit() {
    return store.loginLimit();
  }

  @Override
  public Duration touchInterval() {
    return store.touchInterval();
  }

  @Override
  public void close() {
    store.close();
  }
}

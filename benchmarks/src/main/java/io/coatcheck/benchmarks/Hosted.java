package io.coatcheck.benchmarks;

import org.jspecify.annotations.Nullable;

/** A contestant together with what it needs, which is closed after it. */
record Hosted(Contestant contestant, AutoCloseable host) implements Contestant {

  @Override
  public @Nullable Object read(int session) {
    return contestant.read(session);
  }

  @Override
  public @Nullable Object request(Visit.Kind kind, int session) {
    return contestant.request(kind, session);
  }

  @Override
  public Contestant forAnotherThread() {
    return contestant.forAnotherThread();
  }

  @Override
  public void close() {
    contestant.close();
    try {
      host.close();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}

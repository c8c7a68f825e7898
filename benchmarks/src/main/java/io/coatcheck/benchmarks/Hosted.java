package io.coatcheck.benchmarks;

import org.jspecify.annotations.Nullable;

/** A contestant together with the server that it needs. */
record Hosted(Contestant contestant, Postgres postgres) implements Contestant {

  @Override
  public @Nullable Object read(int session) {
    return contestant.read(session);
  }

  @Override
  public @Nullable Object request(Visit.Kind kind, int session) {
    return contestant.request(kind, session);
  }

  @Override
  public void close() {
    contestant.close();
    postgres.close();
  }
}

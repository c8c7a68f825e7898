package io.coatcheck.session.migration;

import io.coatcheck.session.ImportSource;
import io.coatcheck.session.ImportedSession;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.BiFunction;

/**
 * One session of Spring Session, for the engine.
 *
 * @param reader returns what is imported of a session at a moment; empty for nothing
 * @param isEndedByImport whether it is deleted when it is imported
 */
record SpringImportSource(
    SpringSessions sessions,
    BiFunction<SpringSession, Instant, Optional<ImportedSession>> reader,
    InstantSource clock,
    String id,
    boolean isEndedByImport)
    implements ImportSource {

  @Override
  public Optional<ImportedSession> load() {
    return sessions.find(id).flatMap(found -> reader.apply(found, clock.instant()));
  }

  @Override
  public boolean isStillLive() {
    return sessions.isLive(id, clock.instant());
  }

  /** Shows no id: it is what the client presents. */
  @Override
  public String toString() {
    return "SpringImportSource";
  }
}

package io.coatcheck.session.migration;

import io.coatcheck.session.ImportSource;
import io.coatcheck.session.ImportedSession;
import java.time.InstantSource;
import java.util.Optional;

/**
 * One session of Spring Session, for the engine.
 *
 * @param isEndedByImport whether it is deleted when it is imported
 */
record SpringImportSource(
    SpringSessions sessions,
    SpringSessionReader reader,
    InstantSource clock,
    String id,
    boolean isEndedByImport)
    implements ImportSource {

  @Override
  public Optional<ImportedSession> load() {
    return sessions.find(id).flatMap(found -> reader.read(found, clock.instant()));
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

package io.coatcheck.session.migration;

import io.coatcheck.session.ImportSource;
import io.coatcheck.session.ImportedSession;
import java.time.InstantSource;
import java.util.Optional;

/**
 * One session of Spring Session, for the engine.
 *
 * @param isDeletedByImport whether the import deletes it, so that its absence says nothing
 */
record SpringImportSource(
    SpringSessions sessions,
    SpringSessionReader reader,
    InstantSource clock,
    String id,
    boolean isDeletedByImport)
    implements ImportSource {

  @Override
  public Optional<ImportedSession> load() {
    return sessions.find(id).flatMap(found -> reader.read(found, clock.instant()));
  }

  @Override
  public boolean isStillLive() {
    return isDeletedByImport || sessions.isLive(id, clock.instant());
  }

  /** Shows no id: it is what the client presents. */
  @Override
  public String toString() {
    return "SpringImportSource";
  }
}

package io.coatcheck.session.servlet;

/**
 * An ended session as it is shown to a container's own values. They call methods that fail on an
 * invalid session, to distinguish its end from a mere removal.
 */
final class InvalidSession extends EndedSession {

  InvalidSession(EndedSession session) {
    super(session);
  }

  @Override
  public long getCreationTime() {
    throw ended();
  }
}

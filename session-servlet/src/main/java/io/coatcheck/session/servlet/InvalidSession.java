package io.coatcheck.session.servlet;

/**
 * A session that has ended, as a container's own values are shown it: they find out whether it
 * ended, or they were only removed, by asking what only a valid session tells.
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

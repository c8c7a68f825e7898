package io.coatcheck.session.migration;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import org.springframework.session.Session;
import org.springframework.session.SessionRepository;

/** An application that keeps its sessions in the real Spring Session. */
final class OldApplication<S extends Session> {

  private final SessionRepository<S> sessions;

  OldApplication(SessionRepository<S> sessions) {
    this.sessions = sessions;
  }

  /** Begins a session, and returns its id. */
  String begin(Map<String, Object> attributes) {
    S session = sessions.createSession();
    attributes.forEach(session::setAttribute);
    sessions.save(session);
    return session.getId();
  }

  /** Returns an attribute of a session; empty if there is no such session. */
  Optional<Object> attribute(String id, String name) {
    return Optional.ofNullable(sessions.findById(id))
        .map(session -> session.<Object>getAttribute(name));
  }

  void logout(String id) {
    sessions.deleteById(id);
  }

  /** Returns the cookie as {@code DefaultCookieSerializer} writes it. */
  static String cookie(String id) {
    return "SESSION=" + base64(id);
  }

  static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }
}

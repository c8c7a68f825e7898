package io.coatcheck.session.spring;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.event.SessionListener;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.stereotype.Component;

/** Counts the devices of each user, as docs/SPRING.md shows it. */
@Component
class DeviceCounts implements SessionListener {

  final Map<String, Integer> devices = new ConcurrentHashMap<>();
  private final ObjectProvider<SessionManager> sessions;

  DeviceCounts(ObjectProvider<SessionManager> sessions) {
    this.sessions = sessions;
  }

  @Override
  public void onEvent(SessionEvent event) {
    if (event instanceof SessionEvent.Authenticated login) {
      login
          .session()
          .principal()
          .ifPresent(user -> devices.put(user, sessions.getObject().sessionsOf(user).size()));
    }
  }
}

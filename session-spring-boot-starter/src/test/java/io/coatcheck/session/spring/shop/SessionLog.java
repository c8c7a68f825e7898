package io.coatcheck.session.spring.shop;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.springframework.context.event.EventListener;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.core.session.SessionDestroyedEvent;
import org.springframework.stereotype.Component;

/** Remembers whose sessions have ended. */
@Component
public class SessionLog {

  private final List<String> ended = new CopyOnWriteArrayList<>();

  @EventListener
  void ended(SessionDestroyedEvent event) {
    for (SecurityContext context : event.getSecurityContexts()) {
      ended.add(context.getAuthentication().getName());
    }
  }

  /** Returns the names of their users. */
  public List<String> ended() {
    return ended;
  }
}

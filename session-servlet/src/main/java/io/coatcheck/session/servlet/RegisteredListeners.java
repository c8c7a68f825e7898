package io.coatcheck.session.servlet;

import jakarta.servlet.http.HttpSessionAttributeListener;
import jakarta.servlet.http.HttpSessionIdListener;
import jakarta.servlet.http.HttpSessionListener;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EventListener;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/**
 * The listeners of the container and of each filter in use, by what they listen to, in the order of
 * their registration. A listener that several of them have is here once. Immutable.
 */
final class RegisteredListeners {

  static final RegisteredListeners NONE = new RegisteredListeners(List.of());

  /** The listeners of one owner, which is compared by identity. */
  private record Registration(Object owner, List<? extends EventListener> listeners) {}

  private final List<Registration> registrations;
  private final List<HttpSessionListener> ofSessions;
  private final List<HttpSessionListener> ofSessionsReversed;
  private final List<HttpSessionAttributeListener> ofAttributes;
  private final List<HttpSessionIdListener> ofIds;

  private RegisteredListeners(List<Registration> registrations) {
    this.registrations = registrations;
    Set<EventListener> distinct = Collections.newSetFromMap(new IdentityHashMap<>());
    List<HttpSessionListener> sessions = new ArrayList<>();
    List<HttpSessionAttributeListener> attributes = new ArrayList<>();
    List<HttpSessionIdListener> ids = new ArrayList<>();
    for (Registration registration : registrations) {
      for (EventListener listener : registration.listeners()) {
        if (distinct.add(listener)) {
          if (listener instanceof HttpSessionListener known) {
            sessions.add(known);
          }
          if (listener instanceof HttpSessionAttributeListener known) {
            attributes.add(known);
          }
          if (listener instanceof HttpSessionIdListener known) {
            ids.add(known);
          }
        }
      }
    }
    ofSessions = List.copyOf(sessions);
    Collections.reverse(sessions);
    ofSessionsReversed = List.copyOf(sessions);
    ofAttributes = List.copyOf(attributes);
    ofIds = List.copyOf(ids);
  }

  /** Returns these listeners, followed by those of another owner. */
  RegisteredListeners with(Object owner, List<? extends EventListener> listeners) {
    List<Registration> more = new ArrayList<>(registrations);
    more.add(new Registration(owner, listeners));
    return new RegisteredListeners(more);
  }

  /** Returns these listeners without those of an owner, except for what others have too. */
  RegisteredListeners without(Object owner) {
    return new RegisteredListeners(
        registrations.stream().filter(registration -> registration.owner() != owner).toList());
  }

  /** Returns how many owners have registered, whether they have listeners or not. */
  int owners() {
    return registrations.size();
  }

  List<HttpSessionListener> ofSessions() {
    return ofSessions;
  }

  /** Returns the listeners of sessions in the order in which they are notified of an end. */
  List<HttpSessionListener> ofSessionsReversed() {
    return ofSessionsReversed;
  }

  List<HttpSessionAttributeListener> ofAttributes() {
    return ofAttributes;
  }

  List<HttpSessionIdListener> ofIds() {
    return ofIds;
  }
}

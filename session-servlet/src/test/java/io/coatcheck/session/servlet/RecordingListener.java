package io.coatcheck.session.servlet;

import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionAttributeListener;
import jakarta.servlet.http.HttpSessionBindingEvent;
import jakarta.servlet.http.HttpSessionEvent;
import jakarta.servlet.http.HttpSessionIdListener;
import jakarta.servlet.http.HttpSessionListener;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;

/** A listener of an application, which writes down what it hears. */
final class RecordingListener
    implements HttpSessionListener, HttpSessionAttributeListener, HttpSessionIdListener {

  private final List<String> heard = new ArrayList<>();
  private volatile Consumer<HttpSession> atCreation = session -> {};
  private volatile Consumer<HttpSession> atEnd = session -> {};

  /** Returns what was heard since it was asked last. */
  synchronized List<String> heard() {
    List<String> all = List.copyOf(heard);
    heard.clear();
    return all;
  }

  /** As {@link #heard}, once the last of so many is there: some come after the response. */
  synchronized List<String> heardOnceThereAre(int count) throws InterruptedException {
    long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    long left = Duration.ofSeconds(60).toMillis();
    while (heard.size() < count && left > 0) {
      wait(left);
      left = Duration.ofNanos(deadline - System.nanoTime()).toMillis();
    }
    return heard();
  }

  private synchronized void hear(String what) {
    heard.add(what);
    notifyAll();
  }

  void atCreation(Consumer<HttpSession> action) {
    atCreation = action;
  }

  void atEnd(Consumer<HttpSession> action) {
    atEnd = action;
  }

  @Override
  public void sessionCreated(HttpSessionEvent event) {
    hear("created");
    atCreation.accept(event.getSession());
  }

  @Override
  public void sessionDestroyed(HttpSessionEvent event) {
    HttpSession session = event.getSession();
    hear("destroyed " + Collections.list(session.getAttributeNames()));
    atEnd.accept(session);
  }

  @Override
  public void attributeAdded(HttpSessionBindingEvent event) {
    hear("added " + event.getName() + "=" + event.getValue());
  }

  @Override
  public void attributeRemoved(HttpSessionBindingEvent event) {
    hear("removed " + event.getName() + "=" + event.getValue());
  }

  @Override
  public void attributeReplaced(HttpSessionBindingEvent event) {
    hear("replaced " + event.getName() + "=" + event.getValue());
  }

  @Override
  public void sessionIdChanged(HttpSessionEvent event, String oldSessionId) {
    hear("id " + oldSessionId + " > " + event.getSession().getId());
  }
}

package io.coatcheck.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.catalina.Context;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.Manager;
import org.apache.catalina.Session;
import org.apache.catalina.startup.Tomcat;
import org.jspecify.annotations.Nullable;

/**
 * Tomcat's own sessions, without Tomcat's request around them. It makes the calls of the manager
 * that {@code CoyoteAdapter} and {@code Request} make for a request with a session.
 */
final class TomcatSessions implements Contestant {

  private static final String PREFIX = "JSESSIONID=";

  private final Tomcat tomcat;
  private final Manager manager;
  private String[] cookies;

  TomcatSessions(int sessions) {
    try {
      Path base = Files.createTempDirectory("tomcat");
      tomcat = new Tomcat();
      tomcat.setBaseDir(base.toString());
      tomcat.setPort(0);
      Context context = tomcat.addContext("", base.toString());
      context.setSessionTimeout((int) Population.IDLE_TIMEOUT.toMinutes());
      tomcat.start();
      manager = context.getManager();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (LifecycleException e) {
      throw new IllegalStateException(e);
    }
    cookies = new String[sessions];
    for (int i = 0; i < sessions; i++) {
      cookies[i] = Cookies.line("JSESSIONID", add(manager, i));
    }
  }

  static String add(Manager manager, int session) {
    Session added = manager.createSession(Springs.id(session));
    added.getSession().setAttribute(Workload.PRINCIPAL, Workload.principal(session));
    added.getSession().setAttribute(Workload.LOCALE, Workload.locale(session));
    added.getSession().setAttribute(Workload.CART, Workload.cart(session));
    added.endAccess();
    return added.getId();
  }

  /** Releases all but the sessions. */
  void forgetCookies() {
    cookies = new String[0];
  }

  @Override
  public @Nullable Object read(int session) {
    try {
      Session found = manager.findSession(Cookies.value(cookies[session], PREFIX));
      if (found == null || !found.isValid()) {
        return null;
      }
      found.access();
      Object value = found.getSession().getAttribute(Workload.PRINCIPAL);
      found.endAccess();
      return value;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns this one: nothing in it belongs to a thread. */
  @Override
  public Contestant forAnotherThread() {
    return this;
  }

  @Override
  public void close() {
    try {
      tomcat.stop();
      tomcat.destroy();
    } catch (LifecycleException e) {
      throw new IllegalStateException(e);
    }
  }
}

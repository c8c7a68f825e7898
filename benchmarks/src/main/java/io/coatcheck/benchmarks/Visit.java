package io.coatcheck.benchmarks;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** The application's work in a request, after a filter. */
final class Visit implements FilterChain {

  /** The kinds of request. */
  enum Kind {
    /** Reads one attribute of the session that it expects. */
    READ,
    /** Changes one attribute. */
    WRITE,
    /** Puts three attributes into a session, which it begins. */
    CREATE,
    /** Logs in. */
    LOGIN,
    /** Finds out that there is no session. */
    REFUSED
  }

  /** How a login is done. */
  interface Login {
    void login(HttpServletRequest request, String principal);
  }

  private final Login login;
  private Kind kind = Kind.READ;
  private int visitor;
  private long counter;
  private @Nullable Object result;

  Visit(Login login) {
    this.login = login;
  }

  Visit of(Kind what, int who) {
    kind = what;
    visitor = who;
    result = null;
    return this;
  }

  /** Returns the value that was read or written. */
  @Nullable Object result() {
    return result;
  }

  @Override
  public void doFilter(ServletRequest servletRequest, ServletResponse response)
      throws IOException, ServletException {
    HttpServletRequest request = (HttpServletRequest) servletRequest;
    switch (kind) {
      case READ -> {
        HttpSession session = request.getSession(false);
        result = session == null ? null : session.getAttribute(Workload.PRINCIPAL);
      }
      case WRITE -> {
        String value = "item-" + counter++;
        HttpSession session = request.getSession(false);
        if (session != null) {
          session.setAttribute(Workload.CART, value);
          result = session.getAttribute(Workload.CART);
        }
      }
      case CREATE -> {
        HttpSession session = request.getSession();
        session.setAttribute(Workload.PRINCIPAL, Workload.principal(visitor));
        session.setAttribute(Workload.LOCALE, Workload.locale(visitor));
        session.setAttribute(Workload.CART, Workload.cart(visitor));
        result = session.getAttribute(Workload.PRINCIPAL);
      }
      case LOGIN -> {
        login.login(request, Workload.principal(visitor));
        HttpSession session = request.getSession(false);
        result = session == null ? null : session.getAttribute(Workload.PRINCIPAL);
      }
      case REFUSED -> result = request.getSession(false) == null ? "refused" : null;
    }
  }
}

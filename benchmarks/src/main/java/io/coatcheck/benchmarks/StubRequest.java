package io.coatcheck.benchmarks;

import jakarta.servlet.DispatcherType;
import jakarta.servlet.ServletContext;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpSession;
import java.security.Principal;
import java.util.Collections;
import java.util.Enumeration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A request with a cookie and nothing else, as cheap as possible, so that the filter is measured.
 * It refuses calls that no filter here makes. Like a container's, the object serves one request
 * after another.
 */
final class StubRequest extends HttpServletRequestWrapper {

  private static final Cookie[] NO_COOKIES = {};

  /** Listeners are called with the class loader of the application. */
  private static final ServletContext CONTEXT =
      Refusal.of(
          ServletContext.class, Map.of("getClassLoader", StubRequest.class.getClassLoader()));

  private final Map<String, Object> attributes = new HashMap<>();
  private List<String> cookieLines = List.of();

  StubRequest() {
    super(Refusal.of(HttpServletRequest.class));
  }

  /** Begins the next request. */
  StubRequest next(@Nullable String cookieLine) {
    attributes.clear();
    cookieLines = cookieLine == null ? List.of() : List.of(cookieLine);
    return this;
  }

  @Override
  public Enumeration<String> getHeaders(String name) {
    return name.equals("Cookie")
        ? Collections.enumeration(cookieLines)
        : Collections.emptyEnumeration();
  }

  @Override
  public @Nullable String getHeader(String name) {
    return name.equals("Cookie") && !cookieLines.isEmpty() ? cookieLines.get(0) : null;
  }

  /** Parsed on demand, as in the containers. */
  @Override
  public Cookie[] getCookies() {
    if (cookieLines.isEmpty()) {
      return NO_COOKIES;
    }
    String line = cookieLines.get(0);
    Cookie[] cookies = new Cookie[Cookies.count(line)];
    int start = 0;
    for (int i = 0; i < cookies.length; i++) {
      int equals = line.indexOf('=', start);
      int semicolon = line.indexOf(';', equals);
      int end = semicolon < 0 ? line.length() : semicolon;
      cookies[i] = new Cookie(line.substring(start, equals), line.substring(equals + 1, end));
      start = end + 2;
    }
    return cookies;
  }

  @Override
  public @Nullable Object getAttribute(String name) {
    return attributes.get(name);
  }

  @Override
  public void setAttribute(String name, @Nullable Object value) {
    if (value == null) {
      attributes.remove(name);
    } else {
      attributes.put(name, value);
    }
  }

  @Override
  public void removeAttribute(String name) {
    attributes.remove(name);
  }

  @Override
  public DispatcherType getDispatcherType() {
    return DispatcherType.REQUEST;
  }

  /** Returns null: the container has no session. */
  @Override
  public @Nullable HttpSession getSession(boolean create) {
    return null;
  }

  /** Returns null: the container authenticates no user. */
  @Override
  public @Nullable String getRemoteUser() {
    return null;
  }

  @Override
  public @Nullable Principal getUserPrincipal() {
    return null;
  }

  @Override
  public String getMethod() {
    return "GET";
  }

  @Override
  public String getScheme() {
    return "https";
  }

  @Override
  public String getServerName() {
    return "shop.example";
  }

  @Override
  public int getServerPort() {
    return 443;
  }

  @Override
  public boolean isSecure() {
    return true;
  }

  @Override
  public String getRequestURI() {
    return "/cart";
  }

  @Override
  public String getContextPath() {
    return "";
  }

  @Override
  public String getServletPath() {
    return "/cart";
  }

  @Override
  public @Nullable String getPathInfo() {
    return null;
  }

  @Override
  public String getRemoteAddr() {
    return "192.0.2.1";
  }

  @Override
  public boolean isAsyncStarted() {
    return false;
  }

  @Override
  public @Nullable String getRequestedSessionId() {
    return null;
  }

  @Override
  public boolean isRequestedSessionIdFromURL() {
    return false;
  }

  @Override
  public ServletContext getServletContext() {
    return CONTEXT;
  }
}

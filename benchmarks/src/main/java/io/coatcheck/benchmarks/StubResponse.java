package io.coatcheck.benchmarks;

import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpServletResponseWrapper;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A response that keeps its cookies and {@code Cache-Control}, which the filter looks for, and
 * forgets everything else.
 */
final class StubResponse extends HttpServletResponseWrapper {

  private static final String SET_COOKIE = "Set-Cookie";

  private static final String CACHE_CONTROL = "Cache-Control";

  private final List<String> setCookies = new ArrayList<>();
  private @Nullable String cacheControl;

  StubResponse() {
    super(Refusal.of(HttpServletResponse.class));
  }

  /** Begins the next response. */
  StubResponse next() {
    setCookies.clear();
    cacheControl = null;
    return this;
  }

  /** Returns what the client is to send from now on, {@code name=value} each. */
  List<String> newCookies() {
    return setCookies.stream().map(StubResponse::pair).toList();
  }

  private static String pair(String setCookie) {
    int semicolon = setCookie.indexOf(';');
    return semicolon < 0 ? setCookie : setCookie.substring(0, semicolon);
  }

  @Override
  public void setHeader(String name, @Nullable String value) {
    if (name.equalsIgnoreCase(SET_COOKIE)) {
      setCookies.clear();
      addHeader(name, value);
    } else if (name.equalsIgnoreCase(CACHE_CONTROL)) {
      cacheControl = value;
    }
  }

  @Override
  public void addHeader(String name, @Nullable String value) {
    if (name.equalsIgnoreCase(SET_COOKIE) && value != null) {
      setCookies.add(value);
    }
  }

  @Override
  public Collection<String> getHeaders(String name) {
    if (name.equalsIgnoreCase(SET_COOKIE)) {
      return List.copyOf(setCookies);
    }
    String caching = name.equalsIgnoreCase(CACHE_CONTROL) ? cacheControl : null;
    return caching == null ? List.of() : List.of(caching);
  }

  @Override
  public Collection<String> getHeaderNames() {
    if (cacheControl == null) {
      return setCookies.isEmpty() ? List.of() : List.of(SET_COOKIE);
    }
    return setCookies.isEmpty() ? List.of(CACHE_CONTROL) : List.of(SET_COOKIE, CACHE_CONTROL);
  }

  @Override
  public @Nullable String getHeader(String name) {
    return null;
  }

  @Override
  public boolean isCommitted() {
    return false;
  }

  @Override
  public void setStatus(int status) {
    if (status >= HttpServletResponse.SC_BAD_REQUEST) {
      throw new IllegalStateException("the request was refused with " + status);
    }
  }
}

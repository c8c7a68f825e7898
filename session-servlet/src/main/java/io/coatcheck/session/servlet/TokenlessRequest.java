package io.coatcheck.session.servlet;

import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.PushBuilder;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A request whose headers, cookies and trailers do not contain the token or the version hint,
 * unless the filter exposes them.
 */
class TokenlessRequest extends HttpServletRequestWrapper {

  /**
   * The attribute in which Jetty keeps the cookies that it has read, including those of the
   * session.
   */
  private static final String JETTY_COOKIES = "org.eclipse.jetty.server.Request.Cookies";

  private final FilterSettings settings;

  /** Created when the application reads headers. */
  private volatile @Nullable VisibleHeaders headers;

  TokenlessRequest(HttpServletRequest request, FilterSettings settings) {
    super(request);
    this.settings = settings;
  }

  /** Returns the headers that the application sees; null if it sees all. */
  private @Nullable VisibleHeaders visible() {
    return settings.exposesToken() ? null : visibleIn((HttpServletRequest) getRequest());
  }

  private VisibleHeaders visibleIn(HttpServletRequest complete) {
    VisibleHeaders known = headers;
    if (known == null || !known.areOf(complete)) {
      known = new VisibleHeaders(complete, settings);
      headers = known;
    }
    return known;
  }

  /**
   * Returns the headers that the application sees, if some with this name may be hidden; else null.
   */
  private @Nullable VisibleHeaders visible(String name) {
    VisibleHeaders visible = visible();
    return visible == null || !visible.mayHide(name) ? null : visible;
  }

  @Override
  public Cookie @Nullable [] getCookies() {
    VisibleHeaders visible = visible();
    return visible == null ? super.getCookies() : visible.cookies();
  }

  @Override
  public @Nullable String getHeader(String name) {
    VisibleHeaders visible = visible(name);
    if (visible == null) {
      return super.getHeader(name);
    }
    List<String> values = visible.values(name);
    return values == null || values.isEmpty() ? null : values.get(0);
  }

  @Override
  public @Nullable Enumeration<String> getHeaders(String name) {
    VisibleHeaders visible = visible(name);
    if (visible == null) {
      return super.getHeaders(name);
    }
    List<String> values = visible.values(name);
    return values == null ? null : Collections.enumeration(values);
  }

  @Override
  public @Nullable Enumeration<String> getHeaderNames() {
    VisibleHeaders visible = visible();
    if (visible == null) {
      return super.getHeaderNames();
    }
    List<String> names = visible.names();
    return names == null ? null : Collections.enumeration(names);
  }

  /** The message of the container's exception would contain the value. */
  @Override
  public int getIntHeader(String name) {
    if (visible(name) == null) {
      return super.getIntHeader(name);
    }
    String value = getHeader(name);
    return value == null ? -1 : Integer.parseInt(value);
  }

  /** Parses the visible value; a cookie or a token is not a date. */
  @Override
  public long getDateHeader(String name) {
    if (visible(name) == null) {
      return super.getDateHeader(name);
    }
    String value = getHeader(name);
    if (value == null) {
      return -1;
    }
    throw new IllegalArgumentException(value);
  }

  @Override
  public @Nullable Object getAttribute(String name) {
    return isHidden(name) ? null : super.getAttribute(name);
  }

  @Override
  public Enumeration<String> getAttributeNames() {
    List<String> names = Collections.list(super.getAttributeNames());
    names.removeIf(this::isHidden);
    return Collections.enumeration(names);
  }

  private boolean isHidden(String attribute) {
    return JETTY_COOKIES.equals(attribute) && !settings.exposesToken();
  }

  @Override
  public Map<String, String> getTrailerFields() {
    VisibleHeaders visible = visible();
    Map<String, String> all = super.getTrailerFields();
    return visible == null ? all : visible.trailers(all);
  }

  /**
   * Returns null, as on a server without push: a push repeats the headers of its request, and its
   * builder shows them. Browsers no longer accept pushes.
   */
  @Override
  @Deprecated
  public @Nullable PushBuilder newPushBuilder() {
    return settings.exposesToken() ? super.newPushBuilder() : null;
  }
}

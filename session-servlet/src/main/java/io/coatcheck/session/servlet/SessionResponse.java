package io.coatcheck.session.servlet;

import static io.coatcheck.session.servlet.FilterLog.LOG;

import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.ServletResponseWrapper;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpServletResponseWrapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * The response. It saves the session before each way to commit, and adds no session id to any URL.
 */
final class SessionResponse extends HttpServletResponseWrapper {

  private static final AtomicBoolean REFUSAL_LOGGED = new AtomicBoolean();

  private final SessionExchange exchange;

  /** The response that this object was made for. */
  private final HttpServletResponse wrapped;

  private @Nullable ServletOutputStream stream;
  private @Nullable PrintWriter writer;

  SessionResponse(SessionExchange exchange, HttpServletResponse response) {
    super(response);
    this.exchange = exchange;
    wrapped = response;
  }

  /** Finds the wrapper of an exchange below other wrappers; null if there is none. */
  static @Nullable SessionResponse in(HttpServletResponse response, SessionExchange exchange) {
    ServletResponse current = response;
    while (current instanceof ServletResponseWrapper wrapper) {
      if (wrapper instanceof SessionResponse ours && ours.exchange == exchange) {
        return ours;
      }
      current = wrapper.getResponse();
    }
    return null;
  }

  /** Returns whether an earlier filter has the cookie of this name. */
  static boolean isTakenInFront(HttpServletResponse response, String cookieName) {
    ServletResponse current = response;
    while (current instanceof ServletResponseWrapper wrapper) {
      if (wrapper instanceof SessionResponse outer
          && outer.exchange.settings().setsOurCookie(cookieName + "=")) {
        return true;
      }
      current = wrapper.getResponse();
    }
    return false;
  }

  /** Returns whether the only wrappers are those of session filters. */
  boolean isContainersOwn() {
    ServletResponse current = this;
    while (current instanceof SessionResponse ours) {
      current = ours.getResponse();
    }
    return !(current instanceof ServletResponseWrapper);
  }

  // Content.

  @Override
  public ServletOutputStream getOutputStream() throws IOException {
    ServletOutputStream out = super.getOutputStream();
    if (stream == null) {
      stream = new CommittingOutputStream(exchange.saving(), out);
    }
    return stream;
  }

  @Override
  public PrintWriter getWriter() throws IOException {
    PrintWriter out = super.getWriter();
    if (writer == null) {
      writer = new CommittingWriter(exchange.saving(), out, getCharacterEncoding());
    }
    return writer;
  }

  @Override
  public void flushBuffer() throws IOException {
    exchange.beforeCommit();
    super.flushBuffer();
  }

  @Override
  public void resetBuffer() {
    super.resetBuffer();
    exchange.saving().watch().bufferWasReset();
  }

  @Override
  public void reset() {
    super.reset();
    stream = null;
    writer = null;
    exchange.saving().watch().responseWasReset(mayBeIgnored());
    exchange.saving().restoreToken();
  }

  /**
   * Returns whether a dispatch is under way in which the container may ignore what is called here.
   * Tomcat then has its own response below this one, or below those of earlier filters, which
   * ignores nearly everything in an included servlet.
   */
  private boolean mayBeIgnored() {
    return getResponse() != wrapped || IncludedHeaders.isInTomcatsWrapper(wrapped);
  }

  // Errors and redirects.

  @Override
  public void sendError(int status) throws IOException {
    exchange.beforeCommit();
    super.sendError(status);
  }

  @Override
  public void sendError(int status, @Nullable String message) throws IOException {
    exchange.beforeCommit();
    super.sendError(status, message);
  }

  @Override
  public void sendRedirect(String location) throws IOException {
    exchange.beforeCommit();
    super.sendRedirect(location);
  }

  // The next three are new in Servlet 6.1 and never called on older containers.

  @Override
  public void sendRedirect(String location, int status) throws IOException {
    exchange.beforeCommit();
    super.sendRedirect(location, status);
  }

  @Override
  public void sendRedirect(String location, boolean clearBuffer) throws IOException {
    exchange.beforeCommit();
    super.sendRedirect(location, clearBuffer);
  }

  @Override
  public void sendRedirect(String location, int status, boolean clearBuffer) throws IOException {
    exchange.beforeCommit();
    super.sendRedirect(location, status, clearBuffer);
  }

  // Lengths and headers.

  @Override
  public void setContentLength(int length) {
    beforeContentLength(length);
    super.setContentLength(length);
  }

  @Override
  public void setContentLengthLong(long length) {
    beforeContentLength(length);
    super.setContentLengthLong(length);
  }

  private void beforeContentLength(long length) {
    exchange.saving().watch().beforeContentLength(length, mayBeIgnored());
  }

  @Override
  public void setHeader(String name, @Nullable String value) {
    if (isOurs(name, value)) {
      return;
    }
    beforeHeader(name, value);
    super.setHeader(name, value);
    afterHeader(name);
  }

  @Override
  public void addHeader(String name, @Nullable String value) {
    if (isOurs(name, value)) {
      return;
    }
    beforeHeader(name, value);
    super.addHeader(name, value);
    afterHeader(name);
  }

  @Override
  public void setIntHeader(String name, int value) {
    beforeHeader(name, Integer.toString(value));
    super.setIntHeader(name, value);
    afterHeader(name);
  }

  @Override
  public void addIntHeader(String name, int value) {
    beforeHeader(name, Integer.toString(value));
    super.addIntHeader(name, value);
    afterHeader(name);
  }

  @Override
  public void setDateHeader(String name, long value) {
    beforeHeader(name, null);
    super.setDateHeader(name, value);
    afterHeader(name);
  }

  @Override
  public void addDateHeader(String name, long value) {
    beforeHeader(name, null);
    super.addDateHeader(name, value);
    afterHeader(name);
  }

  // The headers that the application sees: all but those of the session, which only the
  // client may know.

  @Override
  public boolean containsHeader(String name) {
    return mayHide(name) ? !visible(name).isEmpty() : super.containsHeader(name);
  }

  @Override
  public @Nullable String getHeader(String name) {
    if (!mayHide(name)) {
      return super.getHeader(name);
    }
    List<String> visible = visible(name);
    return visible.isEmpty() ? null : visible.get(0);
  }

  @Override
  public Collection<String> getHeaders(String name) {
    return mayHide(name) ? visible(name) : super.getHeaders(name);
  }

  @Override
  public Collection<String> getHeaderNames() {
    Collection<String> all = super.getHeaderNames();
    return all.stream().anyMatch(this::mayHide)
        ? all.stream().filter(name -> !mayHide(name) || !visible(name).isEmpty()).toList()
        : all;
  }

  private boolean mayHide(String name) {
    return isSetCookie(name) || isOurHeader(name);
  }

  private static boolean isSetCookie(String name) {
    return name.equalsIgnoreCase("Set-Cookie");
  }

  private boolean isOurHeader(String name) {
    SessionHeader header = exchange.settings().header();
    return header != null
        && (name.equalsIgnoreCase(header.responseName())
            || name.equalsIgnoreCase(header.hintName()));
  }

  private List<String> visible(String name) {
    return isSetCookie(name)
        ? super.getHeaders(name).stream()
            .filter(value -> !exchange.settings().setsOurCookie(value))
            .toList()
        : List.of();
  }

  @Override
  public void addCookie(Cookie cookie) {
    SessionCookie ours = exchange.settings().cookie();
    if (ours != null && cookie.getName().equals(ours.name())) {
      refuse();
    } else {
      beforeChange("Set-Cookie");
      // Jetty adds one to each response with a cookie.
      beforeChange("Expires");
      super.addCookie(cookie);
    }
  }

  private boolean isOurs(String name, @Nullable String value) {
    SessionCookie ours = exchange.settings().cookie();
    boolean isOurs =
        ours != null && value != null && name.equalsIgnoreCase("Set-Cookie") && ours.isSetBy(value);
    if (isOurs) {
      refuse();
    }
    return isOurs;
  }

  private static void refuse() {
    if (REFUSAL_LOGGED.compareAndSet(false, true)) {
      LOG.warn(
          "The application sets the session cookie by itself; that has no effect."
              + " To log out, call WebSession.logout or invalidate the session");
    }
  }

  private void beforeHeader(String name, @Nullable String value) {
    beforeChange(name);
    if (value != null && name.equalsIgnoreCase("Content-Length")) {
      long length;
      try {
        length = Long.parseLong(value.strip());
      } catch (NumberFormatException e) {
        return;
      }
      beforeContentLength(length);
    }
  }

  private void beforeChange(String name) {
    if (!exchange.isOver()) {
      exchange.applicationHeaders().beforeChange(name);
    }
  }

  private void afterHeader(String name) {
    if (mayHide(name) || NoStore.isAbout(name) || SiteDataHeader.isOfName(name)) {
      exchange.saving().restoreToken();
    }
  }

  // URLs.

  /** Returns the URL as it is: a session is never named in one. */
  @Override
  public String encodeURL(String url) {
    return url;
  }

  /** Returns the URL as it is: a session is never named in one. */
  @Override
  public String encodeRedirectURL(String url) {
    return url;
  }
}

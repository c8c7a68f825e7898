package io.coatcheck.session.servlet;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpServletResponseWrapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.util.Enumeration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A CORS preflight, by which a browser asks whether a script of another origin may send a request.
 * It never carries a cookie, so requiring a login for it would block the request that follows.
 *
 * <p>It is passed on without a login. Its response keeps status and headers but loses the body: a
 * browser reads none, and a servlet that ignores the method would reveal what is protected.
 */
final class Preflight {

  private static final Set<String> CREDENTIALS = Set.of("Cookie", "Authorization");

  private Preflight() {}

  /**
   * Returns whether a request is a preflight: it has the headers that each has, and no credentials.
   */
  static boolean isOne(HttpServletRequest request) {
    return request.getMethod().equals("OPTIONS")
        && hasOne(request, "Origin")
        && hasOne(request, "Access-Control-Request-Method")
        && hasNoCredentials(request);
  }

  /** The credentials of Coatcheck are among the headers that the session filter hides. */
  private static boolean hasNoCredentials(HttpServletRequest request) {
    HttpServletRequest complete = SessionRequest.complete(request);
    return CREDENTIALS.stream().allMatch(name -> complete.getHeader(name) == null)
        && WebSession.find(request)
            .map(session -> !session.bridge().isTokenPresented())
            .orElse(true);
  }

  private static boolean hasOne(HttpServletRequest request, String name) {
    Enumeration<String> values = request.getHeaders(name);
    return values != null
        && values.hasMoreElements()
        && !values.nextElement().isBlank()
        && !values.hasMoreElements();
  }

  /** Passes it on. */
  static void pass(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    HttpServletResponse answer = new Answer(response);
    chain.doFilter(new Question(request, answer), answer);
  }

  private static final class Question extends HttpServletRequestWrapper {

    private final HttpServletResponse answer;

    Question(HttpServletRequest request, HttpServletResponse answer) {
      super(request);
      this.answer = answer;
    }

    /** The container's method would continue with a response that has a body. */
    @Override
    public AsyncContext startAsync() {
      return super.startAsync(this, answer);
    }
  }

  private static final class Answer extends HttpServletResponseWrapper {

    private @Nullable PrintWriter writer;

    Answer(HttpServletResponse response) {
      super(response);
    }

    @Override
    public ServletOutputStream getOutputStream() throws IOException {
      return new NoBody(super.getOutputStream());
    }

    @Override
    public PrintWriter getWriter() {
      if (writer == null) {
        writer = new PrintWriter(Writer.nullWriter());
      }
      return writer;
    }

    @Override
    public void setContentLength(int length) {
      // There is no content.
    }

    @Override
    public void setContentLengthLong(long length) {
      // There is no content.
    }

    @Override
    public void setHeader(String name, @Nullable String value) {
      if (!isLength(name)) {
        super.setHeader(name, value);
      }
    }

    @Override
    public void addHeader(String name, @Nullable String value) {
      if (!isLength(name)) {
        super.addHeader(name, value);
      }
    }

    @Override
    public void setIntHeader(String name, int value) {
      if (!isLength(name)) {
        super.setIntHeader(name, value);
      }
    }

    @Override
    public void addIntHeader(String name, int value) {
      if (!isLength(name)) {
        super.addIntHeader(name, value);
      }
    }

    private static boolean isLength(String name) {
      return name.equalsIgnoreCase("Content-Length");
    }
  }

  private static final class NoBody extends ServletOutputStream {

    private final ServletOutputStream out;

    NoBody(ServletOutputStream out) {
      this.out = out;
    }

    @Override
    public void write(int value) {
      // Dropped.
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
      // Dropped.
    }

    @Override
    public void flush() throws IOException {
      out.flush();
    }

    @Override
    public void close() throws IOException {
      out.close();
    }

    @Override
    public boolean isReady() {
      return out.isReady();
    }

    @Override
    public void setWriteListener(WriteListener listener) {
      out.setWriteListener(listener);
    }
  }
}

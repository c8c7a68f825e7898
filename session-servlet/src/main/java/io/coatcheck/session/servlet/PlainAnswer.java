package io.coatcheck.session.servlet;

import static io.coatcheck.session.servlet.FilterLog.LOG;

import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;

/**
 * A response of the filter in place of the application's: a status, and a line of text for people.
 */
final class PlainAnswer {

  private static final String RETRY_AFTER = "Retry-After";

  private PlainAnswer() {}

  /**
   * Returns whether the container takes an answer now; changes the status. Undertow ignores status
   * and headers while one servlet includes another: then the answer must wait until that is done.
   */
  static boolean isPossible(HttpServletResponse response) {
    response.setStatus(HttpServletResponse.SC_SERVICE_UNAVAILABLE);
    if (response.getStatus() == HttpServletResponse.SC_SERVICE_UNAVAILABLE) {
      return true;
    }
    // The wrapper of an earlier filter may show another status.
    response.setHeader(RETRY_AFTER, "1");
    return response.containsHeader(RETRY_AFTER);
  }

  /** Sends it, and closes the response, which must not be committed yet. Headers are kept. */
  static void send(HttpServletResponse response, int status, String text) {
    response.resetBuffer();
    response.setStatus(status);
    NoStore.putInto(response);
    response.setContentType("text/plain;charset=UTF-8");
    try {
      write(response, text);
    } catch (IOException | IllegalStateException e) {
      // The client is gone, or the response is in non-blocking mode; the status is set.
      LOG.debug("The answer {} has no body", status, e);
    }
  }

  private static void write(HttpServletResponse response, String text) throws IOException {
    OutputStream stream;
    try {
      stream = response.getOutputStream();
    } catch (IllegalStateException e) {
      // The writer is in use by an including page, or by another thread of an asynchronous request,
      // which has obtained it since the reset.
      try (PrintWriter writer = response.getWriter()) {
        response.resetBuffer();
        declareLength(response, text.getBytes(charsetOf(response)));
        writer.print(text);
      }
      return;
    }
    byte[] body = text.getBytes(StandardCharsets.UTF_8);
    try (stream) {
      declareLength(response, body);
      try {
        stream.write(body);
      } catch (IOException | IllegalStateException e) {
        // The client must not wait for a body.
        response.setContentLengthLong(0);
        throw e;
      }
    }
  }

  /**
   * Replaces what the page has declared: Undertow cuts a body off there even after a reset. It does
   * not do so after a length of -1, but other responses would send that.
   */
  private static void declareLength(HttpServletResponse response, byte[] body) {
    response.setContentLengthLong(body.length);
  }

  private static Charset charsetOf(HttpServletResponse response) {
    try {
      return Charset.forName(response.getCharacterEncoding());
    } catch (IllegalArgumentException e) {
      // None is named, or a wrapper has another writer; the text is ASCII.
      return StandardCharsets.UTF_8;
    }
  }
}

package io.coatcheck.session.servlet;

import static io.coatcheck.session.servlet.FilterLog.LOG;

import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
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
    // The container sets the length: if the body cannot be written, none must have been declared.
    // Undertow drops the header at a reset, but still cuts the body off there.
    response.setContentLengthLong(-1);
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
        writer.print(text);
      }
      return;
    }
    try (stream) {
      stream.write(text.getBytes(StandardCharsets.UTF_8));
    }
  }
}

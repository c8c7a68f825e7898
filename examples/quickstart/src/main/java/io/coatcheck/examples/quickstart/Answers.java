package io.coatcheck.examples.quickstart;

import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;

/** The ways in which this application answers. */
final class Answers {

  private Answers() {}

  /** After a POST: the browser asks for the page again, and reloading it repeats nothing. */
  static void backToPage(HttpServletResponse response) {
    response.setStatus(HttpServletResponse.SC_SEE_OTHER);
    response.setHeader("Location", "/");
  }

  static void html(HttpServletResponse response, int status, String page) throws IOException {
    // No scripts, no frames, nothing from elsewhere: what slips through the escaping cannot run.
    response.setHeader(
        "Content-Security-Policy",
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none';"
            + " frame-ancestors 'none'");
    response.setHeader("Referrer-Policy", "same-origin");
    send(response, status, "text/html", page);
  }

  static void json(HttpServletResponse response, Object value) throws IOException {
    send(response, HttpServletResponse.SC_OK, "application/json", Json.of(value));
  }

  static void text(HttpServletResponse response, String text) throws IOException {
    send(response, HttpServletResponse.SC_OK, "text/plain", text);
  }

  private static void send(HttpServletResponse response, int status, String type, String body)
      throws IOException {
    response.setStatus(status);
    response.setContentType(type);
    response.setCharacterEncoding("UTF-8");
    response.setHeader("X-Content-Type-Options", "nosniff");
    // All of it belongs to one user.
    response.setHeader("Cache-Control", "no-store");
    response.getWriter().write(body);
  }
}

package io.coatcheck.examples.quickstart;

import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.SerializableString;
import tools.jackson.core.io.CharacterEscapes;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.json.JsonMapper;

/** The ways in which the examples answer. */
public final class Answers {

  private static final JsonMapper JSON =
      JsonMapper.builder(JsonFactory.builder().characterEscapes(new NoMarkup()).build()).build();

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

  /** Answers with 200 and a value as JSON, which no cache may keep. */
  public static void json(HttpServletResponse response, Object value) throws IOException {
    send(response, HttpServletResponse.SC_OK, "application/json", JSON.writeValueAsString(value));
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

  /** Also escapes angle brackets, so that no browser takes an answer for a page. */
  private static final class NoMarkup extends CharacterEscapes {

    private static final long serialVersionUID = 1L;

    @Override
    public int[] getEscapeCodesForAscii() {
      int[] codes = standardAsciiEscapesForJSON();
      codes['<'] = ESCAPE_STANDARD;
      codes['>'] = ESCAPE_STANDARD;
      return codes;
    }

    @Override
    public @Nullable SerializableString getEscapeSequence(int character) {
      return null;
    }
  }
}

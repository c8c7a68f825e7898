package io.coatcheck.examples.fromjwt;

import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;

/** Serves the pages, and under {@code /files/} their scripts and style sheets. */
final class PagesServlet extends HttpServlet {

  private static final long serialVersionUID = 1L;

  /** The page that is at {@code http://localhost} frames the old application at 127.0.0.1. */
  private static final String BOTH_NAMES = " http://localhost:* http://127.0.0.1:*";

  private static final Map<String, String> FILES =
      Map.of(
          "/", "compare.html",
          "/before/", "before.html",
          "/after/", "after.html",
          "/files/compare.js", "compare.js",
          "/files/before.js", "before.js",
          "/files/after.js", "after.js",
          "/files/shop.js", "shop.js",
          "/files/from-jwt.css", "from-jwt.css");

  @Override
  protected void doGet(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    String path =
        request.getServletPath() + (request.getPathInfo() == null ? "" : request.getPathInfo());
    String file = FILES.get(path.isEmpty() ? "/" : path);
    if (file == null) {
      response.sendError(HttpServletResponse.SC_NOT_FOUND);
      return;
    }
    try (InputStream content = PagesServlet.class.getResourceAsStream("/from-jwt/" + file)) {
      if (content == null) {
        throw new IOException("The class path lacks /from-jwt/" + file);
      }
      response.setContentType(type(file));
      response.setCharacterEncoding("UTF-8");
      response.setHeader("X-Content-Type-Options", "nosniff");
      response.setHeader("Cache-Control", "no-cache");
      response.setHeader(
          "Content-Security-Policy",
          "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
              + " base-uri 'none'; form-action 'none'; frame-src 'self'"
              + BOTH_NAMES
              + "; frame-ancestors 'self'"
              + (file.equals("before.html") ? BOTH_NAMES : ""));
      content.transferTo(response.getOutputStream());
    }
  }

  private static String type(String file) {
    return switch (file.substring(file.lastIndexOf('.'))) {
      case ".html" -> "text/html";
      case ".css" -> "text/css";
      default -> "text/javascript";
    };
  }
}

package io.coatcheck.examples.quickstart;

import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;

/** Serves the style sheet that the examples share. */
public final class StyleServlet extends HttpServlet {

  private static final long serialVersionUID = 1L;

  @Override
  protected void doGet(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    try (InputStream style = StyleServlet.class.getResourceAsStream("/style.css")) {
      if (style == null) {
        throw new FileNotFoundException("/style.css");
      }
      response.setContentType("text/css");
      response.setCharacterEncoding("UTF-8");
      response.setHeader("Cache-Control", "max-age=300");
      style.transferTo(response.getOutputStream());
    }
  }
}

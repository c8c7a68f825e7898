package io.coatcheck.session.spring.shop;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import org.springframework.web.servlet.View;

/** The page for errors, which shows what the session has. */
@Component("error")
class ErrorPage implements View {

  @Override
  public String getContentType() {
    return "text/html";
  }

  @Override
  public void render(
      @Nullable Map<String, ?> model, HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    HttpSession session = request.getSession(false);
    Object visits = session == null ? null : session.getAttribute("visits");
    response.getWriter().print("Sorry, visitor number " + visits);
  }
}

package io.coatcheck.benchmarks.lines.springsession;

import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import org.springframework.security.core.Authentication;
import org.springframework.security.web.authentication.SavedRequestAwareAuthenticationSuccessHandler;

/** Stores in the session what the page of devices shows. */
class DeviceRecorder extends SavedRequestAwareAuthenticationSuccessHandler {

  static final String BROWSER = "browser";
  static final String ADDRESS = "address";

  @Override
  public void onAuthenticationSuccess(
      HttpServletRequest request, HttpServletResponse response, Authentication user)
      throws IOException, ServletException {
    HttpSession session = request.getSession();
    session.setAttribute(BROWSER, request.getHeader("User-Agent"));
    session.setAttribute(ADDRESS, request.getRemoteAddr());
    super.onAuthenticationSuccess(request, response, user);
  }
}

package io.coatcheck.examples.springboot;

import io.coatcheck.session.servlet.WebSession;
import io.coatcheck.session.token.SessionId;
import jakarta.servlet.http.HttpServletRequest;
import java.time.Instant;
import java.util.List;
import org.springframework.security.core.Authentication;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** The same session for programs: {@code GET /api/me}, or 401 without a login. */
@RestController
class ApiController {

  record Me(String name, List<String> roles, String sessionId, Instant expiresAt) {}

  @GetMapping("/api/me")
  Me me(Authentication user, HttpServletRequest request) {
    WebSession session = WebSession.of(request);
    return new Me(
        user.getName(),
        AccountController.roles(user),
        session.id().map(SessionId::toString).orElseThrow(),
        session.expiresAt().orElseThrow());
  }
}

package io.coatcheck.session.spring.club;

import jakarta.servlet.http.HttpSession;
import java.security.Principal;
import org.springframework.security.core.AuthenticationException;
import org.springframework.security.web.WebAttributes;
import org.springframework.security.web.csrf.CsrfToken;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

@RestController
class ClubPages {

  @GetMapping("/")
  String home() {
    return "Welcome";
  }

  @GetMapping("/account")
  String account(Principal principal) {
    return principal.getName();
  }

  @GetMapping("/token")
  String token(CsrfToken token) {
    return token.getToken();
  }

  @GetMapping("/refusal")
  String refusal(HttpSession session) {
    return session.getAttribute(WebAttributes.AUTHENTICATION_EXCEPTION)
            instanceof AuthenticationException refusal
        ? String.valueOf(refusal.getMessage())
        : "no refusal";
  }
}

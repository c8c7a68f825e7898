package io.coatcheck.benchmarks.boot;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpSession;
import java.security.Principal;
import org.springframework.security.web.csrf.CsrfToken;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

@RestController
class Pages {

  @GetMapping(path = "/token", produces = "text/plain")
  String token(CsrfToken token) {
    return token.getToken();
  }

  /** Answers with the user, and looks into the cart of the session that a login has begun. */
  @GetMapping(path = "/cart", produces = "text/plain")
  String cart(Principal user, HttpServletRequest request) {
    HttpSession session = request.getSession(false);
    Object cart = session == null ? null : session.getAttribute("cart");
    return cart == null ? user.getName() : user.getName() + " with " + cart;
  }
}

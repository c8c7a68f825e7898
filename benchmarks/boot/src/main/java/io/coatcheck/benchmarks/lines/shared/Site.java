package io.coatcheck.benchmarks.lines.shared;

import java.security.Principal;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.security.web.csrf.CsrfToken;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** The pages that have nothing to do with devices. */
@SpringBootApplication
@RestController
public class Site {

  @GetMapping(path = "/token", produces = "text/plain")
  String token(CsrfToken token) {
    return token.getToken();
  }

  @GetMapping(path = "/account", produces = "text/plain")
  String account(Principal user) {
    return user.getName();
  }

  @GetMapping(path = "/admin", produces = "text/plain")
  String admin() {
    return "for administrators";
  }
}

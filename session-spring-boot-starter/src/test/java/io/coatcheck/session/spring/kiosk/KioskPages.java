package io.coatcheck.session.spring.kiosk;

import io.coatcheck.session.servlet.WebSession;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpSession;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.GrantedAuthority;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

@RestController
class KioskPages {

  @GetMapping("/account")
  String account(Authentication member) {
    return member.getName()
        + member.getAuthorities().stream()
            .map(GrantedAuthority::getAuthority)
            .filter(authority -> authority.startsWith("ROLE_"))
            .sorted()
            .toList();
  }

  @GetMapping("/takings")
  String takings() {
    return "a lot";
  }

  @GetMapping("/paper")
  String paper(HttpSession session) {
    return String.valueOf(session.getAttribute("paper"));
  }

  @PostMapping("/paper")
  String choose(@RequestParam String title, HttpSession session) {
    session.setAttribute("paper", title);
    return title;
  }

  /** Returns the user of the session, which need not be that of Spring Security. */
  @GetMapping("/member")
  String member(HttpServletRequest request) {
    return WebSession.of(request).principal().orElse("none");
  }
}

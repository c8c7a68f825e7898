package io.coatcheck.session.spring.staff;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.security.Principal;
import java.util.List;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.GrantedAuthority;
import org.springframework.security.core.authority.AuthorityUtils;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.security.web.context.HttpSessionSecurityContextRepository;
import org.springframework.security.web.csrf.CsrfToken;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

@RestController
class StaffPages {

  @GetMapping("/")
  String home() {
    return "Welcome";
  }

  @GetMapping("/token")
  String token(CsrfToken token) {
    return token.getToken();
  }

  @GetMapping("/account")
  String account(Principal principal) {
    return principal.getName();
  }

  /** Returns the roles, without the factors of the login that Spring Security 7 adds. */
  @GetMapping("/roles")
  List<String> roles(Authentication authentication) {
    return authentication.getAuthorities().stream()
        .map(GrantedAuthority::getAuthority)
        .filter(authority -> authority.startsWith("ROLE_"))
        .toList();
  }

  @GetMapping("/admin")
  String admin() {
    return "for administrators";
  }

  @GetMapping("/api/me")
  String me(Principal principal) {
    return principal.getName();
  }

  /** Claims more roles than the user has, and stores them in the session. */
  @PostMapping("/stored-by-hand")
  String store(
      @RequestParam String username, HttpServletRequest request, HttpServletResponse response) {
    SecurityContext context = SecurityContextHolder.createEmptyContext();
    context.setAuthentication(
        UsernamePasswordAuthenticationToken.authenticated(
            username, null, AuthorityUtils.createAuthorityList("ROLE_USER", "ROLE_ADMIN")));
    new HttpSessionSecurityContextRepository().saveContext(context, request, response);
    return "stored";
  }
}

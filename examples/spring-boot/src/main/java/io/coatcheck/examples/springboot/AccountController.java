package io.coatcheck.examples.springboot;

import io.coatcheck.session.servlet.WebSession;
import jakarta.servlet.http.HttpServletRequest;
import java.util.List;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.GrantedAuthority;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;

/** The login page, and the page of a user, with the administration for administrators. */
@Controller
class AccountController {

  private final Users users;

  AccountController(Users users) {
    this.users = users;
  }

  @GetMapping("/login")
  String login() {
    return "login";
  }

  @GetMapping("/")
  String account(HttpServletRequest request, Authentication user, Model model) {
    model.addAttribute("user", user.getName());
    model.addAttribute("roles", roles(user));
    model.addAttribute("own", WebSession.of(request));
    if (request.isUserInRole("ADMIN")) {
      model.addAttribute("accounts", users.all());
    }
    return "account";
  }

  static List<String> roles(Authentication user) {
    return user.getAuthorities().stream().map(GrantedAuthority::getAuthority).sorted().toList();
  }
}

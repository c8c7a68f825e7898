package io.coatcheck.session.spring.shop;

import jakarta.servlet.http.HttpSession;
import java.security.Principal;
import org.springframework.security.core.AuthenticationException;
import org.springframework.security.web.WebAttributes;
import org.springframework.security.web.csrf.CsrfToken;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseBody;
import org.springframework.web.servlet.mvc.support.RedirectAttributes;

@Controller
class Pages {

  private final Cart cart;

  Pages(Cart cart) {
    this.cart = cart;
  }

  @GetMapping("/")
  @ResponseBody
  String home() {
    return "Welcome";
  }

  @GetMapping("/account")
  @ResponseBody
  String account(Principal principal) {
    return principal.getName();
  }

  /** The token that a form of this site would have in a hidden field. */
  @GetMapping("/token")
  @ResponseBody
  String token(CsrfToken token) {
    return token.getToken();
  }

  @GetMapping("/admin/orders")
  @ResponseBody
  String orders() {
    return "all orders";
  }

  @GetMapping("/api/me")
  @ResponseBody
  String me(Principal principal) {
    return principal.getName();
  }

  /** Says why the last attempt to log in was refused. */
  @GetMapping("/refusal")
  @ResponseBody
  String refusal(HttpSession session) {
    return session.getAttribute(WebAttributes.AUTHENTICATION_EXCEPTION)
            instanceof AuthenticationException refusal
        ? String.valueOf(refusal.getMessage())
        : "no refusal";
  }

  @GetMapping("/failing")
  String failing() {
    throw new IllegalStateException("an error of the application");
  }

  @GetMapping("/visits")
  @ResponseBody
  String visits(HttpSession session) {
    int visits = session.getAttribute("visits") instanceof Integer before ? before + 1 : 1;
    session.setAttribute("visits", visits);
    return String.valueOf(visits);
  }

  @GetMapping("/cart")
  @ResponseBody
  String cart() {
    return String.join(", ", cart.articles());
  }

  @PostMapping("/cart")
  String add(@RequestParam String article) {
    cart.add(article);
    return "redirect:/cart";
  }

  @PostMapping("/notice")
  String leaveNotice(@RequestParam String text, RedirectAttributes redirect) {
    redirect.addFlashAttribute("notice", text);
    return "redirect:/notice";
  }

  @GetMapping("/notice")
  @ResponseBody
  String notice(Model model) {
    return model.getAttribute("notice") instanceof String text ? text : "no notice";
  }
}

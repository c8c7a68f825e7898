package io.coatcheck.examples.springboot;

import org.springframework.stereotype.Controller;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;

/** Changes users. They notice on their next click: no session is looked for or changed here. */
@Controller
class AdminController {

  private final Users users;

  AdminController(Users users) {
    this.users = users;
  }

  @PostMapping("/admin/accounts/{name}/admin")
  String setAdmin(@PathVariable String name, @RequestParam boolean value) {
    users.setAdmin(name, value);
    return "redirect:/";
  }

  @PostMapping("/admin/accounts/{name}/enabled")
  String setEnabled(@PathVariable String name, @RequestParam boolean value) {
    users.setEnabled(name, value);
    return "redirect:/";
  }
}
